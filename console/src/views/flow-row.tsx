import type { FlowJson } from '../../../src/flow/json.ts';
import { Judgement } from '../parts/badges.tsx';
import { formatClock } from '../parts/format.ts';
import { EndText, Plain } from '../parts/text.tsx';
import { endsKey, judgement } from '../state/judgement.ts';
import { selectedEnds } from '../state/selection.ts';
import { selectedFlow } from '../state/view.ts';

/** Returns the element id of the row at `index`. */
export function flowRowId(index: number): string {
  return `flow-row-${index}`;
}

/** One flow in the table. */
export function FlowRow({ flow, index, top }: { flow: FlowJson; index: number; top: number }) {
  const selected = selectedFlow.value === flow.id;
  const related = !selected && selectedEnds.value !== undefined && selectedEnds.value === endsKey(flow);
  const process = flow.source.process ?? flow.destination.process;
  return (
    <tr
      id={flowRowId(index)}
      class={`flow ${judgement(flow).kind}${selected ? ' selected' : ''}${related ? ' related' : ''}`}
      data-index={index}
      aria-rowindex={index + 2}
      aria-selected={selected}
      style={{ transform: `translateY(${top}px)` }}
    >
      <td class="mono">{formatClock(flow.openedAt)}</td>
      <td>
        {process ? (
          <span class="end">
            <Plain class="end-name" text={process.comm} />
            <span class="end-address">{process.pid}</span>
          </span>
        ) : (
          <span class="absent">not known</span>
        )}
      </td>
      <td>
        <EndText end={flow.source} />
      </td>
      <td>
        <EndText end={flow.destination} />
      </td>
      <td class="mono">{flow.destination.port}</td>
      <td>{flow.state}</td>
      <td>
        <Judgement flow={flow} />
      </td>
    </tr>
  );
}
