import {
  type Diagnostic,
  diagnose,
  type Fix,
  type Span,
  type TextEdit,
} from '../../../diagnostic/diagnostic.ts';
import type { SourceTexts } from '../../../manifest/resource.ts';
import { falco } from '../../../product/falco.ts';
import type { FalcoConfig } from '../../controls/falco.ts';
import type { Placed } from '../../controls/placed.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { removeLines } from '../yaml-edit.ts';
import { hasMoreFiles, readersOf } from './setup.ts';

/** Rules of a plugin that is not loaded. */
export const pluginRules: Check = {
  code: 'PKT1153',
  title: 'Rules of a plugin that Falco does not load',
  class: 'product',
  severity: 'error',
  since: '0.2.0',
  doc: `The list names rules for events that a plugin brings, and \`load_plugins\` does not have that plugin. Such files do not come
with Falco but with the plugin. Where the file is missing, Falco skips it without a word; where it is there, Falco has no
events for it. Either way nothing is watched.

For the audit log of Kubernetes: name \`k8saudit\` and \`json\` in \`plugins\` and \`load_plugins\`, install the rules (\`falcoctl\`
does), and give the API server an audit policy and a webhook that sends to the plugin. Or delete the line.`,
  example: {
    bad: 'rules_files:\n  - /etc/falco/falco_rules.yaml\n  - /etc/falco/k8s_audit_rules.yaml',
    good: 'rules_files:\n  - /etc/falco/falco_rules.yaml\n  - /etc/falco/k8s_audit_rules.yaml\nplugins:\n  - {name: k8saudit, library_path: libk8saudit.so, open_params: "http://:9765/k8s-audit"}\n  - {name: json, library_path: libjson.so}\nload_plugins: [k8saudit, json]',
  },
  run(declared) {
    return declared.controls.falcoConfigs.flatMap((config) =>
      config.rulesFiles.flatMap((item) => {
        const plugins = falco.pluginRuleFiles.get(item.value.slice(item.value.lastIndexOf('/') + 1)) ?? [];
        const loaded = config.loadedPlugins.map(({ value }) => value);
        const missing = plugins.filter((plugin) => !loaded.includes(plugin));
        return missing.length === 0 ? [] : [finding(config, item, missing, declared)];
      }),
    );
  },
};

function finding(
  config: FalcoConfig,
  { value, span }: Placed<string>,
  missing: readonly string[],
  declared: Declared,
): Diagnostic {
  const isMounted = readersOf(config, declared).some((container) =>
    declared.controls.consumption.fileAt(container, value),
  );
  const name = value.slice(value.lastIndexOf('/') + 1);
  const [source] = missing;
  const what = isMounted ? '' : '; Falco does not ship the file, and skips a missing one silently';
  const unless = hasMoreFiles(config) ? ' unless a file of `config_files` loads it' : '';
  const edit = withoutItem(declared.manifests.sources, span);
  const only = config.rulesFiles.length === 1;
  const fix: Fix | undefined =
    edit && !only ? { title: 'delete the line', safe: false, edits: [edit] } : undefined;
  const plugins = missing.map((plugin) => `\`${plugin}\``).join(' and ');
  return diagnose(pluginRules, {
    ...(unless !== '' && { severity: 'note' }),
    message: `${name} watches nothing${unless}: its plugin \`${source}\` is not loaded${what}`,
    span,
    help: `name ${plugins} in \`plugins\` and \`load_plugins\`${source === 'k8saudit' ? ' and give the API server an audit webhook to it' : ''}, or delete the line`,
    ...(fix && { fix }),
  });
}

/** The edit that takes the line of a list's item out. */
function withoutItem(sources: SourceTexts, span: Span): TextEdit | undefined {
  const { start, file } = span;
  if (sources.get(file)?.slice(start.offset - 2, start.offset) !== '- ') return undefined;
  const dash = { line: start.line, column: start.column - 2, offset: start.offset - 2 };
  return removeLines(sources, { ...span, start: dash }, span);
}
