import type { EndJson, FlowJson } from '../../../src/flow/json.ts';
import { Judgement } from '../parts/badges.tsx';
import { formatDuration, formatLatency, formatNoun, formatWhen } from '../parts/format.ts';
import { Icon } from '../parts/icon.tsx';
import { ReasonText } from '../parts/reason.tsx';
import { addressAndPort, endName, Plain } from '../parts/text.tsx';
import { agentNow } from '../state/clock.ts';
import { narrowings } from '../state/filter.ts';
import { shownFlows } from '../state/flows.ts';
import { endsKey, gotThrough } from '../state/judgement.ts';
import { selectedEnds, selection } from '../state/selection.ts';
import { filterText } from '../state/view.ts';
import { closePanel } from './keys.ts';

const viewers = {
  source: "the source's kernel",
  destination: "the destination's kernel",
  both: 'both kernels',
  network: 'the network between them',
} as const;

/** The selected flow: who, what became of it, and why the policy allows or denies it. */
export function FlowPanel() {
  const flow = selection.value;
  return (
    <aside class="panel" aria-label="Selected flow">
      <button
        type="button"
        class="button quiet close"
        onClick={closePanel}
        aria-label="Close"
        aria-keyshortcuts="Escape"
      >
        <Icon name="cross" />
      </button>
      {flow ? (
        <Selected flow={flow} />
      ) : (
        <p>This flow is not on this page any more; the store may still have it.</p>
      )}
    </aside>
  );
}

function Selected({ flow }: { flow: FlowJson }) {
  const related = shownFlows.value.filter((other) => endsKey(other) === selectedEnds.value).length;
  return (
    <>
      <h3 class="panel-title">
        <Plain text={endName(flow.source) ?? flow.source.address} />
        <Icon name="arrow" />
        <Plain text={endName(flow.destination) ?? flow.destination.address} />
        <span class="port">:{flow.destination.port}</span>
      </h3>
      <p class="panel-verdict">
        <Judgement flow={flow} />
        <span>{fate(flow)}</span>
      </p>
      {flow.verdict && flow.verdict.reasons.length > 0 && (
        <ul class="reasons" aria-label="Reasons">
          {flow.verdict.reasons.map((reason) => (
            <ReasonText key={JSON.stringify(reason)} reason={reason} />
          ))}
        </ul>
      )}
      <dl class="properties">
        <EndProperties label="From" end={flow.source} />
        <EndProperties label="To" end={flow.destination} />
        <dt>Protocol</dt>
        <dd>
          <Plain text={flow.protocol} />, {flow.state}
        </dd>
        <dt>Opened</dt>
        <dd>
          {flow.preexisting ? 'before the sensor started' : formatWhen(flow.openedAt, agentNow.value)}
          {flow.establishedAt !== undefined &&
            !flow.preexisting &&
            `, established after ${formatLatency(flow.establishedAt - flow.openedAt)}`}
        </dd>
        {flow.closedAt !== undefined && (
          <>
            <dt>Closed</dt>
            <dd>
              {formatWhen(flow.closedAt, agentNow.value)}, after{' '}
              {formatLatency(flow.closedAt - flow.openedAt)}
            </dd>
          </>
        )}
        {flow.closedAt === undefined && flow.state === 'established' && (
          <>
            <dt>Open for</dt>
            <dd>{formatDuration(agentNow.value - flow.openedAt)}</dd>
          </>
        )}
        <dt>Seen by</dt>
        <dd>{viewers[flow.seenBy]}</dd>
      </dl>
      <p class="note">
        {formatNoun(related, 'flow')} on this page between the same two ends, marked in the table.
      </p>
      <ul class="narrow" aria-label="Filter by this flow">
        {narrowings(flow).map(({ label, filter }) => (
          <li key={label}>
            <button
              type="button"
              class="button"
              onClick={() => {
                filterText.value = filter;
              }}
            >
              {label}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

function EndProperties({ label, end }: { label: string; end: EndJson }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>
        {endName(end) && (
          <>
            <Plain class="strong" text={endName(end)!} /> <span class="kind">{end.identity?.kind}</span>
            {end.identity?.via && (
              <>
                <br />
                <span class="kind">called by</span> <Plain text={end.identity.via} />
              </>
            )}
            <br />
          </>
        )}
        <Plain class="mono" text={addressAndPort(end)} />
        {end.process && (
          <>
            <br />
            <Plain text={end.process.comm} /> <span class="kind">process {end.process.pid}</span>
            {end.process.command && (
              <>
                <br />
                <Plain class="mono command" text={end.process.command} />
              </>
            )}
          </>
        )}
      </dd>
    </>
  );
}

/** Returns what became of a flow, in words. */
function fate(flow: FlowJson): string {
  if (flow.verdict?.outcome === 'deny') {
    return gotThrough(flow)
      ? 'Forbidden, and nothing stopped it: the policy is declared but not enforced here.'
      : 'Forbidden, and it did not get through.';
  }
  if (flow.verdict?.outcome === 'unknown') return 'What is declared does not decide this flow.';
  if (!flow.verdict) return 'No policy was loaded when it was seen.';
  return gotThrough(flow) ? 'Permitted, and it got through.' : 'Permitted, but it did not get through.';
}
