import type { Reason } from '../../../src/flow/verdict.ts';
import { OutcomeMark } from './badges.tsx';
import { objectName, Place, Plain } from './text.tsx';

/** Why one layer allows or denies one direction, with the object, rule and place that decide. */
export function ReasonText({ reason }: { reason: Reason }) {
  return (
    <li class="reason">
      <p class="reason-head">
        <OutcomeMark outcome={reason.outcome} />
        <span>
          {reason.direction} by <Plain text={reason.layer} />
        </span>
      </p>
      <Plain class="reason-text" text={reason.text} />
      {(reason.object || reason.span) && (
        <p class="reason-place">
          {reason.object && <Plain text={objectName(reason.object)} />}
          {reason.rule !== undefined && `, ${reason.direction} rule ${reason.rule}`}
          {reason.span && (
            <>
              {reason.object && ' at '}
              <Place span={reason.span} />
            </>
          )}
        </p>
      )}
    </li>
  );
}
