import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { flow as anyFlow } from '../flow.fixture.ts';
import type { Flow } from '../flow.ts';
import { written } from './write.fixture.ts';
import { ocsfVersion, ocsfWriter } from './write-ocsf.ts';

const python = join(import.meta.dirname, '../../../node_modules/.cache/picket-python/bin/python');

/** The JSON Schema of the class with what another project makes of OCSF's own definitions. */
function schema(): object {
  const program = [
    'import json,sys',
    'from ocsf_json_schema import get_ocsf_schema, OcsfJsonSchemaEmbedded',
    's = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=sys.argv[1]))',
    "json.dump(s.get_class_schema(s.lookup_class_name_from_uid(4001), ['security_control']), sys.stdout)",
  ].join('\n');
  return JSON.parse(
    execFileSync(python, ['-c', program, ocsfVersion], { encoding: 'utf8', maxBuffer: 1 << 26 }),
  ) as object;
}

const eventsOf = (flows: readonly Flow[]) =>
  written(ocsfWriter, flows)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const base: Flow = {
  id: 'a',
  protocol: 6,
  source: { address: { family: 4, a: 0, b: 0, c: 0, d: 0xc6336407 }, port: 4711 },
  destination: { address: { family: 4, a: 0, b: 0, c: 0, d: 0xcb007109 }, port: 443 },
  state: 'closed',
  seenBy: 'network',
  openedAt: 1_700_000_000_123.456,
  reachedDestination: false,
  preexisting: false,
};
const one = (more: Partial<Flow>) => eventsOf([{ ...base, ...more }])[0]!;

describe.skipIf(!existsSync(python))('by the schema of OCSF (needs tools/python.sh)', () => {
  test('every event is valid', () => {
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats.default(ajv);
    const validate = ajv.compile(schema());
    fc.assert(
      fc.property(anyFlow, (flow) => {
        const [event] = eventsOf([flow]);
        if (!validate(event)) throw new Error(JSON.stringify(validate.errors?.slice(0, 3)));
      }),
      { numRuns: 300 },
    );
    expect(validate({ ...one({}), surprise: 1 })).toBe(false);
  });
});

test('what the event says of the flow', () => {
  const sent = { packets: 5, bytes: 620, tcpFlags: 0x1b };
  expect(
    one({
      closedAt: 1_700_000_001_623.457,
      sent,
      received: { packets: 4, bytes: 2624, tcpFlags: 0x13 },
      communityId: '1:x=',
    }),
  ).toMatchObject({
    class_uid: 4001,
    activity_id: 2,
    type_uid: 400_102,
    start_time: 1_700_000_000_123,
    end_time: 1_700_000_001_623,
    time: 1_700_000_001_623,
    duration: 1_500,
    action_id: 1,
    disposition_id: 1,
    src_endpoint: { ip: '198.51.100.7', port: 4711 },
    dst_endpoint: { ip: '203.0.113.9', port: 443 },
    connection_info: { protocol_num: 6, protocol_name: 'tcp', tcp_flags: 0x1b, community_uid: '1:x=' },
    traffic: { packets: 9, bytes: 3244, packets_out: 5, bytes_out: 620, packets_in: 4, bytes_in: 2624 },
    metadata: { version: '1.5.0', product: { name: 'Picket', version: '1.2.3' } },
  });
});

test.each([
  [{ state: 'refused' }, 5, 0],
  [{ state: 'timed-out' }, 4, 0],
  [{ state: 'timed-out', verdict: { outcome: 'deny', reasons: [] } }, 4, 2],
  [{ state: 'established', verdict: { outcome: 'deny', reasons: [] } }, 1, 1],
  [{ state: 'established', sent: { packets: 1, bytes: 40 } }, 6, 1],
  [{ state: 'closed', received: { packets: 1, bytes: 40, tcpFlags: 4 } }, 3, 1],
  [{ state: 'attempted' }, 1, 0],
] as const)('%o: activity %i, disposition %i', (more, activity, disposition) => {
  expect(one(more as Partial<Flow>)).toMatchObject({
    activity_id: activity,
    disposition_id: disposition,
  });
});
