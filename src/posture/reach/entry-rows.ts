import type { Outcome } from '../../flow/verdict.ts';
import { AddressSet } from '../../net/address-set.ts';
import { PortSet } from '../../net/port-set.ts';
import type { Endpoint } from '../../segmentation/endpoint.ts';
import { type EntryEdge, entryEdges } from '../../segmentation/entry/edges.ts';
import { EntryWays, type Hop } from '../../segmentation/entry/hops.ts';
import { type ApiProtocol, apiProtocols } from '../../segmentation/protocol.ts';
import { judgeEnds } from '../judge.ts';
import type { Declared } from '../posture.ts';
import { anyProxyOutcome } from './any-proxy.ts';
import type { ReachRow, ReachScope } from './matrix.ts';

/** Any client out there: an address of the ranges for documentation, which nobody has. */
const client: Endpoint = {
  kind: 'external',
  address: AddressSet.all.first() as NonNullable<ReturnType<AddressSet['first']>>,
};

/** Yields what each way in leads to: the ports of pods that its proxy, or the client itself, may reach. */
export function* entryRows(
  declared: Declared,
  { protocol: only, port: asked }: ReachScope,
): Generator<ReachRow> {
  const ways = new EntryWays(declared.entries);
  const edges = entryEdges(declared.entries).filter(({ protocol, port }) => {
    return (asked === undefined || asked === port) && (only === undefined || apiProtocols[only] === protocol);
  });
  const byPair = Map.groupBy(edges, ({ entry, workload }) => `${entry.text} ${entry.kind} ${workload.index}`);
  for (const ofPair of byPair.values()) {
    const [{ entry, workload }] = ofPair as [EntryEdge];
    const sets = new Map<number, { allowed: PortSet; unknown: PortSet }>();
    for (const edge of ofPair) {
      const outcome = edgeOutcome(edge, ways, declared);
      if (outcome === 'deny') continue;
      const known = sets.get(edge.protocol) ?? { allowed: PortSet.empty, unknown: PortSet.empty };
      const which = outcome === 'allow' ? 'allowed' : 'unknown';
      sets.set(edge.protocol, { ...known, [which]: known[which].union(PortSet.of(edge.port)) });
    }
    const protocols = only === undefined ? (Object.keys(apiProtocols) as ApiProtocol[]) : [only];
    yield {
      source: { kind: 'entry', text: entry.text, span: entry.span },
      destination: { kind: 'workload', workload },
      ports: protocols.map((protocol) => {
        const none = { allowed: PortSet.empty, unknown: PortSet.empty };
        return { protocol, ...(sets.get(apiProtocols[protocol]) ?? none) };
      }),
    };
  }
}

/** One way is enough: whoever forwards, if all that may forward are told alike. */
function edgeOutcome(edge: EntryEdge, ways: EntryWays, declared: Declared): Outcome {
  const outcomes = ways.lastHops(edge).map((hop) => hopOutcome(hop, declared));
  const [first] = outcomes;
  if (first === undefined) return 'unknown';
  const alike = outcomes.every((one) => one === first) ? first : 'unknown';
  return edge.doubt !== undefined && alike === 'allow' ? 'unknown' : alike;
}

function hopOutcome({ source, destination, protocol, port }: Hop, declared: Declared): Outcome {
  const end: Endpoint = { kind: 'workload', workload: destination };
  if (source.kind === 'workload') {
    return judgeEnds(declared, { source, destination: end, protocol, port }).outcome;
  }
  if (source.kind === 'client') {
    return judgeEnds(declared, { source: client, destination: end, protocol, port }).outcome;
  }
  return anyProxyOutcome(declared, client, destination, protocol, port);
}
