import { type Diagnostic, diagnose, type Fix } from '../../../diagnostic/diagnostic.ts';
import { workloadFields } from '../../../product/falco-rules.ts';
import { fieldsOf, listOf } from '../../../segmentation/values.ts';
import type { FalcoConfig, FalcoItem } from '../../controls/falco.ts';
import type { Check } from '../definition.ts';
import { configsBeside } from './setup.ts';

const NAMES_WORKLOAD = /%(?:container|k8s|k8smeta)\./;
/** Conditions that hold outside containers alone. */
const ON_HOST = /\bnot\s+container\b|\bcontainer\.id\s*=\s*"?host\b/;

/** Alerts that do not say where. */
export const alertWithoutWorkload: Check = {
  code: 'PKT1162',
  title: 'Alert that names no container and no pod',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `The output of the rule has neither the container nor the pod, and the configuration beside it has no \`append_output\` that
would add them. Whoever gets the alert knows a command and a user (in a container, mostly root), and not which of the pods of
the node it was. Fields that are not in the output are not in the JSON alert either.

Add \`%container.id\`, \`%container.image.repository\`, \`%k8s.ns.name\` and \`%k8s.pod.name\`. Give the rule \`tags\`, by which it can be
chosen and routed, and \`exceptions\`, by which it can be narrowed without a new condition.`,
  example: {
    bad: 'output: Network tool started (command=%proc.cmdline)',
    good: 'output: Network tool started (command=%proc.cmdline container=%container.id namespace=%k8s.ns.name pod=%k8s.pod.name)',
  },
  run(declared) {
    const beside = configsBeside(declared);
    return declared.controls.falcoRules.flatMap((file) => {
      if (!goOutAsWritten(beside(file.key.object))) return [];
      return file.items.filter(isLost).map(finding);
    });
  },
};

/** Whether a configuration is known and adds nothing to outputs. */
function goOutAsWritten(configs: readonly FalcoConfig[]): boolean {
  return (
    configs.length > 0 &&
    configs.every(({ document }) => listOf(fieldsOf(document.value).append_output).length === 0)
  );
}

function isLost({ type, output, source, condition, changesEarlier }: FalcoItem): boolean {
  if (type !== 'rule' || output === undefined || changesEarlier) return false;
  if (source !== undefined && source.value !== 'syscall') return false;
  return !NAMES_WORKLOAD.test(output.text) && !ON_HOST.test(condition?.text ?? '');
}

function finding({ output, tags, document, path }: FalcoItem): Diagnostic {
  const fields = fieldsOf(listOf(document.value)[Number(path[0])]);
  const lacks = [
    ...(tags.length === 0 ? ['tags'] : []),
    ...(listOf(fields.exceptions).length === 0 ? ['exceptions'] : []),
  ];
  const more = lacks.length === 0 ? '' : `, and the rule has no ${lacks.join(' and no ')}`;
  const text = output?.text ?? '';
  const at = /\)\s*$/.exec(text)?.index;
  const span = output?.exact && at !== undefined ? output.at(at, at) : undefined;
  const fix: Fix | undefined = span && {
    title: 'name container and pod in the output',
    safe: false,
    edits: [{ span, text: ` ${workloadFields}` }],
  };
  const wanted = lacks.length === 0 ? '' : `; give the rule \`${lacks.join('` and `')}\``;
  return diagnose(alertWithoutWorkload, {
    message: `the alert names no container and no pod${more}`,
    span: output?.span ?? document.at(path),
    help: `add \`${workloadFields}\` to the output${wanted}`,
    ...(fix && { fix }),
  });
}
