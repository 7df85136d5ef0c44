import type { Registry } from 'prom-client';
import { series } from '../series.ts';
import type { HealthItem } from '../status.ts';
import type { RespondStatus } from './responder.ts';

/** Registers the series of responses; returns what sets them anew. */
export function respondSeries(registry: Registry): (status: RespondStatus) => void {
  const take = [
    series<RespondStatus>(
      registry,
      'picket_responses_open',
      'Responses that wait for an answer, and those in force.',
      ['state'],
      ({ waiting, inForce }) => [
        [{ state: 'waiting' }, waiting],
        [{ state: 'in-force' }, inForce],
      ],
    ),
    series<RespondStatus>(
      registry,
      'picket_responses_decided_total',
      'Responses that were thought of, by what was decided.',
      ['decision'],
      ({ decided }) => Object.entries(decided).map(([decision, count]) => [{ decision }, count]),
    ),
    series<RespondStatus>(
      registry,
      'picket_responses_applied_total',
      'Responses that were put in force and that the probes agreed to.',
      [],
      ({ applied }) => [[{}, applied]],
    ),
    series<RespondStatus>(
      registry,
      'picket_responses_skipped_total',
      'Steps of playbooks that were not looked at, because there were too many.',
      [],
      ({ skipped }) => [[{}, skipped]],
    ),
  ];
  return (status) => {
    for (const set of take) set(status);
  };
}

/** Returns how responding is. */
export function respondHealth({ waiting, inForce, heldSince, fault }: RespondStatus): HealthItem {
  const id = 'responses';
  if (fault !== undefined)
    return { id, state: 'warning', text: `what came of a response could not be written or asked: ${fault}` };
  if (heldSince !== undefined)
    return {
      id,
      state: 'warning',
      text: `nothing is done about alerts since the panic at ${heldSince}`,
      help: 'picket respond resume goes on',
    };
  if (waiting > 0)
    return {
      id,
      state: 'warning',
      text: `${waiting} response${waiting === 1 ? ' waits' : 's wait'} for an answer`,
      help: 'picket respond list shows them',
    };
  return { id, state: 'ok', text: `${inForce} response${inForce === 1 ? ' is' : 's are'} in force` };
}
