import { type Diagnostic, diagnose, type Fix, type RelatedSpan } from '../../../diagnostic/diagnostic.ts';
import { falco } from '../../../product/falco.ts';
import type { ContainerFacts } from '../../controls/container-facts.ts';
import type { FalcoConfig, FalcoRulesFile } from '../../controls/falco.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { appendItem, isPlainName } from '../yaml-edit.ts';
import { configsBeside, isFalco, isOfficial, optionValues, readersOf } from './setup.ts';

/** Falco rules that no list of rules files has. */
export const rulesNotLoaded: Check = {
  code: 'PKT1150',
  title: 'Falco rules that are never loaded',
  class: 'provable',
  severity: 'error',
  since: '0.2.0',
  doc: `Falco loads the files and directories of \`rules_files\` and nothing else. A file of rules that stands beside
\`falco.yaml\` and in no item of that list is never read, and Falco says nothing about it: its rules are never evaluated.

A list of one's own also takes the place of the shipped one, which has \`${falco.shippedRulesFiles.join('`, `')}\`.

Add the file's path in the container to the list, or mount it below \`/etc/falco/rules.d\` and have that directory in the list.
Of a directory, files ending in ${falco.ruleFileEndings.map((ending) => `\`${ending}\``).join(' or ')} are read, one level deep.`,
  example: {
    bad: 'falco.yaml: |\n  rules_files:\n    - /etc/falco/falco_rules.yaml\ncustom_rules.yaml: |\n  - rule: …',
    good: 'falco.yaml: |\n  rules_files:\n    - /etc/falco/falco_rules.yaml\n    - /etc/falco/custom_rules.yaml\ncustom_rules.yaml: |\n  - rule: …',
  },
  run(declared) {
    const beside = configsBeside(declared);
    const { falcoConfigs, falcoRules } = declared.controls;
    const read = new Map(
      falcoConfigs.flatMap((config) =>
        readersOf(config, declared).map((container) => [container, config] as const),
      ),
    );
    return falcoRules.flatMap((file) => {
      if (file.items.length === 0) return [];
      const lost = lostIn(file, { declared, read, beside });
      return lost === undefined ? [] : [finding(file, lost, declared)];
    });
  },
};

interface Lost {
  readonly config: FalcoConfig | undefined;
  /** Path in the container; undefined when nothing mounts the file. */
  readonly path: string | undefined;
}

interface Configs {
  readonly declared: Declared;
  /** By the container that has it as a file. */
  readonly read: ReadonlyMap<ContainerFacts, FalcoConfig>;
  readonly beside: ReturnType<typeof configsBeside>;
}

function lostIn(file: FalcoRulesFile, { declared, read, beside }: Configs): Lost | undefined {
  const { consumption } = declared.controls;
  const mounted = consumption.filesOf(file.key);
  if (mounted.length === 0) {
    const configs = beside(file.key.object);
    const isListed = configs.some(
      ({ rulesFiles, rulesFileKeys }) =>
        rulesFileKeys.length === 0 ||
        rulesFiles.some(({ value }) => isDirectory(value) || baseName(value) === file.key.name),
    );
    return configs.length === 0 || isListed ? undefined : { config: configs[0], path: undefined };
  }
  let lost: Lost | undefined;
  for (const { container, path } of mounted) {
    const config = read.get(container);
    const list = rulesOf(container, config, declared);
    if (list === undefined || list.some((item) => loads(item, path))) return undefined;
    lost ??= { config, path };
  }
  return lost;
}

/** The list of rules files that a container goes by; undefined when that cannot be told. */
function rulesOf(
  container: ContainerFacts,
  config: FalcoConfig | undefined,
  { controls }: Declared,
): readonly string[] | undefined {
  const given = optionValues(container, '-r', '--rules');
  if (given.length > 0) return given;
  if (config !== undefined) {
    const addsRules = controls.consumption
      .filesIn(container)
      .some(({ key }) => key !== config.key && /^rules_files?:/m.test(key.text?.text ?? ''));
    if (addsRules || config.rulesFileKeys.length === 0) return undefined;
    return config.rulesFiles.map(({ value }) => value);
  }
  const ownConfig = optionValues(container, '-c', '--config').length > 0;
  const image = container.image?.repository ?? '';
  return isFalco(container) && isOfficial(image) && !ownConfig ? falco.shippedRulesFiles : undefined;
}

function loads(item: string, path: string): boolean {
  if (item === path) return true;
  const directory = item.replace(/\/$/, '');
  return `${directory}/${baseName(path)}` === path && isRules(path);
}

function isRules(path: string): boolean {
  return falco.ruleFileEndings.some((ending) => path.endsWith(ending));
}

function isDirectory(item: string): boolean {
  return !isRules(item);
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function finding(
  { key, items }: FalcoRulesFile,
  { config, path }: Lost,
  { manifests }: Declared,
): Diagnostic {
  const list = config?.rulesFileKeys[0] ?? 'rules_files';
  const wanted = path ?? `/etc/falco/${key.name}`;
  const isPlain = wanted
    .split('/')
    .slice(1)
    .every((part) => isPlainName(part.replaceAll('_', '-')));
  const edit =
    config && isPlain ? appendItem(manifests.sources, config.document, [list], [wanted]) : undefined;
  const fix: Fix | undefined = edit && { title: `add ${wanted} to the list`, safe: false, edits: [edit] };
  const rules =
    items.length === 1 ? `its ${items[0]?.type} is` : `its ${items.length} rules, macros and lists are`;
  return diagnose(rulesNotLoaded, {
    message: `no item of \`${list}\` loads ${path ?? `\`${key.name}\``}: ${rules} never read, and Falco does not say so`,
    span: key.keySpan,
    related: config === undefined ? [] : [listPlace(config, list)],
    help:
      path === undefined
        ? `add \`- ${wanted}\` to \`${list}\` and mount the key there`
        : `add \`- ${wanted}\` to \`${list}\``,
    ...(fix && { fix }),
  });
}

function listPlace({ document, rulesFiles }: FalcoConfig, list: string): RelatedSpan {
  const has = (path: string) => rulesFiles.some(({ value }) => value.replace(/\/$/, '') === path);
  const dropped = falco.shippedRulesFiles.slice(1).filter((path) => !has(path));
  const text =
    dropped.length === 0
      ? 'the list'
      : `this list takes the place of the shipped one: ${dropped.join(' and ')} ${dropped.length === 1 ? 'is' : 'are'} not loaded either`;
  return { span: document.keyAt([list]), message: text };
}
