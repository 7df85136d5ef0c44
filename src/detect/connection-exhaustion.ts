import { z } from 'zod';
import type { End, Flow, FlowChange } from '../flow/flow.ts';
import { endOf } from '../flow/flow-summary.ts';
import { isCounted } from '../flow/steps.ts';
import { formatAddress } from '../net/address.ts';
import { Protocol } from '../net/protocol.ts';
import type { DetectorDefinition, Finding, RunningDetector, Technique } from './detector.ts';
import { ExtremeValue } from './extreme-value.ts';
import { isDeclared, Ours, ownNetworks } from './outbound.ts';
import { addressLanes, RankedTable } from './ranked-table.ts';
import { fullNameOf, listText, nameOf } from './text.ts';

const id = 'connection-exhaustion';

const serviceFlood: Technique = {
  id: 'T1499.002',
  name: 'Endpoint Denial of Service: Service Exhaustion Flood',
  tactic: 'Impact',
};

const options = z.strictObject({
  connections: z
    .int()
    .min(10)
    .default(100)
    .describe(
      'connections that few sources hold at one time without using them, below which nothing is told',
    ),
  sources: z.int().min(1).max(32).default(8).describe('how many sources, those that hold most, are few'),
  idleBytesPerSecond: z
    .number()
    .positive()
    .default(100)
    .describe('bytes a second, both ways, below which a connection is not used'),
  leastMs: z.int().min(1000).default(20_000).describe('a connection counts when it has lasted so long; ms'),
  risk: z
    .number()
    .gt(0)
    .max(0.01)
    .default(1e-4)
    .describe('probability with which a usual minute is above the threshold of a service'),
  learnMinutes: z
    .int()
    .min(120)
    .default(1440)
    .describe('minutes that the threshold is learned from; three times `connections` until then'),
  calmMinutes: z.int().min(1).default(5).describe('usual minutes after which it is over'),
  inside: ownNetworks,
  maxServices: z.int().min(16).max(16_384).default(512).describe('services remembered at one time'),
});

type Options = z.output<typeof options>;

const nothing: readonly Finding[] = [];
const minuteMs = 60_000;
/** Connections that have ended are held against so many minutes. */
const windowMinutes = 5;
const windowMs = windowMinutes * minuteMs;
const whileLearning = 3;
/** A service is learned of when it was held by this share of the least. */
const worthLearning = 1 / 10;
const drift = 60;
const level = 0.98;
/** Ranks: nothing held, something, learned of, told. */
const ranks = 4;
const maxHolders = 32;
const serviceBytes = 500;
const holderBytes = 900;

/** What one source holds of a service. */
interface Holder {
  readonly end: End;
  example: Flow;
  /** Connections that are open now, and in how many minutes in a row some were. */
  open: number;
  openMinutes: number;
  /** Bytes that were counted in this minute. */
  bytes: number;
  /** Time for which connections were held that ended in this minute, and in those before it. */
  heldMs: number;
  readonly before: number[];
}

interface Service {
  slot: number;
  readonly end: End;
  /** By the text of its address. */
  readonly holders: Map<string, Holder>;
  extreme: ExtremeValue | undefined;
  isTold: boolean;
  calm: number;
}

class ConnectionExhaustion implements RunningDetector {
  readonly #options: Options;
  readonly #ours: Ours;
  readonly #services: RankedTable<Service>;
  #minuteEnd = Number.NEGATIVE_INFINITY;
  #evictedHolders = 0;

  constructor(settings: Options) {
    this.#options = settings;
    this.#ours = new Ours(settings.inside);
    this.#services = new RankedTable(settings.maxServices, addressLanes + 1, ranks);
  }

  onFlow(flow: Flow, change: FlowChange): readonly Finding[] {
    if (flow.protocol !== Protocol.Tcp || isDeclared(flow.source) || !this.#ours.hasDestination(flow))
      return nothing;
    const opens = change === 'decided' && flow.state === 'established' && !flow.preexisting;
    const closes = change === 'closed' && flow.state === 'closed' && !flow.preexisting;
    const counts = isCounted(flow, change);
    if (!opens && !closes && !counts) return nothing;
    const held = counts ? this.#heldMs(flow) : 0;
    // What ends at once, as all do that are told when they are over, leaves nothing behind.
    const service = opens || held > 0 ? this.#service(flow) : this.#known(flow);
    const holder = service && this.#holder(service, flow, opens || held > 0);
    if (holder === undefined) return nothing;
    if (opens) holder.open++;
    if (closes) holder.open = Math.max(0, holder.open - 1);
    if (counts) holder.bytes += bytesOf(flow);
    holder.heldMs += held;
    if (held > 0) holder.example = flow;
    return nothing;
  }

  onTick(now: number): readonly Finding[] {
    if (this.#minuteEnd === Number.NEGATIVE_INFINITY || now < this.#minuteEnd - minuteMs)
      this.#minuteEnd = now + minuteMs;
    if (now < this.#minuteEnd) return nothing;
    this.#minuteEnd = now + minuteMs;
    const findings: Finding[] = [];
    for (const service of this.#services.values()) {
      const finding = this.#minute(service, now);
      if (finding !== undefined) findings.push(finding);
    }
    return findings;
  }

  stateBytes(): number {
    let bytes = this.#services.bytes;
    for (const { holders, extreme } of this.#services.values())
      bytes += serviceBytes + holders.size * holderBytes + (extreme?.bytes ?? 0);
    return bytes;
  }

  evicted(): number {
    return this.#services.evicted + this.#evictedHolders;
  }

  /** For how long a flow that has ended, or a part of it, held a connection without using it; 0 when it did not. At most a window: it was one. */
  #heldMs(flow: Flow): number {
    const { idleBytesPerSecond, leastMs } = this.#options;
    const isHalf = flow.state === 'timed-out';
    if (!isHalf && flow.sent === undefined && flow.received === undefined) return 0;
    const lasted = endOf(flow) - flow.openedAt;
    if (lasted < leastMs) return 0;
    return isHalf || bytesOf(flow) * 1000 < idleBytesPerSecond * lasted ? Math.min(lasted, windowMs) : 0;
  }

  #minute(service: Service, now: number): Finding | undefined {
    const held: [number, Holder][] = [];
    for (const [name, holder] of service.holders) {
      const count = this.#endMinute(holder);
      if (count > 0) held.push([count, holder]);
      else if (holder.open === 0) service.holders.delete(name);
    }
    held.sort(([one], [other]) => other - one);
    held.length = Math.min(held.length, this.#options.sources);
    const sum = held.reduce((all, [count]) => all + count, 0);
    const limit = this.#limit(service);
    const isAbove = sum >= limit;
    service.calm = isAbove ? 0 : service.calm + 1;
    if (service.isTold && service.calm >= this.#options.calmMinutes) service.isTold = false;
    const isNew = isAbove && !service.isTold;
    if (isNew) service.isTold = true;
    if (!service.isTold) this.#learn(service, sum);
    const rank = service.isTold ? 3 : service.extreme !== undefined ? 2 : service.holders.size > 0 ? 1 : 0;
    this.#services.touch(service.slot, rank);
    return isNew ? findingOf(service.end, held, sum, limit, now, this.#options) : undefined;
  }

  /** How many connections a source holds without using them: those that are open, or by Little's law those that have ended. */
  #endMinute(holder: Holder): number {
    holder.before.push(holder.heldMs);
    if (holder.before.length > windowMinutes) holder.before.shift();
    const ended = holder.before.reduce((sum, one) => sum + one, 0) / windowMs;
    holder.openMinutes = holder.open > 0 ? holder.openMinutes + 1 : 0;
    const isIdle = holder.bytes < this.#options.idleBytesPerSecond * (minuteMs / 1000) * holder.open;
    holder.heldMs = 0;
    holder.bytes = 0;
    // Those that were opened in this minute have not been held yet.
    return Math.max(ended, holder.openMinutes > 1 && isIdle ? holder.open : 0);
  }

  #learn(service: Service, held: number): void {
    const { risk, learnMinutes, connections } = this.#options;
    if (held >= connections * worthLearning)
      service.extreme ??= new ExtremeValue({ risk, level, learn: learnMinutes - drift, drift });
    service.extreme?.learn(held);
  }

  #limit({ extreme }: Service): number {
    const { connections } = this.#options;
    if (extreme === undefined || extreme.isLearning) return connections * whileLearning;
    // What is the same at all times has a threshold that one more would be above.
    return Math.max(connections, extreme.threshold + connections / 2);
  }

  #holder({ holders }: Service, flow: Flow, isNew: boolean): Holder | undefined {
    const name = formatAddress(flow.source.address);
    const known = holders.get(name);
    if (known !== undefined || !isNew) return known;
    if (holders.size === maxHolders) this.#evictHolder(holders);
    const holder: Holder = {
      end: flow.source,
      example: flow,
      open: 0,
      openMinutes: 0,
      bytes: 0,
      heldMs: 0,
      before: [],
    };
    holders.set(name, holder);
    return holder;
  }

  /** The source that holds least goes. */
  #evictHolder(holders: Map<string, Holder>): void {
    let least: string | undefined;
    let leastHeld = Number.POSITIVE_INFINITY;
    for (const [name, { open, heldMs, before }] of holders) {
      const held = open * windowMs + before.reduce((sum, one) => sum + one, heldMs);
      if (held >= leastHeld) continue;
      leastHeld = held;
      least = name;
    }
    holders.delete(least!);
    this.#evictedHolders++;
  }

  #known({ destination, openedAt }: Flow): Service | undefined {
    const table = this.#services;
    table.seed(openedAt);
    table.setAddress(0, destination.address);
    table.key[addressLanes] = destination.port;
    const slot = table.find();
    return slot < 0 ? undefined : table.value(slot);
  }

  #service(flow: Flow): Service {
    const known = this.#known(flow);
    if (known !== undefined) return known;
    const service: Service = {
      slot: -1,
      end: flow.destination,
      holders: new Map(),
      extreme: undefined,
      isTold: false,
      calm: 0,
    };
    service.slot = this.#services.insert(service);
    return service;
  }
}

function bytesOf({ sent, received }: Flow): number {
  return (sent?.bytes ?? 0) + (received?.bytes ?? 0);
}

function findingOf(
  end: End,
  held: readonly (readonly [number, Holder])[],
  sum: number,
  limit: number,
  at: number,
  settings: Options,
): Finding {
  const name = `${nameOf(end)}:${end.port}`;
  const sources = listText(
    held.slice(0, 4).map(([count, holder]) => `${nameOf(holder.end)} (${Math.round(count)})`),
    held.length - Math.min(held.length, 4),
  );
  const many = held.length === 1 ? 'one source' : `${held.length} sources`;
  const isOpen = held.some(([, { open }]) => open > 0);
  return {
    detector: id,
    severity: 'high',
    at,
    entity: nameOf(end),
    fingerprint: JSON.stringify([id, formatAddress(end.address), end.port]),
    title: `Connections held: ${many} hold ${Math.round(sum)} connections of ${name}`.replace(
      'one source hold',
      'one source holds',
    ),
    explanation: [
      `${many} (${sources}) ${held.length === 1 ? 'holds' : 'hold'} ${Math.round(sum)} connections of ${fullNameOf(end)} port ${end.port} at one time and ${held.length === 1 ? 'moves' : 'move'} less than ${settings.idleBytesPerSecond} bytes a second on each.`,
      `Usual are fewer than ${Math.round(limit)}.`,
      isOpen
        ? 'They are open now.'
        : `By Little's law: so many were held on average in the last ${windowMinutes} minutes, by how long those lasted that ended.`,
      'A server has room for so many at one time; held like this it has none for others (slowloris, slow POST and slow read look so). Limit connections for each source, and the time for a request.',
    ].join(' '),
    evidence: [
      { name: 'service', value: `${fullNameOf(end)} port ${end.port}` },
      {
        name: 'connections held',
        value: String(Math.round(sum)),
        expected: `fewer than ${Math.round(limit)}`,
      },
      { name: 'sources', value: sources },
    ],
    techniques: [serviceFlood],
    flows: held.slice(0, 4).map(([, { example }]) => example),
  };
}

/** Services whose connections few sources hold without using them. */
export const connectionExhaustion: DetectorDefinition<Options> = {
  id,
  title: 'Connection exhaustion',
  since: '0.2.0',
  techniques: [serviceFlood],
  options,
  doc: `A service of ours (address and TCP port) of which a few sources hold many connections at one time and hardly use them, as slowloris, slow POST and slow read do, and
handshakes that are left half open too slowly to be a SYN flood. Each minute it is counted for each source how many it holds:

- of connections that are **open now**, where they are told as they open and close: those of sources that moved less than 100 bytes a second on each in this minute;
- of those that have **ended** in the last 5 minutes, and of parts of long ones: by Little's law, the sum of the times that they lasted, divided by 5 minutes. Those count that lasted 20 s and
  moved less than 100 bytes a second, and half-open ones; each as 5 minutes at most.

The larger of both counts, and the eight sources that hold most are added up. Told are 100 and more, and 50 more than the service's own threshold, by streaming extreme-value theory with drift (Siffer and others, KDD
2017; risk 1 in 10,000). It is learned from a day of minutes, from the first one with 10 on; until then 300 are told. So a proxy that keeps connections open is learned as usual. Nothing is
learned while it is told.

Left out are declared sources: pools of connections are theirs.

It cannot see: declared sources that hold connections; the same from more than eight sources with few each; requests that keep a server busy with full connections; where nobody counts bytes (sockets alone) whether open ones
are used, so that busy ones count too; ended ones of which nobody counts bytes.

Memory: at most \`maxServices\` services of 0.5 KB and 2.2 KB for what is learned, with ${maxHolders} sources of 0.9 KB each: 16 MB as preset at the very most. When full, a service of which nothing is held goes first;
of the sources of one, the one that holds least. Both are counted.`,
  create: (settings) => new ConnectionExhaustion(settings),
};
