import { type Diagnostic, diagnose, type Fix } from '../../../diagnostic/diagnostic.ts';
import { falco } from '../../../product/falco.ts';
import { isFalcoBefore } from '../../../product/falco-release.ts';
import type { FalcoConfig } from '../../controls/falco.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { appendFields } from '../yaml-edit.ts';
import { hasMoreFiles, isBefore, optionValues, readersOf } from './setup.ts';

const [shippedRules] = falco.shippedRuleFiles;
const plugin = 'container';

/** Rules that ask for the container plugin, and a configuration that does not load it. */
export const containerPluginLeftOut: Check = {
  code: 'PKT1156',
  title: 'Falco without its container plugin',
  class: 'product',
  severity: 'warning',
  since: '0.2.0',
  doc: `Since Falco ${falco.containerPluginSince} the fields \`container.*\` and \`k8s.*\` come from the plugin \`container\`. The shipped
\`falco.yaml\` loads it through \`config_files: [/etc/falco/config.d]\`, where the packages and images put the plugin's own file.
A \`falco.yaml\` of one's own that lists neither does not load it. The shipped rules require the plugin: Falco stops with
"Plugin requirement not satisfied".

Keep \`config_files\`, or name the plugin in \`plugins\` and \`load_plugins\`.`,
  example: {
    bad: 'rules_files:\n  - /etc/falco/falco_rules.yaml',
    good: 'config_files:\n  - /etc/falco/config.d\nrules_files:\n  - /etc/falco/falco_rules.yaml',
  },
  run(declared) {
    return declared.controls.falcoConfigs.flatMap((config) => {
      const rules = config.rulesFiles.find(({ value }) => value === shippedRules);
      if (rules === undefined || mayLoad(config, declared)) return [];
      return [finding(config, rules, declared)];
    });
  },
};

function mayLoad(config: FalcoConfig, declared: Declared): boolean {
  if (hasMoreFiles(config) || config.loadedPlugins.some(({ value }) => value === plugin)) return true;
  if (isBefore(config, falco.containerPluginSince, declared)) return true;
  return readersOf(config, declared).some((container) =>
    optionValues(container, '-o', '--option').some((option) =>
      /^(?:load_plugins|config_files)\b/.test(option),
    ),
  );
}

function finding(
  config: FalcoConfig,
  { span }: FalcoConfig['rulesFiles'][number],
  declared: Declared,
): Diagnostic {
  const edit = appendFields(
    declared.manifests.sources,
    config.document,
    [],
    ['config_files:', '  - /etc/falco/config.d'],
  );
  const fix: Fix | undefined = edit && { title: 'add `config_files`', safe: false, edits: [edit] };
  const isCurrent = readersOf(config, declared).some(
    ({ image }) => isFalcoBefore(image?.tag, falco.containerPluginSince) === false,
  );
  return diagnose(containerPluginLeftOut, {
    ...(isCurrent && { severity: 'error' }),
    message: `from Falco ${falco.containerPluginSince} on these rules need the plugin \`${plugin}\`, and nothing here loads it: Falco does not start`,
    span,
    help: 'add `config_files: [/etc/falco/config.d]`, where the plugin is loaded',
    ...(fix && { fix }),
  });
}
