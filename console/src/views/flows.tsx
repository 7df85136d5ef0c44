import { CopyButton } from '../parts/copy-button.tsx';
import { formatCount, formatNoun } from '../parts/format.ts';
import { Icon } from '../parts/icon.tsx';
import { flowsCommand } from '../state/command.ts';
import { filter } from '../state/filter.ts';
import {
  allFlows,
  evicted,
  flowCapacity,
  held,
  missedMessages,
  pause,
  resume,
  shownFlows,
} from '../state/flows.ts';
import { paused, selectedFlow } from '../state/view.ts';
import { FilterBox } from './filter-box.tsx';
import { FlowPanel } from './flow-panel.tsx';
import { FlowTable } from './flow-table.tsx';
import { copyFlowsId } from './keys.ts';

/** Live connections with what the declared policy says of each. */
export function Flows() {
  const bare = shownFlows.value.length === 0 && selectedFlow.value === undefined;
  return (
    <section class="flows" aria-labelledby="flows-title">
      <div class="section-head">
        <h2 id="flows-title">Flows</h2>
        <p class="note">{caption()}</p>
        <CopyButton id={copyFlowsId} text={flowsCommand(filter.value.applied)} label="Copy as command" />
      </div>
      <div class="flow-tools">
        <FilterBox />
        <Held />
        <button
          type="button"
          class="button"
          aria-pressed={paused.value}
          aria-keyshortcuts="p"
          onClick={paused.value ? resume : pause}
        >
          <Icon name={paused.value ? 'play' : 'pause'} filled={paused.value} />
          {paused.value ? 'Resume' : 'Pause'}
        </button>
      </div>
      <div
        class={`card flow-split${selectedFlow.value === undefined ? '' : ' with-panel'}${bare ? ' bare' : ''}`}
      >
        <FlowTable />
        {selectedFlow.value !== undefined && <FlowPanel />}
      </div>
    </section>
  );
}

function Held() {
  if (!paused.value) return null;
  const { flows, dropped } = held.value;
  return (
    <p class="held" role="status">
      {flows === 0 ? 'Paused; nothing new yet' : `Paused; ${formatNoun(flows, 'new flow')} held`}
      {dropped > 0 && `, ${formatCount(dropped)} of them no longer on this page`}
    </p>
  );
}

function caption(): string {
  const total = allFlows.value.length;
  const shown = shownFlows.value.length;
  const parts = [
    shown === total ? formatNoun(total, 'flow') : `${formatCount(shown)} of ${formatNoun(total, 'flow')}`,
  ];
  parts[0] += ' on this page, newest first';
  if (evicted.value > 0) {
    parts.push(
      `holds ${formatCount(flowCapacity)}, ${formatCount(evicted.value)} older ones only in the store`,
    );
  }
  if (missedMessages.value > 0) {
    parts.push(
      `${formatNoun(missedMessages.value, 'message')} too many for this page, read from the store instead`,
    );
  }
  return parts.join('; ');
}
