import { auditSource } from '../../event/audit/audit-source.ts';
import { syscallSource } from '../../event/syscall-source.ts';
import { decodeText } from '../../manifest/decode.ts';
import { fileText } from '../../manifest/embedded.ts';
import type { SourceTexts } from '../../manifest/resource.ts';
import { type LoadedRules, loadRules } from '../../rules/load/load.ts';
import type { SourceCatalogue } from '../../rules/operand-type.ts';
import { readInputs } from '../inputs.ts';
import type { Io } from '../io.ts';

/** Sources of events that rules may name. */
export const eventSources: ReadonlyMap<string, SourceCatalogue> = new Map<string, SourceCatalogue>([
  [syscallSource.id, syscallSource],
  [auditSource.id, auditSource],
]);

/** Rules of files that the user named, with the texts that diagnostics quote. */
export interface RuleFiles extends LoadedRules {
  readonly names: readonly string[];
  readonly sources: SourceTexts;
  readonly unreadable: readonly { readonly name: string; readonly reason: string }[];
}

/** Reads and loads rules files in the order in which they are named; of folders every YAML file, sorted. Throws UsageError. */
export async function loadRuleFiles(paths: readonly string[], io: Io): Promise<RuleFiles> {
  const { files, unreadable } = await readInputs(paths, io);
  const texts = files
    .filter(({ name }) => name === '<stdin>' || paths.includes(name) || /\.ya?ml$/.test(name))
    .map(({ name, bytes }) => fileText(name, decodeText(bytes).text));
  const loaded = loadRules(texts, { sources: eventSources });
  const names = texts.map(({ span }) => span.file);
  return { ...loaded, names, unreadable, sources: new Map(texts.map(({ span, text }) => [span.file, text])) };
}
