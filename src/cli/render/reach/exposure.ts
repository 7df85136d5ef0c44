import { z } from 'zod';
import { csvRecord } from '../../../flow/logs/csv.ts';
import type { Direction } from '../../../flow/verdict.ts';
import { reachEndText } from '../../../posture/reach/end.ts';
import type { Exposure } from '../../../posture/reach/exposure.ts';
import type { ProtocolPorts, ReachRow } from '../../../posture/reach/matrix.ts';
import { workloadName } from '../../../segmentation/model.ts';
import { table } from '../../table.ts';
import { markdownText } from './markdown.ts';

/** Forms in which the exposure is written. */
export const exposureForms = ['text', 'json', 'csv', 'md'] as const;
export type ExposureForm = (typeof exposureForms)[number];

const end = z.object({ kind: z.enum(['workload', 'external', 'entry', 'unseen']), name: z.string() });
const ports = z.record(z.string(), z.string()).describe('Ports by protocol, e.g. `80,8000-8100`, `0-65535`.');

/** The shape of `picket reach --exposure -o json`. */
export const exposureOutput = z.object({
  schemaVersion: z.literal(1),
  rows: z.array(
    z.object({
      direction: z.enum(['ingress', 'egress']),
      source: end,
      destination: end,
      allowed: ports,
      unknown: ports,
    }),
  ),
  unprotected: z
    .array(z.object({ workload: z.string(), direction: z.enum(['ingress', 'egress']) }))
    .describe('Workloads that no policy isolates.'),
});

const headings = ['source', 'destination', 'allowed', 'unknown'];

/** Returns what pods that no manifest declares could reach and be reached from, in the form asked for. */
export function exposureText(exposure: Exposure, form: ExposureForm): string {
  const rows = (['ingress', 'egress'] as const).flatMap((direction) =>
    exposure[direction].map((row) => ({ direction, row })),
  );
  switch (form) {
    case 'json':
      return `${JSON.stringify(toJson(exposure, rows), null, 2)}\n`;
    case 'csv':
      return [['direction', ...headings], ...rows.map(({ direction, row }) => [direction, ...cells(row, '')])]
        .map(csvRecord)
        .join('');
    case 'md': {
      const lines = [headings, headings.map(() => '---')].map((line) => `| ${line.join(' | ')} |\n`);
      return [
        ...lines,
        ...rows.map(({ row }) => `| ${cells(row, '').map(markdownText).join(' | ')} |\n`),
      ].join('');
    }
    default: {
      const open = exposure.unprotected.map(
        ({ workload, direction }) => `no policy isolates ${workloadName(workload)} for ${direction}\n`,
      );
      const upper = headings.map((heading) => heading.toUpperCase());
      return (
        (rows.length > 0
          ? table(
              upper,
              rows.map(({ row }) => cells(row, '-')),
            )
          : '') + open.join('')
      );
    }
  }
}

function toJson(
  { unprotected }: Exposure,
  rows: readonly { readonly direction: Direction; readonly row: ReachRow }[],
): z.infer<typeof exposureOutput> {
  const byProtocol = (list: readonly ProtocolPorts[], which: 'allowed' | 'unknown') =>
    Object.fromEntries(
      list.filter((one) => !one[which].isEmpty).map((one) => [one.protocol, one[which].toString()]),
    );
  const endOf = (one: ReachRow['source']) => ({ kind: one.kind, name: reachEndText(one) });
  return {
    schemaVersion: 1,
    rows: rows.map(({ direction, row }) => ({
      direction,
      source: endOf(row.source),
      destination: endOf(row.destination),
      allowed: byProtocol(row.ports, 'allowed'),
      unknown: byProtocol(row.ports, 'unknown'),
    })),
    unprotected: unprotected.map(({ workload, direction }) => ({
      workload: workloadName(workload),
      direction,
    })),
  };
}

function cells({ source, destination, ports: list }: ReachRow, none: string): string[] {
  return [
    reachEndText(source),
    reachEndText(destination),
    said(list, 'allowed', none),
    said(list, 'unknown', none),
  ];
}

function said(list: readonly ProtocolPorts[], which: 'allowed' | 'unknown', none: string): string {
  const own = list.filter((one) => !one[which].isEmpty);
  if (own.length === 3 && own.every((one) => one[which].isAll)) return 'everything';
  return own.map((one) => `${one.protocol} ${one[which].isAll ? 'all' : one[which]}`).join(', ') || none;
}
