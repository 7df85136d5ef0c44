import { auditSource } from '../../event/audit/audit-source.ts';
import { syscallSource } from '../../event/syscall-source.ts';
import { decodeText } from '../../manifest/decode.ts';
import { type EmbeddedText, fileText } from '../../manifest/embedded.ts';
import type { SourceTexts } from '../../manifest/resource.ts';
import { type LoadedRules, loadRules } from '../../rules/load/load.ts';
import type { SourceCatalogue } from '../../rules/operand-type.ts';
import { UsageError } from '../command.ts';
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
  const { texts, unreadable } = await readRuleTexts(paths, io);
  return { ...loadRules(texts, { sources: eventSources }), ...named(texts), unreadable };
}

/** Reads what {@link loadRuleFiles} loads. Throws UsageError. */
export async function readRuleTexts(
  paths: readonly string[],
  io: Io,
): Promise<{ readonly texts: readonly EmbeddedText[] } & Pick<RuleFiles, 'unreadable'>> {
  const { files, unreadable: notRead } = await readInputs(paths, io);
  const texts: EmbeddedText[] = [];
  const unreadable = [...notRead];
  for (const { name, bytes } of files) {
    if (name !== '<stdin>' && !paths.includes(name) && !/\.ya?ml$/.test(name)) continue;
    const { text, fault } = decodeText(bytes);
    if (fault === 'binary') unreadable.push({ name, reason: 'it is no text' });
    else texts.push(fileText(name, text));
  }
  // A typing mistake must not look clean. A configuration may name no files: then those that it names count.
  if (texts.length === 0 && unreadable.length === 0 && paths.length > 0)
    throw new UsageError(
      `there is no rules file in ${paths.join(', ')}`,
      'of folders files are read that end in .yaml or .yml',
    );
  return { texts, unreadable };
}

/** What diagnostics of these texts need to know of them. */
export function named(texts: readonly EmbeddedText[]): {
  readonly names: readonly string[];
  readonly sources: ReadonlyMap<string, string>;
} {
  return {
    names: texts.map(({ span }) => span.file),
    sources: new Map(texts.map(({ span, text }) => [span.file, text])),
  };
}
