import type { Diagnostic } from '../../diagnostic/diagnostic.ts';
import { type EmbeddedText, embeddedDocuments } from '../../manifest/embedded.ts';
import { defaultAlertOptions } from '../format/alert.ts';
import { type Priority, priorities } from '../rule-set.ts';
import { checkSettings } from './check.ts';
import {
  faultyOverride,
  faultySetting,
  includedFile,
  removedSetting,
  rulesFilesTwice,
  settingsUnreadable,
  unsetVariable,
} from './codes.ts';
import { expandVariables, type Lookup } from './expand-variables.ts';
import { merge, type Strategy, strategies } from './merge.ts';
import { isSet, nodeAt, nodeOf, type SettingNode } from './node.ts';
import { parseOverride, withOverride } from './override.ts';
import { readOutputs } from './read-outputs.ts';
import { readAppends, readSelections } from './read-rule-changes.ts';
import { Report } from './report.ts';
import { removedEngines } from './schema.ts';
import type { FalcoSettings, RulesFile } from './settings.ts';
import { Section, textOf, textsOf } from './values.ts';

export interface SettingsOptions {
  /** Asks the environment, for `${NAME}`. */
  readonly variable: Lookup;
  /**
   * The files that an entry of `config_files` names: itself, or those of a folder, `*.yaml` and `*.yml` in sorted order.
   * Undefined when it is not there.
   */
  readonly include: (path: string) => readonly EmbeddedText[] | undefined;
  /** Of `-o`, in order. */
  readonly overrides?: readonly string[];
}

export interface ReadSettings {
  readonly settings: FalcoSettings;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Returns what a `falco.yaml` asks for, as Falco 0.44 reads it: files of `config_files` joined by their strategies, then
 * overrides, then variables. Whatever is faulty is told and left at its default.
 */
export function readSettings(
  file: EmbeddedText,
  { variable, include, overrides = [] }: SettingsOptions,
): ReadSettings {
  const report = new Report();
  let root = withIncluded(rootOf(file, report), include, variable, report);
  for (const option of overrides) {
    const parsed = parseOverride(option);
    if (parsed === undefined)
      report.say(faultyOverride, undefined, `\`-o ${option.split('=')[0]}\` names no place and value`);
    else root = withOverride(root, parsed.steps, parsed.value);
  }
  root = expanded(root, variable, report);
  checkSettings(root, report);
  return { settings: toSettings(new Section(root), report), diagnostics: report.diagnostics };
}

const nothing: SettingNode = {
  kind: 'map',
  entries: new Map(),
  place: { name: '', at: () => undefined, keyAt: () => undefined },
};

function rootOf(file: EmbeddedText, report: Report): SettingNode {
  const [document] = embeddedDocuments(file);
  if (document === undefined) return nothing;
  const errors = document.diagnostics.filter(({ severity }) => severity === 'error');
  for (const { message, span } of errors)
    report.say(settingsUnreadable, { name: '', at: () => span, keyAt: () => span }, message);
  if (errors.length > 0 || document.value === undefined) return nothing;
  const root = nodeOf(document.value, document);
  if (root.kind === 'map' || !isSet(root)) return root.kind === 'map' ? root : nothing;
  report.say(settingsUnreadable, root.place, 'a configuration is a mapping of settings');
  return nothing;
}

function withIncluded(
  main: SettingNode,
  include: SettingsOptions['include'],
  variable: Lookup,
  report: Report,
): SettingNode {
  let root = main;
  const listed = nodeAt(main, 'config_files');
  for (const entry of listed?.kind === 'list' ? listed.items : []) {
    const written = textOf(entry) ?? textOf(nodeAt(entry, 'path'));
    const named = nodeAt(entry, 'strategy');
    const strategy = named === undefined ? 'append' : strategies.find((one) => one === textOf(named));
    if (written === undefined || strategy === undefined) {
      report.say(
        includedFile,
        (named ?? entry).place,
        'an entry of `config_files` is a path, or a `path` and a `strategy`',
        {
          help: `a strategy is ${strategies.join(', ')}`,
        },
      );
      continue;
    }
    const path = expandVariables(written, variable, () => {});
    const files = include(path);
    if (files === undefined) report.say(includedFile, entry.place, `there is no \`${path}\``);
    for (const file of files ?? []) root = joined(root, rootOf(file, report), strategy, report);
  }
  return root;
}

function joined(root: SettingNode, added: SettingNode, strategy: Strategy, report: Report): SettingNode {
  const inner = nodeAt(added, 'config_files');
  if (inner === undefined || added.kind !== 'map') return merge(root, added, strategy);
  report.say(includedFile, inner.place, '`config_files` of an included file is not followed', {
    isKey: true,
  });
  const entries = new Map(added.entries);
  entries.delete('config_files');
  return merge(root, { ...added, entries }, strategy);
}

function expanded(node: SettingNode, variable: Lookup, report: Report): SettingNode {
  if (node.kind === 'map') {
    const entries = [...node.entries].map(([key, value]): [string, SettingNode] => [
      key,
      expanded(value, variable, report),
    ]);
    return { ...node, entries: new Map(entries) };
  }
  if (node.kind === 'list')
    return { ...node, items: node.items.map((item) => expanded(item, variable, report)) };
  if (typeof node.value !== 'string' || !node.value.includes('${')) return node;
  const value = expandVariables(node.value, variable, (name) =>
    report.say(unsetVariable, node.place, `the environment has no variable \`${name}\``, {
      help: `set ${name}`,
    }),
  );
  return { ...node, value };
}

function toSettings(root: Section, report: Report): FalcoSettings {
  const [drops, server, metrics, syscalls] = [
    'syscall_event_drops',
    'webserver',
    'metrics',
    'base_syscalls',
  ].map((key) => root.section(key)) as [Section, Section, Section, Section];
  const fields = root.at('static_fields');
  const certificate = server.flag('ssl_enabled', false) ? server.text('ssl_certificate') : undefined;
  return {
    rulesFiles: rulesFilesOf(root, report),
    selections: readSelections(root.at('rules'), report),
    priority: priorityOf(root.text('priority')),
    matching: root.text('rule_matching')?.toLowerCase() === 'all' ? 'all' : 'first',
    alerts: {
      json: root.flag('json_output', defaultAlertOptions.json),
      jsonIncludeOutput: root.flag('json_include_output_property', defaultAlertOptions.jsonIncludeOutput),
      jsonIncludeOutputFields: root.flag(
        'json_include_output_fields_property',
        defaultAlertOptions.jsonIncludeOutputFields,
      ),
      jsonIncludeMessage: root.flag('json_include_message_property', defaultAlertOptions.jsonIncludeMessage),
      jsonIncludeTags: root.flag('json_include_tags_property', defaultAlertOptions.jsonIncludeTags),
      isoTime: root.flag('time_format_iso_8601', defaultAlertOptions.isoTime),
    },
    bufferBase64: root.flag('buffer_format_base64', false),
    appendOutput: readAppends(root.at('append_output'), report),
    staticFields: new Map(
      (fields?.kind === 'map' ? [...fields.entries] : []).flatMap(([name, value]) => {
        const text = textOf(value);
        return text === undefined ? [] : [[name, text] as const];
      }),
    ),
    outputs: readOutputs(root, report),
    engine: engineOf(root, report),
    baseSyscalls: {
      customSet: textsOf(syscalls.at('custom_set')),
      repair: syscalls.flag('repair', false),
      all: syscalls.flag('all', false),
    },
    drops: {
      threshold: drops.number('threshold', 0.1),
      actions: drops.at('actions') === undefined ? ['log', 'alert'] : textsOf(drops.at('actions')),
      rate: drops.number('rate', 0.03333),
      maxBurst: drops.number('max_burst', 1),
    },
    webserver: {
      enabled: server.flag('enabled', false),
      address: server.text('listen_address') ?? '0.0.0.0',
      port: server.number('listen_port', 8765),
      healthPath: server.text('k8s_healthz_endpoint') ?? '/healthz',
      metrics: server.flag('prometheus_metrics_enabled', false),
      ...(certificate !== undefined && { certificate }),
    },
    metrics: {
      enabled: metrics.flag('enabled', false),
      interval: metrics.text('interval') ?? '1h',
      outputRule: metrics.flag('output_rule', true),
    },
  };
}

function rulesFilesOf(root: Section, report: Report): RulesFile[] {
  const [now, old] = [root.at('rules_files'), root.at('rules_file')];
  if (isSet(now) && isSet(old)) {
    report.say(rulesFilesTwice, old.place, '`rules_file` and `rules_files` are both there', {
      isKey: true,
      help: 'move its files to `rules_files` and delete `rules_file`',
    });
  } else if (isSet(old) && old.kind === 'map') {
    report.say(faultySetting, old.place, '`rules_file` is not a list', { help: 'write a list' });
  }
  const node = isSet(now) ? now : old;
  const entries = node?.kind === 'list' ? node.items : node === undefined ? [] : [node];
  return entries.flatMap((entry) => {
    const path = textOf(entry);
    return path === undefined ? [] : [{ path, place: entry.place }];
  });
}

function priorityOf(text: string | undefined): Priority {
  const wanted = text?.toLowerCase();
  if (wanted === 'info') return 'Informational';
  return priorities.find((one) => one.toLowerCase() === wanted) ?? 'Debug';
}

function engineOf(root: Section, report: Report): FalcoSettings['engine'] {
  const engine = root.section('engine');
  const kind = engine.text('kind')?.toLowerCase();
  const gone = removedEngines.get(kind ?? '');
  if (gone !== undefined) {
    report.say(
      removedSetting,
      engine.at('kind')?.place,
      `the engine \`${kind}\` went with Falco ${gone}: Picket takes its own sensor`,
      {
        help: 'write `kind: modern_ebpf`',
      },
    );
  }
  const captureFile = engine.section('replay').text('capture_file');
  if (kind === 'replay' && captureFile === undefined) {
    report.say(faultySetting, engine.at('kind')?.place, '`engine.kind` replay needs `replay.capture_file`', {
      help: 'name the capture below `replay`',
    });
  }
  const known = (['kmod', 'replay', 'nodriver'] as const).find((one) => one === kind);
  return { kind: known ?? 'modern_ebpf', ...(captureFile !== undefined && { captureFile }) };
}
