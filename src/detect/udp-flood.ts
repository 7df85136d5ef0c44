import { z } from 'zod';
import { finish, mix } from '../flow/chained-index.ts';
import type { End, Flow, FlowChange, Traffic } from '../flow/flow.ts';
import { endOf } from '../flow/flow-summary.ts';
import { isCounted } from '../flow/steps.ts';
import { type Address, formatAddress, isMulticast } from '../net/address.ts';
import { Protocol } from '../net/protocol.ts';
import { ContactSet } from './contact-set.ts';
import type { DetectorDefinition, Finding, RunningDetector, Technique } from './detector.ts';
import { ExtremeValue } from './extreme-value.ts';
import { Ours, ownNetworks } from './outbound.ts';
import { addressLanes, RankedTable } from './ranked-table.ts';
import { bytesText, fullNameOf, nameOf } from './text.ts';

const id = 'udp-flood';

const direct: Technique = {
  id: 'T1498.001',
  name: 'Network Denial of Service: Direct Network Flood',
  tactic: 'Impact',
};
const reflection: Technique = {
  id: 'T1498.002',
  name: 'Network Denial of Service: Reflection Amplification',
  tactic: 'Impact',
};

const options = z.strictObject({
  leastPackets: z
    .int()
    .positive()
    .default(10_000)
    .describe('packets in 10 s that nobody asked for, below which there is no flood'),
  leastAmplified: z
    .int()
    .positive()
    .default(1000)
    .describe(
      'the same for answers of amplifiers, and for answers of a server of ours that are far larger than what was asked',
    ),
  answered: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.05)
    .describe('packets back for each one forth from which on a conversation is one'),
  amplification: z
    .number()
    .gt(1)
    .default(10)
    .describe('bytes of answer for each byte of question from which on a server of ours is an amplifier'),
  risk: z
    .number()
    .gt(0)
    .max(0.01)
    .default(1e-5)
    .describe('probability with which a usual step of 10 s is above the threshold of a flood'),
  learnSteps: z
    .int()
    .min(360)
    .default(8640)
    .describe('steps of 10 s that the threshold is learned from; five times `leastPackets` until then'),
  calmSteps: z.int().min(1).default(6).describe('usual steps after which a flood is over'),
  inside: ownNetworks,
  maxVictims: z.int().min(16).max(65_536).default(1024).describe('ends of ours remembered at one time'),
});

type Options = z.output<typeof options>;

const nothing: readonly Finding[] = [];
const stepMs = 10_000;
/** While a threshold is learned, a flood is so many times the least. */
const whileLearning = 5;
/** An end is learned of when a step had this share of the least. */
const worthLearning = 1 / 20;
const drift = 360;
const level = 0.98;
/** Ranks: nothing of late, something, learned of, told. */
const ranks = 4;
const maxExamples = 4;
const victimBytes = 300;
const streamBytes = 250;
const flowBytes = 500;

/**
 * Services over UDP that answer more than they are asked, to whoever seems to ask, by port (US-CERT TA14-017A; of later ones LDAP without
 * connections, memcached, WS-Discovery, ARMS and coturn).
 */
const amplifiers: ReadonlyMap<number, string> = new Map([
  [17, 'QOTD'],
  [19, 'CharGEN'],
  [53, 'DNS'],
  [69, 'TFTP'],
  [111, 'portmap'],
  [123, 'NTP'],
  [137, 'NetBIOS'],
  [161, 'SNMP'],
  [389, 'LDAP'],
  [427, 'SLP'],
  [500, 'IKE'],
  [520, 'RIP'],
  [1434, 'SQL Server browser'],
  [1900, 'SSDP'],
  [3283, 'ARMS'],
  [3478, 'STUN'],
  [3702, 'WS-Discovery'],
  [5353, 'mDNS'],
  [5683, 'CoAP'],
  [10_001, 'Ubiquiti discovery'],
  [11_211, 'memcached'],
  [27_960, 'Quake'],
]);

const kinds = ['flood', 'amplification', 'reflection'] as const;
type Kind = (typeof kinds)[number];

/** What comes to an end of ours unasked, or goes out of it likewise. */
interface Stream {
  readonly end: End;
  /** Packets of this step; of flows that lasted longer than a step, the share of one. */
  rate: number;
  packets: number;
  bytes: number;
  /** Bytes the other way. */
  asked: number;
  since: number;
  calm: number;
  isTold: boolean;
  sources: ContactSet;
  /** Packets by port of the amplifiers; no more ports than there are kinds of these. */
  ports: Map<number, number>;
  examples: Flow[];
}

interface Victim {
  slot: number;
  extreme: ExtremeValue | undefined;
  streams: Partial<Record<Kind, Stream>>;
}

class UdpFlood implements RunningDetector {
  readonly #options: Options;
  readonly #ours: Ours;
  readonly #victims: RankedTable<Victim>;
  #stepEnd = Number.NEGATIVE_INFINITY;

  constructor(settings: Options) {
    this.#options = settings;
    this.#ours = new Ours(settings.inside);
    this.#victims = new RankedTable(settings.maxVictims, addressLanes, ranks);
  }

  onFlow(flow: Flow, change: FlowChange): readonly Finding[] {
    if (flow.protocol !== Protocol.Udp || !isCounted(flow, change)) return nothing;
    const { source, destination } = flow;
    const { sent = none, received = none } = flow;
    if (
      this.#isUnasked(sent, received) &&
      this.#ours.hasDestination(flow) &&
      !isMulticast(destination.address)
    )
      this.#add(flow, destination, source, sent, received);
    // Whoever told of it took the end that answers for the one that was called.
    if (this.#isUnasked(received, sent) && this.#ours.hasSource(flow))
      this.#add(flow, source, destination, received, sent);
    if (amplifiers.has(destination.port) && this.#isLarger(received, sent) && this.#ours.hasDestination(flow))
      this.#count(this.#stream(this.#victim(flow, destination.address), 'reflection', destination), flow, {
        far: source,
        come: received,
        gone: sent,
        port: destination.port,
      });
    return nothing;
  }

  onTick(now: number): readonly Finding[] {
    if (this.#stepEnd === Number.NEGATIVE_INFINITY || now < this.#stepEnd - stepMs)
      this.#stepEnd = now + stepMs;
    if (now < this.#stepEnd) return nothing;
    this.#stepEnd = now + stepMs;
    const findings: Finding[] = [];
    for (const victim of this.#victims.values()) this.#step(victim, now, findings);
    return findings;
  }

  stateBytes(): number {
    let bytes = this.#victims.bytes;
    for (const { extreme, streams } of this.#victims.values()) {
      bytes += victimBytes + (extreme?.bytes ?? 0);
      for (const kind of kinds) {
        const stream = streams[kind];
        if (stream === undefined) continue;
        bytes +=
          streamBytes + stream.sources.bytes + stream.ports.size * 32 + stream.examples.length * flowBytes;
      }
    }
    return bytes;
  }

  evicted(): number {
    return this.#victims.evicted;
  }

  #isUnasked(come: Traffic, gone: Traffic): boolean {
    return come.packets > 0 && gone.packets < come.packets * this.#options.answered;
  }

  #isLarger(answer: Traffic, question: Traffic): boolean {
    return question.bytes > 0 && answer.bytes >= question.bytes * this.#options.amplification;
  }

  #add(flow: Flow, end: End, far: End, come: Traffic, gone: Traffic): void {
    const kind = amplifiers.has(far.port) ? 'amplification' : 'flood';
    const stream = this.#stream(this.#victim(flow, end.address), kind, end);
    this.#count(stream, flow, { far, come, gone, port: far.port });
  }

  #count(
    stream: Stream,
    flow: Flow,
    { far, come, gone, port }: { far: End; come: Traffic; gone: Traffic; port: number },
  ): void {
    const lasted = endOf(flow) - flow.openedAt;
    if (stream.packets === 0) stream.since = flow.openedAt;
    stream.rate += come.packets * (stepMs / Math.max(stepMs, lasted));
    stream.packets += come.packets;
    stream.bytes += come.bytes;
    stream.asked += gone.bytes;
    stream.sources.add(hashOf(far.address));
    if (amplifiers.has(port)) stream.ports.set(port, (stream.ports.get(port) ?? 0) + come.packets);
    if (stream.examples.length < maxExamples) stream.examples.push(flow);
  }

  #step(victim: Victim, now: number, findings: Finding[]): void {
    const { streams } = victim;
    const flood = streams.flood?.rate ?? 0;
    for (const kind of kinds) {
      const stream = streams[kind];
      if (stream === undefined) continue;
      const limit = kind === 'flood' ? this.#limit(victim) : this.#options.leastAmplified;
      const isAbove = stream.rate >= limit;
      if (isAbove && !stream.isTold) {
        stream.isTold = true;
        findings.push(findingOf(kind, stream, limit, now, false));
      }
      stream.calm = isAbove ? 0 : stream.calm + 1;
      if (stream.calm >= this.#options.calmSteps) {
        if (stream.isTold) findings.push(findingOf(kind, stream, limit, now, true));
        delete streams[kind];
      } else stream.rate = 0;
    }
    this.#learn(victim, flood);
    const isTold = kinds.some((kind) => streams[kind]?.isTold);
    const isStirred = kinds.some((kind) => streams[kind] !== undefined);
    this.#victims.touch(victim.slot, isTold ? 3 : victim.extreme !== undefined ? 2 : isStirred ? 1 : 0);
  }

  #learn(victim: Victim, packets: number): void {
    const { risk, learnSteps: learn, leastPackets } = this.#options;
    if (victim.streams.flood?.isTold === true) return;
    if (packets >= leastPackets * worthLearning)
      victim.extreme ??= new ExtremeValue({ risk, level, learn: learn - drift + 1, drift });
    victim.extreme?.learn(packets);
  }

  #limit({ extreme }: Victim): number {
    const { leastPackets } = this.#options;
    if (extreme === undefined || extreme.isLearning) return leastPackets * whileLearning;
    // What is the same at all times has a threshold that one more would be above.
    return Math.max(leastPackets, extreme.threshold + leastPackets / 2);
  }

  #stream({ streams }: Victim, kind: Kind, end: End): Stream {
    streams[kind] ??= {
      end,
      rate: 0,
      packets: 0,
      bytes: 0,
      asked: 0,
      since: 0,
      calm: 0,
      isTold: false,
      sources: new ContactSet(),
      ports: new Map(),
      examples: [],
    };
    return streams[kind];
  }

  #victim(flow: Flow, address: Address): Victim {
    const table = this.#victims;
    table.seed(flow.openedAt);
    table.setAddress(0, address);
    const slot = table.find();
    if (slot >= 0) return table.value(slot);
    const victim: Victim = { slot: -1, extreme: undefined, streams: {} };
    victim.slot = table.insert(victim);
    return victim;
  }
}

const none: Traffic = { packets: 0, bytes: 0 };

function hashOf({ family, a, b, c, d }: Address): number {
  return finish(mix(mix(mix(mix(family, a), b), c), d));
}

function findingOf(kind: Kind, stream: Stream, limit: number, at: number, isOver: boolean): Finding {
  const { end, packets, bytes, asked, since, sources, ports, examples } = stream;
  const name = nameOf(end);
  const seconds = Math.max(1, Math.round((at - since) / 1000));
  const services = [...ports]
    .sort(([, one], [, other]) => other - one)
    .map(([port]) => `${amplifiers.get(port)} (${port})`)
    .join(', ');
  const many = sources.size;
  const factor = asked === 0 ? 'nothing was asked' : `${(bytes / asked).toFixed(1)} bytes for each one asked`;
  const titles: Record<Kind, string> = {
    flood: `UDP flood: ${name} is sent packets that it did not ask for`,
    amplification: `UDP amplification: ${name} is sent answers that it did not ask for`,
    reflection: `UDP amplifier: ${name} is used to flood others`,
  };
  const happened: Record<Kind, string> = {
    flood: `${fullNameOf(end)} was sent ${packets} packets (${bytesText(bytes)}) over UDP within ${seconds} s by ${many} addresses, and answered next to none`,
    amplification: `${fullNameOf(end)} was sent ${packets} packets (${bytesText(bytes)}) within ${seconds} s by ${many} servers of ${services}; ${factor}`,
    reflection: `${fullNameOf(end)} sent ${packets} packets (${bytesText(bytes)}) of ${services} within ${seconds} s to ${many} addresses; ${factor}`,
  };
  const follows: Record<Kind, string> = {
    flood:
      many * 2 > packets
        ? 'Nearly each is of another address: they are likely forged, and blocking them is of no use. Limits at the provider are.'
        : 'Those who send most can be blocked, where their addresses are not forged.',
    amplification:
      'Somebody asks these servers in its name. They are not the attackers; limits on these source ports at the provider help.',
    reflection:
      'Who seems to ask is who is flooded. Let the service answer its own clients alone, or limit its answers.',
  };
  return {
    detector: id,
    severity: 'high',
    at,
    entity: name,
    fingerprint: JSON.stringify([id, kind, formatAddress(end.address)]),
    title: titles[kind],
    explanation: `${happened[kind]}${isOver ? '; it is over now' : ''}. Usual are fewer than ${Math.round(limit)} packets in ${stepMs / 1000} s. ${follows[kind]}`,
    evidence: [
      { name: kind === 'reflection' ? 'amplifier' : 'victim', value: fullNameOf(end) },
      {
        name: 'packets',
        value: `${packets} in ${seconds} s`,
        expected: `fewer than ${Math.round(limit)} in ${stepMs / 1000} s`,
      },
      { name: 'bytes', value: bytesText(bytes) },
      { name: kind === 'reflection' ? 'addresses that are flooded' : 'sources', value: String(many) },
      ...(services === ''
        ? []
        : [
            { name: 'services', value: services },
            { name: 'answer against question', value: factor },
          ]),
    ],
    techniques: [kind === 'flood' ? direct : reflection],
    flows: examples,
  };
}

/** Ends of ours that are flooded over UDP, or by which others are. */
export const udpFlood: DetectorDefinition<Options> = {
  id,
  title: 'UDP flood and amplification',
  since: '0.2.0',
  techniques: [direct, reflection],
  options,
  doc: `Packets over UDP that an end of ours is sent and does not answer, in steps of 10 s. A conversation is one in which at least one packet in 20 goes the other way, as
downloads over QUIC and calls do; what has less was not asked for.

- **Flood**: 10,000 packets in a step, and 5,000 more than the end's own threshold, by streaming extreme-value theory with drift (Siffer and others, KDD 2017; risk 1 in 100,000). It is learned from a day of
  steps, from the first one with 500 packets on; until then a flood is 50,000 packets. Cameras and exporters that send one way are so learned as usual. Nothing is learned during a flood.
- **Amplification**: 1,000 packets in a step from ports of services that answer more than they are asked (${[...amplifiers].map(([port, name]) => `${name} ${port}`).join(', ')}; after US-CERT TA14-017A),
  which the end did not ask.
- **Amplifier**: a server of ours on such a port answers with ten times the bytes that it was asked with, and 1,000 packets in a step.

A flow that lasted longer than a step counts with its share of one. Each is told when it begins, and when six usual steps have passed, with all that came.

It cannot see: floods of other protocols (see syn-flood, unusual-volume); flows of which nobody counts packets; floods spread over so many ends that each gets less; requests that are
answered, which are load, not waste; flows before they end or a part of them is told, so a sensor that waits long for idle flows tells as late.

Memory: at most \`maxVictims\` ends, 0.4 KB and while they are sent something 0.9 to 6 KB each for what comes unasked, 2.2 KB for what is learned: 10 MB as preset. When full, an end that was sent nothing
of late goes first, and is counted.`,
  create: (settings) => new UdpFlood(settings),
};
