import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { Diagnostic } from '../../diagnostic/diagnostic.ts';
import type { EventSource } from '../../event/field.ts';
import { decodeText } from '../../manifest/decode.ts';
import { type EmbeddedText, fileText } from '../../manifest/embedded.ts';
import { loadRules } from '../../rules/load/load.ts';
import type { SourceCatalogue } from '../../rules/operand-type.ts';
import { applySettings } from '../../rules/settings/apply-settings.ts';
import { missingRulesFile, noRulesFiles } from '../../rules/settings/codes.ts';
import { isSettings } from '../../rules/settings/is-settings.ts';
import { readSettings } from '../../rules/settings/read-settings.ts';
import { Report } from '../../rules/settings/report.ts';
import type { FalcoSettings } from '../../rules/settings/settings.ts';
import { withStaticFields } from '../../rules/settings/settings-source.ts';
import { UsageError } from '../command.ts';
import { maxBytes } from '../inputs.ts';
import type { Io } from '../io.ts';
import { eventSources, loadRuleFiles, named, type RuleFiles, readRuleTexts } from './load-rule-files.ts';

/**
 * A Falco configuration with its rules: these as the configuration wants them, switched, left out below its priority, and with
 * what it appends. Names are those of files with rules; diagnostics are of the configuration first, then of the rules.
 */
export interface FalcoConfig extends RuleFiles {
  readonly settings: FalcoSettings;
}

export interface ConfigOptions {
  /** `key=value`, as of Falco's `-o`, in order. */
  readonly overrides?: readonly string[];
  /** Rules files and folders that take the place of `rules_files`, as of Falco's `-r`; none: `rules_files`. */
  readonly rules?: readonly string[];
}

/**
 * Reads a `falco.yaml`, what it includes, and its rules, as Falco 0.44 does. Relative paths in it count from its own folder.
 * What is faulty is told and left out. Throws UsageError when the file itself, or one of `rules`, is not there.
 */
export async function readFalcoConfig(
  path: string,
  io: Io,
  { overrides = [], rules: instead = [] }: ConfigOptions = {},
): Promise<FalcoConfig> {
  const files = new ConfigFiles(path, io.cwd);
  const main = files.read(path);
  if (main === undefined) {
    const reason = files.unreadable[0]?.reason;
    throw new UsageError(reason ? `${path} cannot be read: ${reason}` : `no such file: ${path}`);
  }
  const configs = [main];
  const { settings, diagnostics } = readSettings(main, {
    variable: (name) => io.env[name],
    include: (entry) => {
      const found = files.under(entry);
      if (found !== undefined) configs.push(...found);
      return found;
    },
    overrides,
  });
  const report = new Report();
  const own = instead.length > 0 ? await readRuleTexts(instead, io) : undefined;
  const texts = own?.texts ?? rulesOf(settings, files, report);
  const sources = new Map(
    [...eventSources].map(([id, source]) => [id, withStatic(source, settings.staticFields)]),
  );
  const loaded = loadRules(texts, { sources });
  const applied = applySettings(loaded, settings, sources);
  const ruleFiles = named(texts);
  const all: Diagnostic[] = [
    ...diagnostics,
    ...report.diagnostics,
    ...applied.diagnostics,
    ...loaded.diagnostics,
  ];
  return {
    settings,
    rules: applied.rules,
    correlations: applied.correlations,
    findings: loaded.findings,
    diagnostics: all,
    names: ruleFiles.names,
    sources: new Map([...named(configs).sources, ...ruleFiles.sources]),
    unreadable: [...files.unreadable, ...(own?.unreadable ?? [])],
  };
}

/**
 * As {@link loadRuleFiles}, of which one path may be a `falco.yaml`: then with its settings, and other paths stand in place of
 * its `rules_files`. Throws UsageError.
 */
export async function loadRulesOrConfig(
  paths: readonly string[],
  io: Io,
  overrides: readonly string[] = [],
): Promise<RuleFiles & Partial<FalcoConfig>> {
  const configs = paths.filter((path) => {
    const text = path === '-' ? undefined : new ConfigFiles(path, io.cwd).read(path);
    return text !== undefined && isSettings(text);
  });
  const [config, another] = configs;
  if (another !== undefined)
    throw new UsageError(
      `both ${config} and ${another} are configurations`,
      'name one; it names others in `config_files`',
    );
  if (config !== undefined)
    return readFalcoConfig(config, io, { overrides, rules: paths.filter((path) => path !== config) });
  if (overrides.length > 0)
    throw new UsageError('--set changes a configuration, and none is named', 'name a falco.yaml');
  return loadRuleFiles(paths, io);
}

function rulesOf(settings: FalcoSettings, files: ConfigFiles, report: Report): EmbeddedText[] {
  const texts: EmbeddedText[] = [];
  for (const { path, place } of settings.rulesFiles) {
    const found = files.under(path);
    if (found === undefined) report.say(missingRulesFile, place, `there is no rules file \`${path}\``);
    texts.push(...(found ?? []));
  }
  if (texts.length === 0) {
    const place = settings.rulesFiles[0]?.place;
    report.say(noRulesFiles, place, 'the configuration loads no rules', {
      help: 'name them in `rules_files`',
    });
  }
  return texts;
}

function withStatic(source: SourceCatalogue, fields: ReadonlyMap<string, string>): SourceCatalogue {
  return withStaticFields(source as EventSource<never>, fields);
}

/** Reads what a configuration names. */
class ConfigFiles {
  readonly unreadable: { readonly name: string; readonly reason: string }[] = [];
  readonly #folder: string;
  readonly #cwd: string;

  constructor(config: string, cwd: string) {
    this.#folder = dirname(config);
    this.#cwd = cwd;
  }

  /** A file, or those of a folder, `*.yaml` and `*.yml`, sorted, one level deep; undefined when it is not there. */
  under(entry: string): EmbeddedText[] | undefined {
    const name = isAbsolute(entry) ? entry : join(this.#folder, entry);
    return this.#try(name, [], (path) => {
      if (!statSync(path).isDirectory()) return [textOf(name, path)];
      const inside = readdirSync(path).filter((one) => /\.ya?ml$/.test(one));
      return inside.sort().flatMap((one) => this.read(join(name, one)) ?? []);
    });
  }

  /** Undefined when it is not there, or cannot be read: then it is put down. */
  read(name: string): EmbeddedText | undefined {
    return this.#try(name, undefined, (path) => textOf(name, path));
  }

  #try<T>(name: string, instead: T, run: (path: string) => T): T | undefined {
    try {
      return run(resolve(this.#cwd, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      this.unreadable.push({ name, reason: (error as Error).message });
      return instead;
    }
  }
}

function textOf(name: string, path: string): EmbeddedText {
  const stat = statSync(path);
  if (!stat.isFile()) throw new Error('not a file');
  if (stat.size > maxBytes) throw new Error(`larger than ${maxBytes / 1024 / 1024} MiB`);
  return fileText(name, decodeText(readFileSync(path)).text);
}
