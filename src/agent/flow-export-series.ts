import type { Registry } from 'prom-client';
import type { FlowExportStatus } from './flow-exports.ts';
import { series } from './series.ts';

/** Registers the series of collectors to which flows are sent; returns what sets them anew. Labels are the collectors that were named at the start. */
export function flowExportSeries(registry: Registry): (exports: readonly FlowExportStatus[]) => void {
  const take = [
    ...columns.map(([name, help, value]) =>
      series<readonly FlowExportStatus[]>(
        registry,
        `picket_flow_export_${name}`,
        help,
        ['collector'],
        (exports) => exports.map((one) => [{ collector: one.target }, value(one)]),
      ),
    ),
    series<readonly FlowExportStatus[]>(
      registry,
      'picket_flow_export_dropped_total',
      'Flows that were not sent: no room in the queue, ends of two families, told by this collector itself.',
      ['collector', 'reason'],
      (exports) =>
        exports.flatMap(({ target, dropped }) =>
          Object.entries(dropped).map(([reason, value]) => [{ collector: target, reason }, value] as const),
        ),
    ),
  ];
  return (exports) => {
    for (const set of take) set(exports);
  };
}

type Column = readonly [name: string, help: string, value: (one: FlowExportStatus) => number];

const columns: readonly Column[] = [
  ['sent_total', 'Flows that were sent. Of UDP nobody tells whether they have arrived.', ({ sent }) => sent],
  ['failed_total', 'Flows that were written and could not be sent.', ({ failed }) => failed],
  ['waiting', 'Flows that wait to be sent.', ({ waiting }) => waiting],
  [
    'up',
    'Whether there is a way to the collector (1) or not (0).',
    ({ isConnected }) => (isConnected ? 1 : 0),
  ],
];
