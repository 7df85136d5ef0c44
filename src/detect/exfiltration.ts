import { z } from 'zod';
import type { Flow, FlowChange } from '../flow/flow.ts';
import { endOf } from '../flow/flow-summary.ts';
import { isCounted } from '../flow/steps.ts';
import { formatAddress } from '../net/address.ts';
import { protocolName } from '../net/protocol.ts';
import type { DetectorDefinition, Finding, RunningDetector, Technique } from './detector.ts';
import { isDeclared, isOutside, Ours, ownNetworks } from './outbound.ts';
import { addressLanes, RankedTable } from './ranked-table.ts';
import { bytesText, fullNameOf, nameOf, processText } from './text.ts';
import { type Span, Upload, UploadHistory } from './upload.ts';

const id = 'exfiltration';

const webService: Technique = {
  id: 'T1567',
  name: 'Exfiltration Over Web Service',
  tactic: 'Exfiltration',
};
const otherProtocol: Technique = {
  id: 'T1048',
  name: 'Exfiltration Over Alternative Protocol',
  tactic: 'Exfiltration',
};

const options = z.strictObject({
  backstopBytes: z
    .number()
    .positive()
    .default(100e6)
    .describe('bytes in a day to one place outside, or to all together, that are told whatever is usual'),
  times: z
    .number()
    .gt(1)
    .default(5)
    .describe('how many times the most of the last seven days it takes to be told below that'),
  leastBytes: z
    .number()
    .positive()
    .default(20e6)
    .describe('bytes in an hour or a day below which nothing is told, however little is usual'),
  learnMs: z
    .int()
    .min(3_600_000)
    .default(259_200_000)
    .describe('a source is known for this long before its own history is gone by; ms'),
  producer: z
    .number()
    .gt(-1)
    .lt(1)
    .default(0.5)
    .describe('least producer/consumer ratio, (sent - received) / (sent + received), of what is told'),
  inside: ownNetworks,
  maxSources: z.int().min(16).max(65_536).default(1024).describe('sources remembered at one time'),
  maxPairs: z
    .int()
    .min(16)
    .max(65_536)
    .default(4096)
    .describe('pairs of source and address outside remembered at one time'),
});

type Options = z.output<typeof options>;

const nothing: readonly Finding[] = [];
/** It is told again in the same day when it has grown this many times. */
const growth = 10;
/** Ranks: little was sent, something, much, told. */
const ranks = 4;
const something = 1e6;
/** Approximate bytes of a source, of a pair, and of the flow that is kept of each. */
const sourceBytes = 900;
const pairBytes = 400;
const flowBytes = 500;

interface Source {
  readonly history: UploadHistory;
  /** To all places that are not told by themselves. */
  readonly all: Upload;
  slot: number;
}

interface Pair {
  readonly upload: Upload;
  /** The one flow that sent most. */
  largest: Flow;
  slot: number;
}

/** Why a sum is told. */
interface Reason {
  readonly span: Span;
  readonly within: 'an hour' | '24 hours';
  readonly isAgainstHistory: boolean;
  /** What it would have had to stay below. */
  readonly limit: number;
}

class Exfiltration implements RunningDetector {
  readonly #options: Options;
  readonly #ours: Ours;
  readonly #sources: RankedTable<Source>;
  readonly #pairs: RankedTable<Pair>;

  constructor(settings: Options) {
    this.#options = settings;
    this.#ours = new Ours(settings.inside);
    this.#sources = new RankedTable(settings.maxSources, addressLanes, ranks);
    this.#pairs = new RankedTable(settings.maxPairs, addressLanes * 2, ranks);
  }

  onFlow(flow: Flow, change: FlowChange): readonly Finding[] {
    const sent = flow.sent?.bytes ?? 0;
    if (sent === 0 || !isCounted(flow, change) || flow.seenBy === 'destination') return nothing;
    const { destination } = flow;
    if (isDeclared(destination) || !isOutside(destination.address) || !this.#ours.hasSource(flow))
      return nothing;
    const at = endOf(flow);
    const received = flow.received?.bytes ?? 0;
    const source = this.#source(flow, at);
    const pair = this.#pair(flow);
    pair.upload.add(at, sent, received);
    if (sent > (pair.largest.sent?.bytes ?? 0)) pair.largest = flow;
    const wasTold = pair.upload.tellAt < Number.POSITIVE_INFINITY;
    const finding = this.#judge(source, pair, flow, at) ?? this.#judgeAll(source, pair, flow, at);
    if (pair.upload.tellAt === Number.POSITIVE_INFINITY) {
      source.history.learn(at, pair.upload, sent, received);
      source.all.add(at, sent, received);
    } else if (!wasTold) {
      source.history.forget(pair.upload);
      source.all.hour.subtract(pair.upload.hour);
      source.all.day.subtract(pair.upload.day);
    }
    this.#rank(source, pair);
    return finding === undefined ? nothing : [finding];
  }

  stateBytes(): number {
    return (
      this.#sources.bytes +
      this.#pairs.bytes +
      this.#sources.size * sourceBytes +
      this.#pairs.size * (pairBytes + flowBytes)
    );
  }

  evicted(): number {
    return this.#sources.evicted + this.#pairs.evicted;
  }

  /** One place, against what is usual of the source and against the backstop. */
  #judge({ history }: Source, { upload, largest }: Pair, flow: Flow, at: number): Finding | undefined {
    const { hour, day } = upload;
    if (upload.tellAt < Number.POSITIVE_INFINITY) {
      if (day.sent < upload.tellAt) return undefined;
    } else if (day.sent < this.#options.leastBytes) return undefined;
    history.turn(at);
    const reason =
      this.#reason(hour, 'an hour', history.mostInHour, history, at) ??
      this.#reason(day, '24 hours', history.mostInDay, history, at) ??
      this.#backstop(day);
    if (reason === undefined) return undefined;
    upload.tellAt = day.sent * growth;
    return findingOf(flow, largest, at, reason, history, this.#options);
  }

  #reason(
    span: Span,
    within: Reason['within'],
    most: number,
    { since }: UploadHistory,
    at: number,
  ): Reason | undefined {
    const { leastBytes, times, learnMs, producer } = this.#options;
    if (at - since < learnMs) return undefined;
    const limit = Math.max(leastBytes, times * most);
    return span.sent >= limit && span.ratio >= producer
      ? { span, within, isAgainstHistory: true, limit }
      : undefined;
  }

  #backstop(day: Span): Reason | undefined {
    const { backstopBytes: limit, producer } = this.#options;
    return day.sent >= limit && day.ratio >= producer
      ? { span: day, within: '24 hours', isAgainstHistory: false, limit }
      : undefined;
  }

  /** All places together, so that nobody hides behind many; those that are told are not among them. */
  #judgeAll(
    { history, all }: Source,
    { upload, largest }: Pair,
    flow: Flow,
    at: number,
  ): Finding | undefined {
    if (upload.tellAt < Number.POSITIVE_INFINITY) return undefined;
    const isTold = all.tellAt < Number.POSITIVE_INFINITY;
    if (isTold && all.day.sent < all.tellAt) return undefined;
    const reason = this.#backstop(all.day);
    // One place that nearly all of it went to is told by itself as soon as it is enough.
    if (reason === undefined || upload.day.sent > all.day.sent / 2) return undefined;
    all.tellAt = all.day.sent * growth;
    return findingOf(flow, largest, at, reason, history, this.#options, true);
  }

  #rank({ slot, all }: Source, { upload, slot: pair }: Pair): void {
    const rank = (sent: number) => (sent < something ? 0 : sent < this.#options.leastBytes ? 1 : 2);
    this.#pairs.touch(pair, upload.tellAt < Number.POSITIVE_INFINITY ? 3 : rank(upload.day.sent));
    this.#sources.touch(slot, rank(all.day.sent));
  }

  #source({ source, openedAt }: Flow, at: number): Source {
    const table = this.#sources;
    table.seed(openedAt);
    table.setAddress(0, source.address);
    const slot = table.find();
    if (slot >= 0) return table.value(slot);
    const one: Source = { history: new UploadHistory(at), all: new Upload(), slot: -1 };
    one.slot = table.insert(one);
    return one;
  }

  #pair(flow: Flow): Pair {
    const table = this.#pairs;
    table.seed(flow.openedAt);
    table.setAddress(0, flow.source.address);
    table.setAddress(addressLanes, flow.destination.address);
    const slot = table.find();
    if (slot >= 0) return table.value(slot);
    const pair: Pair = { upload: new Upload(), largest: flow, slot: -1 };
    pair.slot = table.insert(pair);
    return pair;
  }
}

function findingOf(
  flow: Flow,
  largest: Flow,
  at: number,
  { span, within, isAgainstHistory, limit }: Reason,
  { usualRatio, mostInHour, mostInDay, since }: UploadHistory,
  settings: Options,
  isSpread = false,
): Finding {
  const { source, destination, protocol } = flow;
  const name = flow.names?.tls ?? flow.names?.http ?? flow.names?.dns;
  const place = isSpread ? 'many places' : nameOf(destination);
  const called = name === undefined || isSpread ? '' : `, called ${name}`;
  const turned = usualRatio !== undefined && usualRatio < 0;
  const days = Math.floor((at - since) / 86_400_000);
  const isWeb = !isSpread && (destination.port === 443 || destination.port === 80);
  return {
    detector: id,
    severity: isAgainstHistory || turned ? 'high' : 'medium',
    at,
    entity: nameOf(source),
    fingerprint: JSON.stringify([id, nameOf(source), isSpread ? '*' : formatAddress(destination.address)]),
    title: `Exfiltration: ${nameOf(source)} uploaded ${bytesText(span.sent)} to ${place} within ${within}`,
    explanation: [
      `${fullNameOf(source)} sent ${bytesText(span.sent)} to ${isSpread ? 'many places outside together' : `${fullNameOf(destination)}${called}, last on ${protocolName(protocol)} port ${destination.port}`} within ${within} and received ${bytesText(span.received)}.`,
      isAgainstHistory
        ? `Of the last seven days the most to any one place was ${bytesText(mostInHour)} in an hour and ${bytesText(mostInDay)} in a day; ${settings.times} times that, and ${bytesText(settings.leastBytes)} at least, is told.`
        : `That is more than ${bytesText(limit)}, which is told whatever is usual.`,
      usualRatio === undefined
        ? 'What its ratio of sending to receiving usually is, is not known yet.'
        : `Its producer/consumer ratio to the outside is ${ratio(usualRatio)} usually${turned ? ': it receives more than it sends' : ''}; here it is ${ratio(span.ratio)}.`,
      'Where this is a backup or a mirror, declare the place under `hosts` in the site file: what is declared is not told.',
    ].join(' '),
    evidence: [
      { name: 'source', value: fullNameOf(source) },
      ...(source.process ? [{ name: 'process', value: processText(source.process) }] : []),
      { name: 'destination', value: isSpread ? 'many' : fullNameOf(destination) },
      ...(called === '' ? [] : [{ name: 'name', value: name! }]),
      { name: `sent within ${within}`, value: bytesText(span.sent), expected: `below ${bytesText(limit)}` },
      { name: 'received', value: bytesText(span.received) },
      {
        name: 'producer/consumer ratio',
        value: ratio(span.ratio),
        expected:
          usualRatio === undefined ? `below ${ratio(settings.producer)}` : `${ratio(usualRatio)} usually`,
      },
      { name: 'days known', value: String(days) },
    ],
    techniques: [isWeb ? webService : otherProtocol],
    flows: largest === flow ? [flow] : [largest, flow],
  };
}

function ratio(value: number): string {
  return `${value < 0 ? '' : '+'}${value.toFixed(2)}`;
}

/** Sources that send much more to one place outside than they ever do. */
export const exfiltration: DetectorDefinition<Options> = {
  id,
  title: 'Exfiltration',
  since: '0.2.0',
  techniques: [webService, otherProtocol],
  options,
  doc: `One of ours that sends much to an address outside and receives little from it. For each source and address bytes are summed over an hour and over a day, each
beginning with the first upload after the last has passed, and held against three limits:

1. **Its own history**: 5 times the most that the source sent to any one place in an hour, or in a day, of the last seven days before today, and 20 MB at
   least. It holds for sources that are known for 3 days (the learning period).
2. **A backstop**: 100 MB in a day, whatever is usual, from the first minute on.
3. The same for **all places together**, so that nobody hides behind many.

In each case the producer/consumer ratio, (sent - received) / (sent + received) (C. Bullard, FloCon 2014), must be 0.5 at least: three times as much sent as
received. So downloads with their acknowledgements, and calls, are none. A source that is a consumer otherwise (a ratio below 0, of the days before) makes it
severity high. From a pair that is told nothing is learned, neither the most nor the ratio, until its day is over; what was learned of this day is taken back. It is told again in the same day when it has
grown tenfold.

Left out: what is declared, so backups and mirrors are named under \`hosts\` in the site file; private and multicast addresses.

It cannot see: what is fetched from a service of ours by who calls it (see unusual-volume); sums below 20 MB, and up to twice a limit where an upload lies astride
two days; an attacker who raises the most by less than 5 times a day; flows of which nobody counts bytes (sockets alone); what goes through a proxy or another host of ours; long flows
before they end, where nobody tells their parts.

Memory: at most \`maxPairs\` pairs of 0.9 KB and \`maxSources\` sources of 0.9 KB: 5 MB as preset. When full, the one that sent least and was not seen for longest goes, and
is counted; a source that goes is learned afresh.`,
  create: (settings) => new Exfiltration(settings),
};
