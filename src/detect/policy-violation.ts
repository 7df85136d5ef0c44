import { z } from 'zod';
import type { Flow, FlowChange } from '../flow/flow.ts';
import { protocolName } from '../net/protocol.ts';
import type { DetectorDefinition, Evidence, Finding, RunningDetector, Technique } from './detector.ts';
import { fullNameOf, listText, nameOf, plural, portsText, processText, reasonText } from './text.ts';

const id = 'policy-violation';

const nothing: readonly Finding[] = [];

/** How a forbidden connection came out. */
type Kind = 'passed' | 'blocked' | 'unclear';

const lateralMovement: Technique = { id: 'T1021', name: 'Remote Services', tactic: 'Lateral Movement' };
const fromOutside: Technique = { id: 'T1133', name: 'External Remote Services', tactic: 'Initial Access' };
const toOutside: Technique = {
  id: 'T1048',
  name: 'Exfiltration Over Alternative Protocol',
  tactic: 'Exfiltration',
};

const options = z.strictObject({
  edgesPerSource: z
    .int()
    .min(1)
    .max(1000)
    .default(5)
    .describe(
      'destinations that one source failed to reach that get an alert each; further ones share one alert',
    ),
  gapsPerSource: z
    .int()
    .min(1)
    .max(1000)
    .default(50)
    .describe('the same for forbidden connections that were established'),
  forgetMs: z
    .int()
    .min(60_000)
    .default(3_600_000)
    .describe('a source without violations for this long starts afresh; ms'),
  maxSources: z.int().min(16).max(65_536).default(1024).describe('sources remembered at one time'),
});

type Options = z.output<typeof options>;

/** Where one source went that it may not: what one alert is about. */
interface Place {
  /** Ports tried, at most {@link maxPortsNamed} of them. */
  readonly ports: Set<number>;
  /** How many were tried, and the number at which the alert is renewed. */
  tried: number;
  renewAt: number;
}

/** What is remembered of one source and kind. */
interface Source {
  /** By fingerprint, what has an alert of its own. */
  readonly places: Map<string, Place>;
  /** Connections beyond those, and the number at which the shared alert is renewed. */
  further: number;
  renewAt: number;
  readonly destinations: Set<string>;
  lastAt: number;
}

const maxDestinationsNamed = 10;
const maxPortsNamed = 64;
const maxRecentFlows = 1024;
/** Approximate bytes of one remembered fingerprint or name. */
const textBytes = 120;
/** Approximate bytes of one remembered port. */
const portBytes = 16;

class PolicyViolation implements RunningDetector {
  readonly #options: Options;
  /** By kind and source, the one without violations for longest first. */
  readonly #sources = new Map<string, Source>();
  /** Flows judged already, since an unanswered one is decided again when it times out. */
  readonly #recent = new Map<string, Kind>();
  #places = 0;
  #ports = 0;
  #evicted = 0;

  constructor(settings: Options) {
    this.#options = settings;
  }

  onFlow(flow: Flow, change: FlowChange): readonly Finding[] {
    if (change !== 'decided' || flow.verdict?.outcome !== 'deny') return nothing;
    const kind = kindOf(flow);
    if (this.#recent.get(flow.id) === kind) return nothing;
    this.#remember(flow.id, kind);
    const at = flow.closedAt ?? flow.establishedAt ?? flow.openedAt;
    const source = this.#source(`${kind}\0${nameOf(flow.source)}`, at);
    const edge = fingerprint(flow, kind);
    const limit = flow.state === 'established' ? this.#options.gapsPerSource : this.#options.edgesPerSource;
    const known = source.places.get(edge);
    if (known !== undefined || source.places.size < limit) {
      const place = known ?? { ports: new Set(), tried: 0, renewAt: 1 };
      if (known === undefined) this.#places++;
      source.places.set(edge, place);
      return this.#isNews(place, flow.destination.port) ? [single(flow, kind, at, edge, place)] : [];
    }
    source.further++;
    if (source.destinations.size < maxDestinationsNamed) {
      source.destinations.add(`${nameOf(flow.destination)}:${flow.destination.port}`);
    }
    if (source.further < source.renewAt) return [];
    source.renewAt *= 2;
    return [many(flow, kind, at, source, limit)];
  }

  /** Whether the alert of a place has to be raised or renewed: for a port again, and as the ports become twice as many. */
  #isNews(place: Place, port: number): boolean {
    if (place.ports.has(port)) return true;
    place.tried++;
    if (place.ports.size < maxPortsNamed) {
      place.ports.add(port);
      this.#ports++;
    }
    if (place.tried < place.renewAt) return false;
    place.renewAt *= 2;
    return true;
  }

  #forget({ places }: Source): void {
    this.#places -= places.size;
    for (const { ports } of places.values()) this.#ports -= ports.size;
  }

  stateBytes(): number {
    return (
      this.#sources.size * (400 + maxDestinationsNamed * textBytes) +
      (this.#places + this.#recent.size) * textBytes +
      this.#ports * portBytes
    );
  }

  evicted(): number {
    return this.#evicted;
  }

  #source(key: string, at: number): Source {
    const known = this.#sources.get(key);
    const stale = known !== undefined && at - known.lastAt > this.#options.forgetMs;
    if (stale) this.#forget(known);
    const source: Source =
      known !== undefined && !stale
        ? known
        : { places: new Map(), further: 0, renewAt: 1, destinations: new Set(), lastAt: at };
    source.lastAt = Math.max(source.lastAt, at);
    this.#sources.delete(key);
    if (this.#sources.size >= this.#options.maxSources) this.#evict();
    this.#sources.set(key, source);
    return source;
  }

  #evict(): void {
    const [key, source] = this.#sources.entries().next().value!;
    this.#sources.delete(key);
    this.#forget(source);
    this.#evicted++;
  }

  #remember(flow: string, kind: Kind): void {
    this.#recent.delete(flow);
    if (this.#recent.size >= maxRecentFlows) this.#recent.delete(this.#recent.keys().next().value!);
    this.#recent.set(flow, kind);
  }
}

function kindOf({ state, reachedDestination }: Flow): Kind {
  if (state === 'established' || reachedDestination) return 'passed';
  return state === 'refused' || state === 'aborted' ? 'unclear' : 'blocked';
}

/** That it came through, or was stopped; one that nothing stopped and nobody took came to nothing. */
function outcomeOf({ state }: Flow, kind: Kind): Pick<Finding, 'outcome'> {
  if (kind === 'blocked') return { outcome: 'blocked' };
  if (kind === 'unclear') return {};
  return { outcome: state === 'established' ? 'succeeded' : 'failed' };
}

/** Each established connection's port is an open door of its own; attempts on one destination belong together. */
function fingerprint({ source, destination, protocol, state }: Flow, kind: Kind): string {
  const port = state === 'established' ? destination.port : 'any';
  return JSON.stringify([id, kind, nameOf(source), nameOf(destination), protocol, port]);
}

function single(flow: Flow, kind: Kind, at: number, edge: string, { ports, tried }: Place): Finding {
  const [source, destination] = [nameOf(flow.source), nameOf(flow.destination)];
  const service = `${protocolName(flow.protocol)} ${portsText(ports, tried)}`;
  const titles: Record<Kind, string> = {
    passed: `Enforcement gap: ${source} reached ${destination} on ${service}, which is forbidden`,
    blocked: `${source} tried to reach ${destination} on ${service}, which is forbidden; it was stopped`,
    unclear: `${source} tried to reach ${destination} on ${service}, which is forbidden`,
  };
  return {
    detector: id,
    severity: kind === 'passed' ? 'high' : 'medium',
    at,
    ...outcomeOf(flow, kind),
    entity: source,
    fingerprint: edge,
    title: titles[kind],
    explanation: [whatHappened(flow), whatIsDeclared(flow), whatFollows(flow, kind)].join(' '),
    evidence: evidenceOf(flow),
    techniques: [techniqueOf(flow)],
    flows: [flow],
  };
}

/** The shared finding of a source with more violations than get an alert each. */
function many(flow: Flow, kind: Kind, at: number, source: Source, limit: number): Finding {
  const name = nameOf(flow.source);
  const came: Record<Kind, string> = {
    passed: 'that nothing stopped',
    blocked: 'that were stopped',
    unclear: 'whose end the source alone cannot tell',
  };
  const named = [...source.destinations];
  return {
    detector: id,
    severity: kind === 'passed' ? 'high' : 'medium',
    at,
    ...outcomeOf(flow, kind),
    entity: name,
    fingerprint: JSON.stringify([id, kind, name]),
    title: `${name}: many forbidden connections ${came[kind]}`,
    explanation: [
      `Beyond the ${limit} places that have an alert each, ${name} made ${plural(source.further, 'more forbidden connection')} ${came[kind]}.`,
      `The latest: ${whatHappened(flow)} ${whatIsDeclared(flow)}`,
      'So many different places look like a scan, or like a policy that does not know this source.',
    ].join(' '),
    evidence: [
      { name: 'further connections', value: String(source.further), expected: '0' },
      {
        name: 'to',
        value: listText(named, source.further > named.length ? source.further - named.length : 0),
      },
      ...evidenceOf(flow),
    ],
    techniques: [techniqueOf(flow)],
    flows: [flow],
  };
}

function whatHappened(flow: Flow): string {
  const { source, destination, state, protocol } = flow;
  const who = source.process
    ? `${fullNameOf(source)}, process ${source.process.comm}[${source.process.pid}],`
    : fullNameOf(source);
  const place = `${fullNameOf(destination)} on ${protocolName(protocol)} port ${destination.port}`;
  const since = flow.preexisting ? ' The connection is older than this watch.' : '';
  if (state === 'established') return `${who} is connected to ${place}.${since}`;
  return `${who} tried to connect to ${place}: ${outcomeText(flow)}.${since}`;
}

function outcomeText({ state, reachedDestination }: Flow): string {
  if (state === 'refused')
    return reachedDestination ? "the destination's own kernel refused it" : 'it was refused';
  if (state === 'unreachable') return 'the network answered that it is unreachable or prohibited';
  if (state === 'aborted') return 'it was given up before there was an answer';
  return 'there was no answer';
}

function whatIsDeclared({ verdict }: Flow): string {
  const denying = (verdict?.reasons ?? []).filter(({ outcome }) => outcome === 'deny');
  return `Declared is: ${denying.map(reasonText).join(' ')}`;
}

function whatFollows({ state, verdict }: Flow, kind: Kind): string {
  if (kind === 'blocked')
    return 'What is declared is enforced; the attempt itself is what should be explained.';
  if (kind === 'unclear') {
    return state === 'aborted'
      ? 'Whether anything would have stopped it is not known.'
      : 'Only the source was seen: whether a firewall on the way refused it or the destination itself, which would be an enforcement gap, cannot be told apart.';
  }
  const object = verdict?.reasons.find(({ outcome }) => outcome === 'deny')?.object;
  const rule = object ? `${object.kind} ${object.name}` : 'the declared rule';
  const nothing = state === 'established' ? '' : ' it failed only because nothing listens there, and';
  return `Nothing on the way stopped it:${nothing} ${rule} should have stopped it, so it is not enforced here: look whether the network plugin enforces it, and whether traffic takes a way around it (host network, node address).`;
}

function evidenceOf(flow: Flow): Evidence[] {
  const { source, destination, verdict } = flow;
  return [
    { name: 'source', value: fullNameOf(source) },
    ...(source.process ? [{ name: 'process', value: processText(source.process) }] : []),
    { name: 'destination', value: `${fullNameOf(destination)} port ${destination.port}` },
    ...(destination.process ? [{ name: 'accepted by', value: processText(destination.process) }] : []),
    { name: 'outcome', value: flow.state, expected: 'not attempted' },
    ...(verdict?.reasons ?? []).map((reason) => ({
      name: `${reason.direction} ${reason.outcome}`,
      value: reason.rule === undefined ? reasonText(reason) : `rule ${reason.rule}: ${reasonText(reason)}`,
    })),
  ];
}

function techniqueOf({ source, destination }: Flow): Technique {
  if (!isDeclared(destination.identity)) return toOutside;
  return isDeclared(source.identity) ? lateralMovement : fromOutside;
}

function isDeclared(identity: Flow['source']['identity']): boolean {
  return identity !== undefined && identity.kind !== 'unknown';
}

/** Connections that the declared policy forbids. */
export const policyViolation: DetectorDefinition<Options> = {
  id,
  title: 'Forbidden connection',
  since: '0.1.0',
  techniques: [lateralMovement, fromOutside, toOutside],
  options,
  doc: `Every connection whose verdict by the declared controls is *deny*, told apart by what became of it:

- **Enforcement gap** (high): it was established, or the destination's own kernel is known to have answered it. Nothing on
  the way stopped what the policy forbids.
- **Attempt** (medium): no answer, or the network said that it is unreachable or prohibited. The policy is enforced.
- **Attempt, unclear** (medium): it was refused and only the source was seen. A firewall that rejects with a reset and a
  destination where nothing listens look the same from there.

The explanation names the policy, the rule, and its file and line. A verdict of *unknown* raises nothing. Connections that
existed before the watch began count too. The same source, destination, protocol, port and outcome is one alert with a
count; attempts that were not established are one alert for each destination, which names the ports; an attempt that later
passes is a new one. A source with violations in many places, such as a scanner, gets one alert for all further ones.

ATT&CK: between declared ends T1021 (use of a remote service to move on; nothing here shows an exploit, which T1210 would
claim), from undeclared sources T1133, to undeclared destinations T1048.

It cannot see connections that never touch a socket of this machine, or those that the sensor lost.

Memory: at most \`maxSources\` × (1.6 KB + 140 B × \`gapsPerSource\` + 1.2 KB × \`edgesPerSource\`), about 15 MB as
preset; the source without violations for
longest is dropped first, and counted.`,
  create: (settings) => new PolicyViolation(settings),
};
