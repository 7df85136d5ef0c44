import { AddressSet } from '../../../net/address-set.ts';
import { PortSet } from '../../../net/port-set.ts';
import { parsePrefix } from '../../../net/prefix.ts';
import { postureOf } from '../../../posture/posture.fixture.ts';
import type { ReachEnd } from '../../../posture/reach/end.ts';
import type { ProtocolPorts, ReachRow } from '../../../posture/reach/matrix.ts';
import { Matrix, type MatrixQuestion } from './matrix.ts';

/** A name that every format has to take care of. */
export const hostile = '</script><b>"\'x\\|,`*\n\u202e=1&amp;';

const deployment = (namespace: string, name: string) => `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${JSON.stringify(name)}, namespace: ${namespace}}
spec:
  selector: {matchLabels: {app: a}}
  template: {metadata: {labels: {app: a}}, spec: {containers: [{name: main, image: example.test/main}]}}
`;

const { workloads } = postureOf(
  deployment('shop', 'web') +
    deployment('shop', 'api') +
    deployment('shop', hostile) +
    deployment('data', 'postgres').replace('Deployment', 'StatefulSet') +
    deployment('data', 'web').replace('Deployment', 'DaemonSet'),
).inventory;

function workload(index: number): ReachEnd {
  return { kind: 'workload', workload: workloads[index]! };
}

function external(...prefixes: string[]): ReachEnd {
  return { kind: 'external', range: AddressSet.ofPrefixes(prefixes.map((text) => parsePrefix(text)!)) };
}

const [web, api, strange, postgres, agent] = [0, 1, 2, 3, 4].map(workload) as [
  ReachEnd,
  ReachEnd,
  ReachEnd,
  ReachEnd,
  ReachEnd,
];
const office = external('203.0.113.0/24', '2001:db8::/32');
const rest: ReachEnd = {
  kind: 'external',
  range: AddressSet.all.subtract((office as { range: AddressSet }).range),
};
const entry: ReachEnd = {
  kind: 'entry',
  text: 'Ingress shop/front "door"',
  span: {
    file: 'ingress.yaml',
    start: { line: 3, column: 1, offset: 20 },
    end: { line: 9, column: 1, offset: 90 },
  },
};
const unseen: ReachEnd = { kind: 'unseen', text: 'pods app=<b> of any namespace' };

function ports(allowed: string, unknown = 'none', udp = 'none'): ProtocolPorts[] {
  const empty = PortSet.empty;
  return [
    { protocol: 'TCP', allowed: PortSet.parse(allowed)!, unknown: PortSet.parse(unknown)! },
    { protocol: 'UDP', allowed: PortSet.parse(udp)!, unknown: empty },
    { protocol: 'SCTP', allowed: empty, unknown: empty },
  ];
}

const all = (['TCP', 'UDP', 'SCTP'] as const).map((protocol) => ({
  protocol,
  allowed: PortSet.all,
  unknown: PortSet.empty,
}));
const closed = ports('none');

/** Pairs of every kind of end. */
export const sampleRows: readonly ReachRow[] = [
  { source: web, destination: api, ports: ports('80,8000-8100', '9000', '53') },
  { source: web, destination: strange, ports: ports('443') },
  { source: web, destination: postgres, ports: closed },
  { source: web, destination: agent, ports: closed },
  { source: web, destination: office, ports: all },
  { source: web, destination: rest, ports: closed },
  { source: api, destination: web, ports: closed },
  { source: api, destination: postgres, ports: ports('5432') },
  { source: strange, destination: web, ports: all },
  { source: strange, destination: api, ports: all },
  { source: strange, destination: postgres, ports: all },
  { source: strange, destination: agent, ports: all },
  { source: strange, destination: office, ports: all },
  { source: strange, destination: rest, ports: all },
  { source: postgres, destination: postgres, ports: ports('5432') },
  { source: office, destination: web, ports: ports('443') },
  { source: rest, destination: web, ports: closed },
  { source: entry, destination: web, ports: ports('8080') },
  { source: unseen, destination: agent, ports: ports('none', '0-65535') },
];

/** How many workloads each namespace of the sample has. */
export const sampleMembers: ReadonlyMap<string, number> = new Map([
  ['shop', 3],
  ['data', 2],
]);

/** Returns the sample as a matrix. */
export function sampleMatrix(question: Partial<MatrixQuestion> = {}): Matrix {
  return new Matrix(() => sampleRows, { scope: {}, closed: false, ...question });
}
