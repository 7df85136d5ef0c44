import type { AlertSeverity } from '../../../src/detect/detector.ts';
import type { FlowJson } from '../../../src/flow/json.ts';
import type { Outcome } from '../../../src/flow/verdict.ts';
import { judgement } from '../state/judgement.ts';
import { Icon, type IconName } from './icon.tsx';

const severityShapes: Readonly<Record<AlertSeverity, IconName>> = {
  critical: 'octagon',
  high: 'triangle',
  medium: 'diamond',
  low: 'circle',
};

/** How grave an alert is: shape, colour and word. */
export function Severity({ severity }: { severity: AlertSeverity }) {
  return (
    <span class={`severity ${severity}`}>
      <Icon name={severityShapes[severity]} filled={severity !== 'low'} size={13} />
      {severity}
    </span>
  );
}

const outcomeShapes: Readonly<Record<Outcome, IconName>> = {
  allow: 'check',
  deny: 'cross',
  unknown: 'question',
};
const outcomeWords: Readonly<Record<Outcome, string>> = {
  allow: 'allowed',
  deny: 'denied',
  unknown: 'unknown',
};

/** What one layer or all of them say. */
export function OutcomeMark({ outcome }: { outcome: Outcome }) {
  return (
    <span class={`outcome ${outcome}`}>
      <Icon name={outcomeShapes[outcome]} size={14} />
      {outcomeWords[outcome]}
    </span>
  );
}

/** What the declared policy says of a flow, and for a forbidden one whether it was stopped. */
export function Judgement({ flow }: { flow: FlowJson }) {
  const { kind, text } = judgement(flow);
  return (
    <span class={`outcome ${kind}`}>
      <Icon
        name={kind === 'breach' ? 'breach' : kind === 'none' ? 'question' : outcomeShapes[kind]}
        size={14}
      />
      {text}
    </span>
  );
}
