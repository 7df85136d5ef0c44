import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatAddress } from '../../net/address.ts';
import { protocolName } from '../../net/protocol.ts';
import { flow } from '../flow.fixture.ts';
import { written } from './write.fixture.ts';
import { csvWriter } from './write-csv.ts';

/** Python's csv module is another reader of RFC 4180. */
const reader =
  'import csv,io,json,sys; t=io.TextIOWrapper(sys.stdin.buffer,encoding="utf-8",newline=""); print(json.dumps(list(csv.DictReader(t,strict=True))))';
const cell = (text: string) => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);

test('another reader of CSV finds what was written', () => {
  const flows = fc.sample(flow, { seed: 5, numRuns: 200 });
  const out = execFileSync('python3', ['-c', reader], {
    input: written(csvWriter, flows),
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  const rows = JSON.parse(out) as Record<string, string>[];
  expect(rows).toHaveLength(flows.length);
  rows.forEach((row, at) => {
    const one = flows[at]!;
    expect(row).toMatchObject({
      protocol: protocolName(one.protocol),
      source: formatAddress(one.source.address),
      destination_port: String(one.destination.port),
      state: one.state,
      verdict: one.verdict?.outcome ?? '',
      process: cell((one.source.process ?? one.destination.process)?.comm ?? ''),
      bytes_sent: String(one.sent?.bytes ?? ''),
      vlans: cell(one.vlans?.join(' ') ?? ''),
      id: cell(one.id),
      community_id: cell(one.communityId ?? ''),
    });
    expect(Date.parse(row.start!)).toBeCloseTo(one.openedAt, -1);
  });
});

test('a name that a spreadsheet would take for a formula is none', () => {
  const [one] = fc.sample(flow, { seed: 1, numRuns: 1 });
  const identity = { kind: 'workload', name: '=cmd|"/c calc"!A1' } as const;
  const text = written(csvWriter, [{ ...one!, source: { ...one!.source, identity } }]);
  expect(text).toContain(`"'=cmd|""/c calc""!A1"`);
});
