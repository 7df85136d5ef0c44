import type { NumberFacet, TextFacet } from '../facets.ts';
import type { EndJson, FlowJson } from '../json.ts';

/** One way to tell flows apart. */
export interface Dimension {
  readonly name: string;
  /** One line for people. */
  readonly doc: string;
  /** The facet that `of` looks at: of nothing else. */
  readonly reads: TextFacet | NumberFacet;
  /** The value of a flow; `-` for a flow that has none. */
  of(flow: FlowJson): string;
  /** Values are moments at the beginning of spans of so many ms. */
  readonly step?: number;
}

const none = '-';
const minute = 60_000;

/** The name of an end as people know it: the declared one, else its address. */
export function endName({ address, identity }: EndJson): string {
  return identity && identity.kind !== 'unknown' && identity.kind !== 'loopback' ? identity.name : address;
}

function workloadOf({ identity }: EndJson): string {
  return identity?.kind === 'workload' ? identity.name : none;
}

function namespaceOf({ identity }: EndJson): string {
  if (identity?.kind !== 'workload' && identity?.kind !== 'service') return none;
  const slash = identity.name.indexOf('/');
  return slash < 0 ? none : identity.name.slice(0, slash);
}

function time(name: string, step: number): Dimension {
  return {
    name,
    doc: `${name} (UTC) in which the flow was opened`,
    reads: 'openedAt',
    step,
    of: ({ openedAt }) => momentText(Math.floor(openedAt / step) * step),
  };
}

/** A moment as a value of a dimension of time: RFC 3339 in UTC, without the seconds where there are none. */
export function momentText(at: number): string {
  return new Date(at).toISOString().replace(/(:00)?\.000Z$/, 'Z');
}

const all: readonly Dimension[] = [
  {
    name: 'src',
    doc: 'opening end: its declared name, else its address',
    reads: 'source',
    of: ({ source }) => endName(source),
  },
  {
    name: 'dst',
    doc: 'other end: its declared name, else its address',
    reads: 'destination',
    of: ({ destination }) => endName(destination),
  },
  {
    name: 'src-address',
    doc: 'address of the opening end',
    reads: 'source',
    of: ({ source }) => source.address,
  },
  {
    name: 'dst-address',
    doc: 'address of the other end',
    reads: 'destination',
    of: ({ destination }) => destination.address,
  },
  {
    name: 'port',
    doc: 'destination port',
    reads: 'destinationPort',
    of: ({ destination }) => String(destination.port),
  },
  { name: 'proto', doc: 'protocol', reads: 'protocol', of: ({ protocol }) => protocol },
  {
    name: 'src-workload',
    doc: 'workload of the opening end',
    reads: 'source',
    of: ({ source }) => workloadOf(source),
  },
  {
    name: 'dst-workload',
    doc: 'workload of the other end',
    reads: 'destination',
    of: ({ destination }) => workloadOf(destination),
  },
  {
    name: 'src-ns',
    doc: 'namespace of the opening end',
    reads: 'source',
    of: ({ source }) => namespaceOf(source),
  },
  {
    name: 'dst-ns',
    doc: 'namespace of the other end',
    reads: 'destination',
    of: ({ destination }) => namespaceOf(destination),
  },
  {
    name: 'process',
    doc: 'name of the process that opened it',
    reads: 'sourceProcess',
    of: ({ source }) => source.process?.comm ?? none,
  },
  {
    name: 'verdict',
    doc: 'what the declared policy says',
    reads: 'verdict',
    of: ({ verdict }) => verdict?.outcome ?? 'unknown',
  },
  { name: 'state', doc: 'how far the connection came', reads: 'state', of: ({ state }) => state },
  {
    name: 'observer',
    doc: 'sensor or decoder that saw it',
    reads: 'observation',
    of: ({ observation }) => observation?.by ?? none,
  },
  {
    name: 'exporter',
    doc: 'exporter or file that told of it',
    reads: 'observation',
    of: ({ observation }) => observation?.exporter ?? none,
  },
  {
    name: 'input',
    doc: 'interface it came in by',
    reads: 'observation',
    of: ({ observation }) => observation?.input ?? none,
  },
  {
    name: 'output',
    doc: 'interface it went out by',
    reads: 'observation',
    of: ({ observation }) => observation?.output ?? none,
  },
  {
    name: 'vlan',
    doc: 'VLAN ids, the outermost first',
    reads: 'vlans',
    of: ({ vlans }) => (vlans?.length ? vlans.join('.') : none),
  },
  {
    name: 'tunnel',
    doc: 'kind and id of the tunnel',
    reads: 'tunnel',
    of: ({ tunnel }) =>
      tunnel === undefined ? none : tunnel.id === undefined ? tunnel.kind : `${tunnel.kind}:${tunnel.id}`,
  },
  {
    name: 'name',
    doc: 'name that was looked up, else that of TLS or of HTTP',
    reads: 'names',
    of: ({ names }) => names?.dns ?? names?.tls ?? names?.http ?? none,
  },
  time('minute', minute),
  time('hour', 60 * minute),
  time('day', 1_440 * minute),
];

/** Names that stand for several dimensions. */
export const dimensionAliases: Readonly<Record<string, readonly string[]>> = {
  pair: ['src', 'dst'],
  workload: ['src-workload', 'dst-workload'],
  ns: ['src-ns', 'dst-ns'],
};

/** Every dimension by its name, in the order of the help text. */
export const dimensions: ReadonlyMap<string, Dimension> = new Map(
  all.map((dimension) => [dimension.name, dimension]),
);
