import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { filter } from '../state/filter.ts';
import {
  clearFilter,
  flowsLoad,
  hasOlder,
  loadFlows,
  loadingOlder,
  loadOlder,
  shownFlows,
} from '../state/flows.ts';
import { selectFlow } from '../state/selection.ts';
import { selectedFlow } from '../state/view.ts';
import { FlowRow, flowRowId } from './flow-row.tsx';
import { flowGridId, rowTarget } from './keys.ts';
import { useVirtualRows } from './virtual-rows.ts';

const rowHeight = 44;
const headHeight = 34;
const columns = ['Time', 'Process', 'Source', 'Destination', 'Port', 'State', 'Policy'];

/** The table of flows: only the rows in view exist, so that ten thousand scroll as easily as ten. */
export function FlowTable() {
  const flows = shownFlows.value;
  const scroller = useRef<HTMLDivElement>(null);
  const { items, total, scrollTo } = useVirtualRows(scroller, flows, { rowHeight, headHeight });
  const selected = flows.findIndex((flow) => flow.id === selectedFlow.value);
  const selectedShown = items.some((item) => item.index === selected);

  const onKeyDown = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor((scroller.current!.clientHeight - headHeight) / rowHeight) - 1);
    const target = rowTarget(event, selected, flows.length, page);
    if (target === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    selectFlow(flows[target]!);
    scrollTo(target);
  };

  useLayoutEffect(() => {
    if (selected >= 0) scrollTo(selected);
    // only when the panel opens or another row is chosen: a table that runs on is not pulled back
  }, [selectedFlow.value]);

  return (
    <div ref={scroller} class="scroller">
      <table
        id={flowGridId}
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: ARIA in HTML allows grid here
        role="grid"
        tabIndex={0}
        aria-label="Flows, newest first"
        aria-rowcount={flows.length + 1}
        {...(selectedShown && { 'aria-activedescendant': flowRowId(selected) })}
        onClick={(event) => {
          const row = event.target instanceof Element ? event.target.closest('tr[data-index]') : null;
          const flow = flows[Number(row?.getAttribute('data-index') ?? -1)];
          if (flow) selectFlow(flow);
        }}
        onKeyDown={onKeyDown}
      >
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody style={{ height: `${total}px` }}>
          {items.map((item) => (
            <FlowRow
              key={flows[item.index]!.id}
              flow={flows[item.index]!}
              index={item.index}
              top={item.top}
            />
          ))}
        </tbody>
      </table>
      <Foot empty={flows.length === 0} />
    </div>
  );
}

/** What stands below the rows, or instead of them. */
function Foot({ empty }: { empty: boolean }) {
  if (flowsLoad.value === 'loading') return <Message>Reading the flows…</Message>;
  if (flowsLoad.value === 'failed') {
    return (
      <Message>
        The flows could not be read.{' '}
        <button type="button" class="button" onClick={loadFlows}>
          Read them again
        </button>
      </Message>
    );
  }
  const older = hasOlder.value && (
    <button type="button" class="button" onClick={loadOlder} disabled={loadingOlder.value}>
      {loadingOlder.value ? 'Reading…' : 'Read older flows from the store'}
    </button>
  );
  if (!empty) return older ? <Message>{older}</Message> : null;
  return filter.value.matches ? (
    <Message>
      <b>No flow on this page matches.</b>{' '}
      <button type="button" class="button" onClick={clearFilter}>
        Clear the filter
      </button>{' '}
      {older}
    </Message>
  ) : (
    <Message>
      <b>No flows yet.</b> Connections of this machine appear here as they are opened.
    </Message>
  );
}

function Message({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}
