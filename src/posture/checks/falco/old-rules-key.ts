import { type Diagnostic, diagnose, type Fix } from '../../../diagnostic/diagnostic.ts';
import { falco } from '../../../product/falco.ts';
import type { FalcoConfig } from '../../controls/falco.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { replaceText } from '../yaml-edit.ts';
import { isBefore } from './setup.ts';

/** The old name of the list of rules files, alone or beside the new one. */
export const oldRulesKey: Check = {
  code: 'PKT1151',
  title: 'Old name of the list of rules files',
  class: 'product',
  severity: 'warning',
  since: '0.2.0',
  doc: `Since Falco ${falco.rulesFilesSince} the list is called \`rules_files\`. \`rules_file\` is still read, with a warning. A file that has
both does not load, so that an override that adds the new key to an old file stops Falco.

Write \`rules_files\`, and only that.`,
  example: {
    bad: 'rules_file:\n  - /etc/falco/falco_rules.yaml',
    good: 'rules_files:\n  - /etc/falco/falco_rules.yaml',
  },
  run(declared) {
    return declared.controls.falcoConfigs
      .filter(({ rulesFileKeys }) => rulesFileKeys.includes('rules_file'))
      .filter((config) => !isBefore(config, falco.rulesFilesSince, declared))
      .map((config) => finding(config, declared));
  },
};

function finding({ document, rulesFileKeys }: FalcoConfig, { manifests }: Declared): Diagnostic {
  const span = document.keyAt(['rules_file']);
  if (rulesFileKeys.length > 1) {
    return diagnose(oldRulesKey, {
      severity: 'error',
      message: 'both `rules_file` and `rules_files` are set: Falco refuses the file and does not start',
      span,
      related: [{ span: document.keyAt(['rules_files']), message: 'the other one' }],
      help: 'move the items to `rules_files` and delete `rules_file`',
    });
  }
  const edit = replaceText(manifests.sources, span, 'rules_file', 'rules_files');
  const fix: Fix | undefined = edit && { title: 'write `rules_files`', safe: false, edits: [edit] };
  return diagnose(oldRulesKey, {
    message: `\`rules_file\` is deprecated since Falco ${falco.rulesFilesSince}, and a file that has \`rules_files\` too does not load`,
    span,
    help: 'write `rules_files`',
    ...(fix && { fix }),
  });
}
