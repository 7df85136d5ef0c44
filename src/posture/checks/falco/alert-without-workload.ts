import {
  type Diagnostic,
  diagnose,
  type Fix,
  type Span,
  type TextEdit,
} from '../../../diagnostic/diagnostic.ts';
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

The \`falco.yaml\` that comes with Falco adds them to every alert by \`append_output: [{suggested_output: true}]\`, and the shipped
rules count on that. Keep it, or write \`%container.id\`, \`%container.image.repository\`, \`%k8s.ns.name\` and \`%k8s.pod.name\`
into the output. Give the rule \`tags\`, by which it can be chosen and routed, and \`exceptions\`, by which it can be narrowed
without a new condition.`,
  example: {
    bad: 'output: Network tool started (command=%proc.cmdline)',
    good: 'output: Network tool started (command=%proc.cmdline container=%container.id namespace=%k8s.ns.name pod=%k8s.pod.name)',
  },
  run(declared) {
    const beside = configsBeside(declared);
    return declared.controls.falcoRules.flatMap((file) => {
      if (!goOutAsWritten(beside(file.key.object))) return [];
      const lost = file.items.filter(isLost);
      return lost.length === 0 ? [] : [finding(lost)];
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

function finding(items: readonly FalcoItem[]): Diagnostic {
  const [first, ...others] = items as [FalcoItem, ...FalcoItem[]];
  const isOne = others.length === 0;
  const lacks = isOne ? lackingIn(first) : [];
  const more = lacks.length === 0 ? '' : `, and the rule has no ${lacks.join(' and no ')}`;
  const edits = items.flatMap((item) => fieldsAdded(item) ?? []);
  const fix: Fix | undefined =
    edits.length === items.length
      ? { title: 'name container and pod in the output', safe: false, edits }
      : undefined;
  const wanted = lacks.length === 0 ? '' : `; give the rule \`${lacks.join('` and `')}\``;
  return diagnose(alertWithoutWorkload, {
    message: isOne
      ? `the alert names no container and no pod${more}`
      : `alerts of ${items.length} rules of this file name no container and no pod`,
    span: placeOf(first),
    related: others.slice(0, 3).map((item) => ({ span: placeOf(item), message: 'nor does this' })),
    help: isOne
      ? `add \`${workloadFields}\` to the output${wanted}`
      : `add \`append_output: [{suggested_output: true}]\` to falco.yaml, or \`${workloadFields}\` to each output`,
    ...(fix && { fix }),
  });
}

function placeOf({ output, span }: FalcoItem): Span {
  return output?.span ?? span;
}

function lackingIn({ tags, document, path }: FalcoItem): string[] {
  const fields = fieldsOf(listOf(document.value)[Number(path[0])]);
  return [
    ...(tags.length === 0 ? ['tags'] : []),
    ...(listOf(fields.exceptions).length === 0 ? ['exceptions'] : []),
  ];
}

/** The edit that puts the fields into the parentheses at the end of an output. */
function fieldsAdded({ output }: FalcoItem): TextEdit | undefined {
  const at = output?.text.trimEnd().endsWith(')') ? output.text.trimEnd().length - 1 : undefined;
  return output?.exact && at !== undefined
    ? { span: output.at(at, at), text: ` ${workloadFields}` }
    : undefined;
}
