import fc from 'fast-check';
import { type Address, parseAddress } from '../../net/address.ts';
import type { Flow, FlowState, Identity, Process, SeenBy, Traffic } from '../flow.ts';
import { dimensions } from './dimension.ts';
import { type FlowQuery, metrics } from './query.ts';

/** When the flows of {@link anyFlow} begin, ms since the epoch. */
export const start: number = Date.UTC(2026, 5, 1, 12);

const address = (text: string): Address => parseAddress(text)!;

const addresses = [
  '198.51.100.1',
  '198.51.100.2',
  '203.0.113.9',
  '0.0.0.1',
  '255.255.255.255',
  '2001:db8::1',
  '2001:db8::ff:1',
  '::1',
  '::ffff:198.51.100.1',
].map(address);

const identities: readonly (Identity | undefined)[] = [
  undefined,
  { kind: 'workload', name: 'shop/frontend' },
  { kind: 'workload', name: 'shop/backend' },
  { kind: 'workload', name: 'shop/backend', via: 'data/postgres' },
  { kind: 'service', name: 'data/postgres' },
  { kind: 'node', name: 'edge-1' },
  { kind: 'peer', name: 'wg0/hub.example.com' },
  { kind: 'unknown', name: '198.51.100.1' },
  // A name that is another end's address: one value, however it came to be.
  { kind: 'host', name: '198.51.100.2' },
];

const processes: readonly (Process | undefined)[] = [
  undefined,
  { pid: 7, comm: 'curl', command: 'curl "x"' },
  { pid: 8, comm: 'nginx', netns: 4026531840 },
];

const traffic: fc.Arbitrary<Traffic | undefined> = fc.option(
  fc.record(
    {
      packets: fc.nat(1_000),
      bytes: fc.oneof(fc.nat(5_000), fc.constantFrom(0, 2 ** 31, 2 ** 40 + 1)),
      tcpFlags: fc.nat(511),
    },
    { requiredKeys: ['packets', 'bytes'] },
  ),
  { nil: undefined },
);

const moment = fc.oneof(
  fc.nat(10_000_000),
  fc.nat(10_000_000).map((at) => at + 0.125),
  fc.double({ min: 0, max: 1e7, noNaN: true }),
);

const without = <T>(record: object): T =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T;

/** Flows of few values, so that filters and groups meet some; all fields of the record occur. */
export const anyFlow: fc.Arbitrary<Flow> = fc
  .record({
    id: fc.string({ minLength: 1, maxLength: 12 }),
    protocol: fc.constantFrom(1, 6, 17, 58, 253),
    ends: fc.tuple(
      fc.constantFrom(...addresses),
      fc.constantFrom(...addresses),
      fc.constantFrom(...identities),
      fc.constantFrom(...identities),
      fc.constantFrom(...processes),
      fc.constantFrom(...processes),
    ),
    ports: fc.tuple(fc.nat(65_535), fc.constantFrom(0, 22, 53, 80, 443, 65_535)),
    state: fc.constantFrom<FlowState>('attempted', 'established', 'refused', 'timed-out', 'closed'),
    seenBy: fc.constantFrom<SeenBy>('source', 'destination', 'both', 'network'),
    openedAt: moment.map((at) => start + at),
    lasts: fc.tuple(fc.option(moment), fc.option(moment), fc.option(moment)),
    flags: fc.tuple(fc.boolean(), fc.boolean()),
    verdict: fc.constantFrom(undefined, 'allow', 'deny', 'unknown'),
    sent: traffic,
    received: traffic,
    more: fc.constantFrom<Partial<Flow>>(
      {},
      { vlans: [100], observation: { by: 'netflow-v9', exporter: '198.51.100.1', input: '1', output: '2' } },
      { vlans: [7, 100], tunnel: { kind: 'vxlan', id: 42, source: address('203.0.113.1') } },
      { tunnel: { kind: 'gre' }, observation: { by: 'capture', exporter: 'a.pcap' } },
      { names: { dns: 'api.example.com' }, endReason: 'active', part: 2 },
      {
        names: { tls: 'www.example.com', alpn: 'h2', http: 'x' },
        communityId: '1:LQU9qZlK+B5F3KDmev6m5PMibrg=',
      },
      {
        icmp: { type: 8, code: 0 },
        translated: { source: { address: address('203.0.113.7'), port: 4 } },
        observation: { by: 'conntrack', samplingRate: 10 },
      },
    ),
  })
  .map(({ ends, ports, lasts, flags, verdict, more, ...rest }) => {
    const [from, to, fromIdentity, toIdentity, fromProcess, toProcess] = ends;
    return without<Flow>({
      ...rest,
      ...more,
      source: without({
        address: from,
        port: ports[0],
        identity: fromIdentity,
        process: fromProcess,
      }) as Flow['source'],
      destination: without({
        address: to,
        port: ports[1],
        identity: toIdentity,
        process: toProcess,
      }) as Flow['destination'],
      ...(lasts[0] !== null && { establishedAt: rest.openedAt + lasts[0] }),
      ...(lasts[1] !== null && { closedAt: rest.openedAt + lasts[1] }),
      ...(lasts[2] !== null && { lastAt: rest.openedAt + lasts[2] }),
      reachedDestination: flags[0],
      preexisting: flags[1],
      ...(verdict !== undefined && {
        verdict: {
          outcome: verdict as 'allow',
          reasons: [{ layer: 'networkpolicy', direction: 'egress', outcome: 'allow', text: 'so "it" is' }],
        },
      }),
    });
  });

const terms = [
  'src=198.51.100.0/24',
  'src=shop/*',
  'dst=2001:db8::/32',
  'dst=198.51.100.2',
  'ip=203.0.113.9',
  'ip=data/*',
  'port=80,443',
  'port>100',
  'sport<30000',
  'proto=tcp',
  'proto=253',
  'verdict=deny',
  'verdict=unknown,allow',
  'state=closed',
  'seen=both,network',
  'process=curl',
  'process=8',
  'identity=*frontend',
  'workload=shop/*',
  'peer=wg0/*',
  'not peer=*',
  'ns=shop',
  'node=edge-*',
  'bytes>2k',
  'bytes<=5k',
  'packets=100-900',
  'sent>1G',
  'received<1KiB',
  'duration>30m',
  'since=2026-06-01T13:00:00Z',
  'until=2026-06-01T14:00:00Z',
  'vlan=100',
  'tunnel=vxlan',
  'tunnel=vxlan:4*',
  'name=*.example.com',
  'dns=api*',
  'tls=www*',
  'http=x',
  'observer=netflow-*',
  'exporter=*.pcap',
  'interface=2',
  'example',
  'curl',
  'db8',
];

/** Filters over what {@link anyFlow} makes. */
export const anyFilter: fc.Arbitrary<string> = fc.letrec<{ filter: string }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom('', ...terms).map((term) => term || 'port>=0'),
    fc
      .tuple(tie('filter'), fc.constantFrom('and', 'or'), tie('filter'))
      .map(([a, joint, b]) => `(${a}) ${joint} (${b})`),
    tie('filter').map((part) => `not (${part})`),
  ),
})).filter;

/** Questions; their filter is to be added. */
export const anyQuery: fc.Arbitrary<FlowQuery> = fc.record(
  {
    by: fc.uniqueArray(fc.constantFrom(...dimensions.values()), { maxLength: 3 }),
    order: fc.constantFrom(...metrics),
    top: fc.integer({ min: 1, max: 12 }),
    distinct: fc.subarray<'sources' | 'destinations'>(['sources', 'destinations']),
    since: fc.nat(9_000_000).map((at) => start + at),
    until: fc.nat(9_000_000).map((at) => start + at),
    bucket: fc.constantFrom(60_000, 3_600_000, 7_000),
  },
  { requiredKeys: ['by', 'order', 'top'] },
);
