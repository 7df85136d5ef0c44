import { z } from 'zod';
import type { End, Flow, FlowChange } from '../flow/flow.ts';
import { isCounted } from '../flow/steps.ts';
import { formatAddress, isLoopback, isMulticast } from '../net/address.ts';
import { protocolName } from '../net/protocol.ts';
import type { DetectorDefinition, Finding, RunningDetector, Technique } from './detector.ts';
import { Ours, ownNetworks } from './outbound.ts';
import { addressLanes, RankedTable } from './ranked-table.ts';
import { bytesText, fullNameOf, nameOf } from './text.ts';
import { type VolumeOptions, VolumeSeries } from './volume-series.ts';

const id = 'unusual-volume';

const flood: Technique = { id: 'T1498', name: 'Network Denial of Service', tactic: 'Impact' };
const carriedOff: Technique = {
  id: 'T1048',
  name: 'Exfiltration Over Alternative Protocol',
  tactic: 'Exfiltration',
};

const options = z.strictObject({
  risk: z
    .number()
    .gt(0)
    .max(0.01)
    .default(1e-4)
    .describe('probability with which a usual minute is above the threshold'),
  minutes: z.int().min(1).max(60).default(3).describe('minutes in a row above it that are told'),
  learnMinutes: z
    .int()
    .min(120)
    .max(20_160)
    .default(1440)
    .describe('minutes that are learned from before anything is told'),
  timesHour: z
    .number()
    .min(1)
    .default(1.5)
    .describe('how many times the most of the same hour of earlier days it takes besides'),
  leastBytes: z.number().positive().default(20e6).describe('bytes a minute below which nothing is unusual'),
  leastFlows: z.number().positive().default(600).describe('flows a minute below which nothing is unusual'),
  calmMinutes: z.int().min(1).default(10).describe('usual minutes in a row after which it is over'),
  acceptMinutes: z
    .int()
    .min(60)
    .default(10_080)
    .describe('minutes after which what goes on is learned afresh'),
  inside: ownNetworks,
  maxPlaces: z.int().min(16).max(16_384).default(1024).describe('ends and services remembered at one time'),
});

type Options = z.output<typeof options>;

const nothing: readonly Finding[] = [];
const minuteMs = 60_000;
const hourMs = 3_600_000;
/** The mean is that of about so many minutes. */
const drift = 60;
const level = 0.98;
/** Minutes with traffic before a place is followed. */
const leastMinutes = 3;
/** Ranks: not followed yet, learning, learned, told. */
const ranks = 4;
const placeBytes = 300;
const flowBytes = 500;

const kinds = ['received', 'sent', 'flows'] as const;
type Kind = (typeof kinds)[number];

/** An end of ours as a client, or a service of ours. */
interface Place {
  slot: number;
  /** The flow of the last minute with traffic that moved most. */
  example: Flow;
  exampleBytes: number;
  isService: boolean;
  /** In this minute. */
  received: number;
  sent: number;
  flows: number;
  /** Minutes with traffic so far. */
  minutes: number;
  series: Readonly<Record<Kind, VolumeSeries>> | undefined;
}

class UnusualVolume implements RunningDetector {
  readonly #options: Options;
  readonly #ours: Ours;
  readonly #places: RankedTable<Place>;
  readonly #ofBytes: VolumeOptions;
  readonly #ofFlows: VolumeOptions;
  #minuteEnd = Number.NEGATIVE_INFINITY;

  constructor(settings: Options) {
    this.#options = settings;
    this.#ours = new Ours(settings.inside);
    this.#places = new RankedTable(settings.maxPlaces, addressLanes + 1, ranks);
    const { risk, learnMinutes, timesHour, minutes, calmMinutes, acceptMinutes } = settings;
    const tail = { risk, level, learn: learnMinutes - drift, drift };
    this.#ofBytes = { tail, least: settings.leastBytes, timesHour, minutes, calmMinutes, acceptMinutes };
    this.#ofFlows = { ...this.#ofBytes, least: settings.leastFlows };
  }

  onFlow(flow: Flow, change: FlowChange): readonly Finding[] {
    const counts = isCounted(flow, change);
    if (!counts && change !== 'decided') return nothing;
    const { source, destination, protocol } = flow;
    if (isMulticast(destination.address) || isLoopback(destination.address)) return nothing;
    if (this.#ours.hasDestination(flow))
      this.#add(this.#place(flow, destination, destination.port * 256 + protocol), flow, change, counts);
    if (this.#ours.hasSource(flow)) this.#add(this.#place(flow, source, 0), flow, change, counts);
    return nothing;
  }

  onTick(now: number): readonly Finding[] {
    if (this.#minuteEnd === Number.NEGATIVE_INFINITY || now < this.#minuteEnd - minuteMs)
      this.#minuteEnd = now + minuteMs;
    if (now < this.#minuteEnd) return nothing;
    this.#minuteEnd = now + minuteMs;
    const findings: Finding[] = [];
    for (const place of this.#places.values()) this.#endMinute(place, now, findings);
    return findings;
  }

  stateBytes(): number {
    let bytes = this.#places.bytes;
    for (const { series } of this.#places.values()) {
      bytes += placeBytes + flowBytes;
      if (series !== undefined) for (const kind of kinds) bytes += series[kind].bytes;
    }
    return bytes;
  }

  evicted(): number {
    return this.#places.evicted;
  }

  #add(place: Place, flow: Flow, change: FlowChange, counts: boolean): void {
    if (change === 'decided') place.flows++;
    if (!counts) return;
    const forth = flow.sent?.bytes ?? 0;
    const back = flow.received?.bytes ?? 0;
    place.received += place.isService ? forth : back;
    place.sent += place.isService ? back : forth;
    if (forth + back < place.exampleBytes) return;
    place.example = flow;
    place.exampleBytes = forth + back;
  }

  #endMinute(place: Place, now: number, findings: Finding[]): void {
    const { flows, received, sent } = place;
    if (flows + received + sent > 0) place.minutes++;
    if (place.series === undefined && place.minutes < leastMinutes) {
      empty(place);
      return;
    }
    place.series ??= {
      received: new VolumeSeries(this.#ofBytes),
      sent: new VolumeSeries(this.#ofBytes),
      flows: new VolumeSeries(this.#ofFlows),
    };
    const hour = Math.floor((now - 1) / hourMs);
    let rank = 1;
    for (const kind of kinds) {
      const series = place.series[kind];
      const value = place[kind];
      // What the minute is held against is what was usual before it.
      if (series.add(value, hour) === 'began')
        findings.push(findingOf(place, kind, value, series, now, this.#options));
      rank = Math.max(rank, series.isTold ? 3 : series.isLearning ? 1 : 2);
    }
    this.#places.touch(place.slot, rank);
    empty(place);
  }

  #place(flow: Flow, { address }: End, service: number): Place {
    const table = this.#places;
    table.seed(flow.openedAt);
    table.setAddress(0, address);
    table.key[addressLanes] = service;
    const slot = table.find();
    if (slot >= 0) return table.value(slot);
    const place: Place = {
      slot: -1,
      example: flow,
      exampleBytes: 0,
      isService: service !== 0,
      received: 0,
      sent: 0,
      flows: 0,
      minutes: 0,
      series: undefined,
    };
    place.slot = table.insert(place);
    return place;
  }
}

function empty(place: Place): void {
  place.received = 0;
  place.sent = 0;
  place.flows = 0;
  place.exampleBytes = 0;
}

function findingOf(
  { example, isService }: Place,
  kind: Kind,
  value: number,
  series: VolumeSeries,
  at: number,
  settings: Options,
): Finding {
  const { source, destination, protocol } = example;
  const end = isService ? destination : source;
  const name = isService ? `${nameOf(end)}:${end.port}` : nameOf(end);
  const fullName = isService
    ? `${fullNameOf(end)} ${protocolName(protocol)} port ${end.port}`
    : fullNameOf(end);
  const text = kind === 'flows' ? (count: number) => `${Math.round(count)} connections` : bytesText;
  const does = kind === 'flows' ? (isService ? 'gets' : 'opens') : kind === 'sent' ? 'sends' : 'receives';
  return {
    detector: id,
    severity: 'medium',
    at,
    entity: nameOf(end),
    fingerprint: JSON.stringify([id, formatAddress(end.address), isService ? end.port : 0, protocol, kind]),
    title: `Unusual volume: ${name} ${does} ${text(value)} a minute`,
    explanation: [
      `${fullName} ${does} ${text(value)} a minute${isService ? '' : ', over all it talks to'}, for ${settings.minutes} minutes in a row.`,
      `Usual of late are ${text(series.usual)}; a usual minute is above ${text(series.limit)} with a probability of ${settings.risk} at most.`,
      series.mostOfHour > 0
        ? `At this time of the day it was ${text(series.mostOfHour)} at most on earlier days.`
        : 'At this time of the day there was nothing on earlier days.',
      'What it is, the flows say: a backup or an update at an unusual time, a new customer, a flood, or data that is carried off.',
    ].join(' '),
    evidence: [
      { name: isService ? 'service' : 'end', value: fullName },
      {
        name: kind === 'flows' ? 'connections a minute' : `bytes ${kind} a minute`,
        value: text(value),
        expected: `at most ${text(series.limit)}`,
      },
      { name: 'of late', value: text(series.usual) },
      { name: 'same hour of earlier days', value: `at most ${text(series.mostOfHour)}` },
    ],
    techniques: [kind === 'sent' ? carriedOff : flood],
    flows: [example],
  };
}

/** Ends and services of ours that move much more than they ever do. */
export const unusualVolume: DetectorDefinition<Options> = {
  id,
  title: 'Unusual volume',
  since: '0.2.0',
  techniques: [flood, carriedOff],
  options,
  doc: `Bytes received, bytes sent and connections by minute, of each service of ours (address, port and protocol) and of each end of ours as a client (over all it talks
to). Each is held against its own threshold, not against a mean and deviations: what is above the mean of the last hour, and a generalized Pareto distribution of the greatest
fiftieth of it (streaming extreme-value theory with drift: Siffer and others, KDD 2017), above which a usual minute is with a probability of 1 in 10,000. To be told, three minutes in a
row must be above it, above 20 MB or 600 connections, and above 1.5 times the most of the same hour of the day, and of the hours beside it, on earlier days (of which a fifth is
forgotten each day).

The learning period is 1440 minutes, a day, of each end. Later nothing is learned while something is told, nor from what was told; single minutes above count as ones at the
threshold. It is over after 10 usual minutes. What goes on for a week is learned afresh, and until then told.

Bytes are counted in the minute in which a flow, or a part of it, ends. So where nobody tells the parts of long flows, a long download is one high minute, which is not told, three
in a row being asked for.

It cannot see: bytes that nobody counts (sockets alone: connections are); what grows slowly over hours; what stays below 20 MB a minute (see exfiltration); what happened in
the learning period, which is taken for usual.

Memory: at most \`maxPlaces\` ends and services, 0.8 KB until there was traffic in three minutes and then 3.3 to 8.2 KB: 8 MB as preset. When full, one that is not yet followed goes first, then one that is
learning, each the one without traffic for longest, and is counted.`,
  create: (settings) => new UnusualVolume(settings),
};
