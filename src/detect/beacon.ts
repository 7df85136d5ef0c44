import { z } from 'zod';
import type { Flow, FlowChange } from '../flow/flow.ts';
import { protocolName } from '../net/protocol.ts';
import { BeaconPair } from './beacon-pair.ts';
import { type BeaconScore, type Spread, scoreBeacon } from './beacon-score.ts';
import type { DetectorDefinition, Evidence, Finding, RunningDetector, Technique } from './detector.ts';
import { isOutbound } from './outbound.ts';
import { addressLanes, RankedTable } from './ranked-table.ts';
import { fullNameOf, nameOf, processText } from './text.ts';

const id = 'beacon';

const webProtocols: Technique = {
  id: 'T1071.001',
  name: 'Application Layer Protocol: Web Protocols',
  tactic: 'Command and Control',
};
const otherPort: Technique = { id: 'T1571', name: 'Non-Standard Port', tactic: 'Command and Control' };

const options = z.strictObject({
  score: z.number().gt(0).max(1).default(0.9).describe('score from which on a pair is told'),
  highScore: z.number().gt(0).max(1).default(0.97).describe('score from which on it is of severity high'),
  connections: z
    .int()
    .min(8)
    .max(10_000)
    .default(32)
    .describe(
      'connections in 24 hours below which nothing is said: more than one an hour, which schedulers do',
    ),
  scoreEveryMs: z
    .int()
    .min(1000)
    .default(600_000)
    .describe('a pair is looked at no more often than that; ms'),
  holdMs: z
    .int()
    .min(0)
    .default(3_600_000)
    .describe(
      'time for which the score must not fall below: who looks often enough finds a moment at which anything is regular; ms',
    ),
  repeatMs: z
    .int()
    .min(60_000)
    .default(900_000)
    .describe('while it calls, a pair is told again after this long, as the same alert; ms'),
  pauseMs: z
    .int()
    .min(3_600_000)
    .default(86_400_000)
    .describe('a pair that calls again after a longer pause is a new alert; ms'),
  maxPairs: z.int().min(16).max(65_536).default(4096).describe('pairs remembered at one time'),
});

type Options = z.output<typeof options>;

const nothing: readonly Finding[] = [];
/** Ranks in the table: a few connections, several, as many as it takes, told. */
const ranks = 4;
const several = 8;
const webPorts: ReadonlySet<number> = new Set([80, 443, 8080, 8443]);

class Beacon implements RunningDetector {
  readonly #options: Options;
  readonly #pairs: RankedTable<BeaconPair>;

  constructor(settings: Options) {
    this.#options = settings;
    // Both ends, port and protocol.
    this.#pairs = new RankedTable(settings.maxPairs, addressLanes * 2 + 1, ranks);
  }

  onFlow(flow: Flow, change: FlowChange): readonly Finding[] {
    if (!isConnection(flow, change) || !isOutbound(flow)) return nothing;
    const pair = this.#pair(flow);
    if (pair === undefined) return nothing;
    const count = pair.kept;
    const hasEnough =
      count >= Math.min(this.#options.connections, several) && pair.count >= this.#options.connections;
    const rank = pair.isReported ? 3 : hasEnough ? 2 : count >= several ? 1 : 0;
    this.#pairs.touch(pair.slot, rank);
    const at = flow.closedAt ?? flow.lastAt ?? flow.openedAt;
    return hasEnough && at >= pair.scoreAt ? this.#judge(pair, at) : nothing;
  }

  stateBytes(): number {
    let bytes = this.#pairs.bytes;
    for (const pair of this.#pairs.values()) bytes += pair.bytes;
    return bytes;
  }

  evicted(): number {
    return this.#pairs.evicted;
  }

  #judge(pair: BeaconPair, at: number): readonly Finding[] {
    const score = scoreBeacon(pair.record());
    pair.scoreAt = at + this.#options.scoreEveryMs;
    if (score.total < this.#options.score) {
      pair.aboveSince = Number.POSITIVE_INFINITY;
      return nothing;
    }
    pair.aboveSince = Math.min(pair.aboveSince, at);
    if (at - pair.aboveSince < this.#options.holdMs) return nothing;
    pair.scoreAt = at + this.#options.repeatMs;
    pair.isReported = true;
    return [findingOf(pair, score, at, this.#options)];
  }

  /** The pair, with this connection; undefined where it is the first. */
  #pair(flow: Flow): BeaconPair | undefined {
    const table = this.#pairs;
    table.seed(flow.openedAt);
    table.setAddress(0, flow.source.address);
    table.setAddress(addressLanes, flow.destination.address);
    table.key[addressLanes * 2] = flow.destination.port * 256 + flow.protocol;
    const slot = table.find();
    if (slot < 0) {
      const pair = new BeaconPair(flow);
      pair.slot = table.insert(pair);
      return undefined;
    }
    const known = table.value(slot);
    known.add(flow);
    return known;
  }
}

/**
 * Whether this tells of one whole connection, or the first part of a long one, with what was counted, once. One whose beginning nobody saw
 * was not opened now: a connection that stays open, with a word now and then, is told anew after each silence, and is one all the same.
 */
function isConnection(
  { state, preexisting, part = 1, awaitsCounts = false }: Flow,
  change: FlowChange,
): boolean {
  if (preexisting || part > 1 || (state !== 'established' && state !== 'closed')) return false;
  return change === 'counted' || change === 'part' || (change === 'closed' && !awaitsCounts);
}

function findingOf(pair: BeaconPair, score: BeaconScore, at: number, settings: Options): Finding {
  const { latest: flow, first } = pair;
  const { source, destination, protocol } = flow;
  const service = `${nameOf(destination)}:${destination.port}`;
  const name = flow.names?.tls ?? flow.names?.http ?? flow.names?.dns;
  const called = name === undefined ? '' : `, called ${name}`;
  const { intervals, sizes } = score;
  const every = seconds(intervals.median);
  return {
    detector: id,
    severity: score.total >= settings.highScore ? 'high' : 'medium',
    at,
    beganAt: Math.min(first.openedAt, at),
    entity: nameOf(source),
    fingerprint: JSON.stringify([id, nameOf(source), nameOf(destination), protocol, destination.port]),
    repeatsWithinMs: settings.pauseMs,
    title: `Beacon: ${nameOf(source)} calls ${service} about every ${every}`,
    explanation: [
      `${fullNameOf(source)} connected ${pair.count} times in 24 hours to ${fullNameOf(destination)} on ${protocolName(protocol)} port ${destination.port}${called}, in ${score.hoursSeen} of 24 hours, about every ${every} (half of the intervals between ${seconds(intervals.lower)} and ${seconds(intervals.upper)}).`,
      sizes === undefined
        ? 'Nobody counted its bytes: the score is that of the times alone.'
        : `Half of them sent between ${Math.round(sizes.lower)} and ${Math.round(sizes.upper)} bytes.`,
      'People and most programs are less regular: this is a machine that asks for orders, or one that asks for news, such as an updater.',
      'Find out which program it is; a service that is declared is no longer told.',
    ].join(' '),
    evidence: [
      { name: 'source', value: fullNameOf(source) },
      ...(source.process ? [{ name: 'process', value: processText(source.process) }] : []),
      { name: 'destination', value: `${fullNameOf(destination)} port ${destination.port}` },
      ...(name === undefined ? [] : [{ name: 'name', value: name }]),
      { name: 'score', value: score.total.toFixed(2), expected: `below ${settings.score}` },
      part('intervals', intervals, seconds(intervals.deviation), every),
      ...(sizes
        ? [part('bytes sent', sizes, `${Math.round(sizes.deviation)}`, `${Math.round(sizes.median)}`)]
        : []),
      { name: 'duration', value: `${score.duration.toFixed(2)}: ${score.hoursSeen} of 24 hours` },
      { name: 'evenness over the hours', value: score.evenness.toFixed(2) },
    ],
    techniques: [webPorts.has(destination.port) ? webProtocols : otherPort],
    flows: first === flow ? [flow] : [first, flow],
  };
}

function part(name: string, { score }: Spread, deviation: string, median: string): Evidence {
  return {
    name,
    value: `${score.toFixed(2)}: median ${median}, median deviation ${deviation}`,
    expected: 'intervals and sizes that differ by more than half of their median',
  };
}

function seconds(value: number): string {
  return value < 120 ? `${value.toFixed(1)} s` : `${(value / 60).toFixed(1)} min`;
}

/** Sources that call the same service outside at regular times. */
export const beacon: DetectorDefinition<Options> = {
  id,
  title: 'Beacon',
  since: '0.2.0',
  techniques: [webProtocols, otherPort],
  options,
  threshold: { option: 'score', values: [0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.99] },
  doc: `A source that connects to the same service outside again and again as a machine does: what has taken over a host asks for orders.
For each source, address, port and protocol four parts are scored, a quarter each, after RITA 5 (\`analysis/beacons.go\`):

1. **intervals** between connections, and 2. **bytes sent**: symmetry of the quartiles (Bowley's skewness) and median absolute deviation
   against the median, half each; sizes that differ by the headers of two packets are the same, since acknowledgements come and go;
3. **duration**: share of the last 24 hours, or hours in a row out of 12; nothing below 6 hours with connections;
4. **evenness** over the whole hours since the first connection, the last 11 to 23: one less the coefficient of variation.

Where nobody counted bytes (sockets alone) the score is the mean of the other three. It is worked out at most every 10 minutes for a pair with at
least 32 connections in 24 hours, and must stay at 0.9 and above for an hour. Times are those at which connections were opened; the last 128 are kept.
What goes on without having been seen to open, as a connection does that was silent for minutes, is no connection of its own.

Left out: what is declared, private and multicast addresses, names, addresses and time (DNS, DHCP, NTP, mDNS, SSDP), connections that this machine
has accepted, and those that failed (see failing-dial-out).

It cannot tell malware from a program that asks its maker for news: tills, cameras, telephones and build machines have such. It cannot see beacons
of less than 32 connections a day or within less than some 12 hours, those that hide behind many addresses or vary their times at random by more
than half, connections that stay open, and beacons through a proxy or DNS.

Memory: at most \`maxPairs\` pairs of 0.8 KB for one connection to 3.7 KB, 15 MB as preset. When full, the pair with few connections that was not seen for longest goes, and
is counted.`,
  create: (settings) => new Beacon(settings),
};
