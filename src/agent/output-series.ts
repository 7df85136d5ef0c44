import type { Registry } from 'prom-client';
import type { OutputState } from '../output/output.ts';
import { series } from './series.ts';

/** What the outputs of alerts are like at one moment. */
export interface OutputsStatus {
  readonly outputs: readonly OutputState[];
  /** Alerts that `outputs.rate` held back since start. */
  readonly heldBack: number;
  /** ms since the epoch. */
  readonly now: number;
}

/** Registers the series of outputs; returns what sets them anew. The only label is the kind, of which there is one output each. */
export function outputSeries(registry: Registry): (status: OutputsStatus) => void {
  const take = columns.map(([name, help, value]) =>
    series<OutputsStatus>(registry, `picket_output_${name}`, help, ['output'], ({ outputs, now }) =>
      outputs.map((output) => [{ output: output.kind }, value(output, now)]),
    ),
  );
  take.push(
    series(
      registry,
      'picket_output_held_back_total',
      'Alerts that the limit of outputs.rate held back from every output.',
      [],
      ({ heldBack }) => [[{}, heldBack]],
    ),
  );
  return (status) => {
    for (const set of take) set(status);
  };
}

type Column = readonly [name: string, help: string, value: (output: OutputState, now: number) => number];

const columns: readonly Column[] = [
  ['delivered_total', 'Alerts that the receiver took.', ({ delivered }) => delivered],
  ['retries_total', 'Attempts to send that failed and are tried again.', ({ retries }) => retries],
  ['waiting', 'Alerts that wait in the spool.', ({ waiting }) => waiting],
  ['waiting_bytes', 'What the alerts that wait take.', ({ waitingBytes }) => waitingBytes],
  [
    'dropped_total',
    'Alerts lost: pushed out of the full spool by newer ones, too large, or damaged on the disk.',
    ({ dropped }) => dropped,
  ],
  [
    'dead_letters_total',
    'Alerts that the receiver refused for good, set aside.',
    ({ deadLettered }) => deadLettered,
  ],
  ['disk_errors_total', 'Failures of the disk under the spool.', ({ diskErrors }) => diskErrors],
  [
    'down_seconds',
    'How long the receiver has taken nothing of what was sent to it; 0 while it takes alerts.',
    ({ downSince }, now) => (downSince === undefined ? 0 : Math.max(0, now - downSince) / 1000),
  ],
];
