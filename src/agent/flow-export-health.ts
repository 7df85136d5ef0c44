import type { FlowExportStatus } from './flow-exports.ts';
import type { HealthItem } from './status.ts';

/** A loss is told for this long, and a receiver of datagrams that said nobody is there; ms. */
const lossWarning = 10 * 60_000;
const refusalWarning = 60_000;

/** Judges the sending of flows to collectors as one condition; `now` in ms since the epoch. */
export function flowExportHealth(exports: readonly FlowExportStatus[], now: number): HealthItem {
  const id = 'flow-exports';
  const troubled = exports.flatMap((one) => trouble(one, now) ?? []);
  if (troubled.length > 0)
    return {
      id,
      state: 'warning',
      text: troubled.join('; '),
      help: 'see that the collector runs and can be reached; what does not find room meanwhile is lost',
    };
  const names = exports.map(({ target }) => target).join(', ');
  const lost = exports.reduce((sum, { dropped, failed }) => sum + dropped.queue + failed, 0);
  const earlier = lost > 0 ? `; ${flows(lost)} lost earlier` : '';
  return { id, state: 'ok', text: `flows are sent to ${names}${earlier}` };
}

function trouble(
  { target, isConnected, problem, problemAt, dropped, failed, lostAt }: FlowExportStatus,
  now: number,
): string | undefined {
  const lost = dropped.queue + failed;
  const losses = lost > 0 ? `, ${flows(lost)} lost` : '';
  if (!isConnected && problem !== undefined) return `${target} takes no flows (${problem})${losses}`;
  if (problem !== undefined && problemAt !== undefined && now - problemAt < refusalWarning)
    return `${target} may not get flows (${problem})${losses}`;
  if (lostAt !== undefined && now - lostAt < lossWarning) return `${target} is too slow or was away${losses}`;
  return undefined;
}

const flows = (count: number) => `${count} flow${count === 1 ? '' : 's'}`;
