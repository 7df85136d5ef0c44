import type { Span } from '../../diagnostic/diagnostic.ts';
import type { EmbeddedDocument, EmbeddedText } from '../../manifest/embedded.ts';
import type { Path } from '../../manifest/resource.ts';
import { type Fields, fieldsOf, listOf, textOf } from '../../segmentation/values.ts';
import { type YamlFile, yamlFiles, yamlStreams } from './config-file.ts';
import type { DataKey, DataObject } from './data-object.ts';
import { type Placed, placed } from './placed.ts';

/** A `falco.yaml`. Whatever has no field here is asked of its document. */
export interface FalcoConfig extends YamlFile {
  /** Items of `rules_file` and `rules_files`, in this order. */
  readonly rulesFiles: readonly Placed<string>[];
  /** Which of the two spellings are there. */
  readonly rulesFileKeys: readonly ('rules_file' | 'rules_files')[];
  /** Names of `load_plugins`. */
  readonly loadedPlugins: readonly Placed<string>[];
}

/** A file of Falco rules: a list of rules, macros and lists. */
export interface FalcoRulesFile {
  readonly key: DataKey;
  readonly text: EmbeddedText;
  readonly documents: readonly EmbeddedDocument[];
  readonly items: readonly FalcoItem[];
}

/** One rule, macro or list, as far as it can be told without the rules language. */
export interface FalcoItem {
  readonly type: 'rule' | 'macro' | 'list';
  readonly name: Placed<string>;
  /** Of a rule or macro, with the place of every character. */
  readonly condition: EmbeddedText | undefined;
  readonly output: EmbeddedText | undefined;
  readonly priority: Placed<string> | undefined;
  readonly source: Placed<string> | undefined;
  readonly tags: readonly Placed<string>[];
  /** Of a list: numbers as they are written in decimal. */
  readonly values: readonly Placed<string>[];
  readonly enabled: boolean;
  /** Adds to or overrides an earlier one (`append: true`, `override`). */
  readonly changesEarlier: boolean;
  readonly document: EmbeddedDocument;
  /** In the document. */
  readonly path: Path;
  /** The whole item. */
  readonly span: Span;
}

const configNames = new Set(['falco.yaml', 'falco_config.yaml']);
const CONFIG_HINT = /^(?:rules_files?|json_output|syscall_event_drops|load_plugins|rule_matching):/m;
const ruleNames = new Set(['falco_rules.yaml', 'falco_rules.local.yaml', 'k8s_audit_rules.yaml']);
const RULES_HINT = /^- *["']?(?:rule|macro|list)["']? *:/m;

/** Keys of which a Falco configuration has at least two; one could be anyone's. */
const CONFIG_KEYS = [
  'rules_file',
  'rules_files',
  'json_output',
  'priority',
  'engine',
  'outputs',
  'stdout_output',
  'file_output',
  'http_output',
  'program_output',
  'syslog_output',
  'webserver',
  'load_plugins',
  'plugins',
  'rule_matching',
  'buffered_outputs',
  'log_level',
  'log_stderr',
  'syscall_event_drops',
  'config_files',
];

/** Returns the Falco configurations: keys of the usual names, and others that can be nothing else. */
export function readFalcoConfigs(objects: readonly DataObject[]): FalcoConfig[] {
  return yamlFiles(objects, configNames, CONFIG_HINT).flatMap((file) => {
    const fields = fieldsOf(file.document.value);
    const named = configNames.has(file.key.name);
    const known = CONFIG_KEYS.filter((key) => Object.hasOwn(fields, key)).length;
    if (!named && (known < 2 || Array.isArray(file.document.value))) return [];
    const rulesFileKeys = (['rules_file', 'rules_files'] as const).filter((key) =>
      Object.hasOwn(fields, key),
    );
    return [
      {
        ...file,
        rulesFileKeys,
        rulesFiles: rulesFileKeys.flatMap((key) => texts(file.document, [key], fields[key])),
        loadedPlugins: texts(file.document, ['load_plugins'], fields.load_plugins),
      },
    ];
  });
}

/** Returns the files of Falco rules. */
export function readFalcoRules(objects: readonly DataObject[]): FalcoRulesFile[] {
  return yamlStreams(objects, ruleNames, RULES_HINT).flatMap((file) => {
    const items = file.documents.flatMap(itemsOf);
    const broken = ruleNames.has(file.key.name) && file.documents.some(({ value }) => value === undefined);
    return items.length > 0 || broken ? [{ ...file, items }] : [];
  });
}

function itemsOf(document: EmbeddedDocument): FalcoItem[] {
  return listOf(document.value).flatMap((value, index) => {
    const fields = fieldsOf(value);
    const type = (['rule', 'macro', 'list'] as const).find((key) => typeof fields[key] === 'string');
    if (type === undefined) return [];
    const path: Path = [index];
    return [
      {
        type,
        name: placed(document, [index, type], String(fields[type])),
        condition: document.textAt([index, 'condition']),
        output: document.textAt([index, 'output']),
        priority: text(document, path, fields, 'priority'),
        source: text(document, path, fields, 'source'),
        tags: texts(document, [index, 'tags'], fields.tags),
        values: texts(document, [index, 'items'], fields.items),
        enabled: fields.enabled !== false,
        changesEarlier: fields.append === true || Object.hasOwn(fields, 'override'),
        document,
        path,
        span: document.at(path),
      },
    ];
  });
}

function text(
  document: EmbeddedDocument,
  path: Path,
  fields: Fields,
  key: string,
): Placed<string> | undefined {
  const value = textOf(fields[key]);
  return value === undefined ? undefined : placed(document, [...path, key], value);
}

/** The texts and numbers of a list, or a single one that stands in its place. */
function texts(document: EmbeddedDocument, path: Path, value: unknown): Placed<string>[] {
  const isText = (one: unknown): one is string | number => typeof one === 'string' || typeof one === 'number';
  if (isText(value)) return [placed(document, path, String(value))];
  return listOf(value).flatMap((one, index) =>
    isText(one) ? [placed(document, [...path, index], String(one))] : [],
  );
}
