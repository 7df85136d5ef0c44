/** Fuzzes segments of flows: node fuzz/flow-segments.ts [--seconds 600] [--seed n]. A changed file is read as it was, or refused. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { anyFlow } from '../src/flow/ask/ask.fixture.ts';
import { columnsOf, rowAt } from '../src/store/log/columns.ts';
import { openSegment, writeSegment } from '../src/store/log/segment.ts';
import { saysUnreadable } from '../src/store/log/unreadable.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string' }, seed: { type: 'string' } } });
const seconds = Number(values.seconds ?? 5);
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
const folder = mkdtempSync(join(tmpdir(), 'picket-fuzz-flows-'));
const path = join(folder, 'a.flows');
const end = performance.now() + seconds * 1000;
let cases = 0;
let refused = 0;

try {
  for (let round = 0; performance.now() < end; round += 1) {
    const [flows = []] = fc.sample(fc.array(anyFlow, { minLength: 1, maxLength: 40 }), {
      numRuns: 1,
      seed: seed + round,
    });
    const rows = flows.map((value, row) => ({ row, value }));
    writeSegment(path, columnsOf(rows));
    const whole = readFileSync(path);
    const expected = JSON.stringify(rows.map(({ value }) => [value.id, value.openedAt, value.source.port]));
    const changes = fc.sample(
      fc.record({ at: fc.nat(whole.length - 1), bits: fc.integer({ min: 1, max: 255 }), cut: fc.boolean() }),
      { numRuns: 40, seed: seed + round },
    );
    for (const { at, bits, cut } of changes) {
      cases += 1;
      const changed = Buffer.from(cut ? whole.subarray(0, at) : whole);
      if (!cut) changed[at]! ^= bits;
      writeFileSync(path, changed);
      try {
        const segment = openSegment(path);
        try {
          const read = rows.map((_, index) => rowAt(segment.columns, index).value);
          const told = JSON.stringify(read.map(({ id, openedAt, source }) => [id, openedAt, source.port]));
          if (told !== expected)
            throw new Error(`seed ${seed} round ${round}: byte ${at} changed what was read`);
        } finally {
          segment.close();
        }
      } catch (error) {
        if (!saysUnreadable(error)) throw error;
        refused += 1;
      }
    }
  }
  console.log(`flow-log: ${cases} cases, ${refused} refused, seed ${seed}`);
} finally {
  rmSync(folder, { recursive: true });
}
