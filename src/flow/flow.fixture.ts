import fc from 'fast-check';
import { ipv4, ipv6 } from '../net/address.ts';
import type { Flow } from './flow.ts';

const lane = fc.integer({ min: 0, max: 0xffffffff });
const address = fc.oneof(
  lane.map(ipv4),
  fc.tuple(lane, lane, lane, lane).map((lanes) => ipv6(...lanes)),
);
const process = fc.record(
  {
    pid: fc.nat(),
    comm: fc.string({ maxLength: 15 }),
    command: fc.string(),
    netns: fc.nat(),
    cgroup: fc.string(),
  },
  { requiredKeys: ['pid', 'comm'] },
);
const identity = fc.record({
  kind: fc.constantFrom('workload', 'service', 'node', 'host', 'peer', 'loopback', 'unknown'),
  name: fc.string(),
});
const end = fc.record(
  { address, port: fc.integer({ min: 0, max: 65535 }), identity, process },
  { requiredKeys: ['address', 'port'] },
);
const counted = fc.record(
  { packets: fc.nat(), bytes: fc.maxSafeNat(), tcpFlags: fc.integer({ min: 0, max: 511 }) },
  { requiredKeys: ['packets', 'bytes'] },
);
const translatedEnd = fc.record({ address, port: fc.integer({ min: 0, max: 65535 }) });
const time = fc.double({ min: 0, max: 4e12, noNaN: true }).map((ms) => ms + 0);
/** Any flow, with any of its fields. */
export const flow: fc.Arbitrary<Flow> = fc.record(
  {
    id: fc.string({ minLength: 1 }),
    protocol: fc.integer({ min: 0, max: 255 }),
    source: end,
    destination: end,
    state: fc.constantFrom(
      'attempted',
      'unanswered',
      'established',
      'refused',
      'timed-out',
      'aborted',
      'unreachable',
      'closed',
    ),
    seenBy: fc.constantFrom('source', 'destination', 'both', 'network'),
    openedAt: time,
    establishedAt: time,
    closedAt: time,
    reachedDestination: fc.boolean(),
    preexisting: fc.boolean(),
    verdict: fc.constant({
      outcome: 'deny',
      reasons: [{ layer: 'networkpolicy', direction: 'ingress', outcome: 'deny', text: 'no rule' }],
    } as const),
    lastAt: time,
    sent: counted,
    received: counted,
    icmp: fc.record({ type: fc.nat(255), code: fc.nat(255) }),
    vlans: fc.array(fc.nat(4095), { maxLength: 3 }),
    tunnel: fc.record(
      { kind: fc.constantFrom('gre', 'vxlan'), id: fc.nat(), source: address, destination: address },
      { requiredKeys: ['kind'] },
    ),
    names: fc.record(
      { dns: fc.string(), tls: fc.string(), alpn: fc.string(), http: fc.string() },
      { requiredKeys: [] },
    ),
    translated: fc.record({ source: translatedEnd, destination: translatedEnd }, { requiredKeys: [] }),
    observation: fc.record(
      { by: fc.constant('capture'), input: fc.string(), samplingRate: fc.nat() },
      { requiredKeys: ['by'] },
    ),
    endReason: fc.constantFrom('idle', 'active', 'end', 'forced', 'no-room'),
    part: fc.nat(),
    communityId: fc.string(),
  },
  {
    requiredKeys: [
      'id',
      'protocol',
      'source',
      'destination',
      'state',
      'seenBy',
      'openedAt',
      'reachedDestination',
      'preexisting',
    ],
  },
);
