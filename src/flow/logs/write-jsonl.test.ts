import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FlowLog } from '../../posture/learn/flow-log.ts';
import { flow } from '../flow.fixture.ts';
import { readAll } from './read.fixture.ts';
import { written } from './write.fixture.ts';
import { jsonlWriter } from './write-jsonl.ts';

test('what is written is read again without a loss', () => {
  fc.assert(
    fc.property(fc.array(flow, { minLength: 1, maxLength: 4 }), (flows) => {
      const read = readAll(written(jsonlWriter, flows));
      expect(read.flows).toEqual(flows);
      expect(read.format).toBe('picket');
      expect(read.counts).toMatchObject({ headers: 1, dropped: {} });
    }),
    { numRuns: 200 },
  );
});

test('every line after the first is valid by the schema that is published', () => {
  const path = join(import.meta.dirname, '../../../docs/reference/schema/flow.schema.json');
  const validate = new Ajv2020({ strict: false }).compile(JSON.parse(readFileSync(path, 'utf8')));
  for (const line of written(jsonlWriter, fc.sample(flow, { seed: 2, numRuns: 200 }))
    .trim()
    .split('\n')
    .slice(1))
    expect(validate(JSON.parse(line)), JSON.stringify(validate.errors)).toBe(true);
});

test('picket learn takes it as well', () => {
  const [one] = fc.sample(flow, { seed: 1, numRuns: 1 });
  const log = new FlowLog('x');
  for (const line of written(jsonlWriter, [one!]).trim().split('\n')) log.add(line);
  expect(log.counts).toMatchObject({ lines: 2, others: 1, broken: 0 });
});
