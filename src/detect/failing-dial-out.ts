import { z } from 'zod';
import type { Flow, FlowChange } from '../flow/flow.ts';
import { protocolName } from '../net/protocol.ts';
import type { DetectorDefinition, Finding, RunningDetector, Technique } from './detector.ts';
import { isOutbound, Ours, ownNetworks } from './outbound.ts';
import { addressLanes, RankedTable } from './ranked-table.ts';
import { fullNameOf, nameOf, plural, processText } from './text.ts';

const id = 'failing-dial-out';

const fallback: Technique = { id: 'T1008', name: 'Fallback Channels', tactic: 'Command and Control' };
const otherPort: Technique = { id: 'T1571', name: 'Non-Standard Port', tactic: 'Command and Control' };

const options = z.strictObject({
  failures: z.int().min(5).default(50).describe('failed connections within the window that are told'),
  share: z
    .number()
    .gt(0)
    .max(1)
    .default(0.6)
    .describe('share of all connections of the pair that failed, at least'),
  windowMs: z.int().min(60_000).default(21_600_000).describe('window; ms'),
  leastMs: z
    .int()
    .min(0)
    .default(300_000)
    .describe('time that the failures are spread over, at least: shorter bursts are retries or a scan; ms'),
  inside: ownNetworks.describe('public networks that are our own, so that what dials from there dials out'),
  maxPairs: z.int().min(16).max(65_536).default(4096).describe('pairs remembered at one time'),
});

type Options = z.output<typeof options>;

const nothing: readonly Finding[] = [];
/** The finding is renewed when the failures of a window have grown this many times. */
const growth = 10;
/** Ranks in the table: one failure, several, told. */
const ranks = 3;
const several = 2;
const maxExamples = 4;
/** Approximate bytes of a pair, and of each flow that is kept. */
const pairBytes = 300;
const flowBytes = 500;

/** What is remembered of one source and service outside, from the first failure in a window on. */
interface Pair {
  windowStart: number;
  firstFailure: number;
  lastFailure: number;
  failures: number;
  refused: number;
  successes: number;
  reportAt: number;
  examples: Flow[];
  slot: number;
}

class FailingDialOut implements RunningDetector {
  readonly #options: Options;
  readonly #ours: Ours;
  readonly #pairs: RankedTable<Pair>;

  constructor(settings: Options) {
    this.#options = settings;
    this.#ours = new Ours(settings.inside);
    this.#pairs = new RankedTable(settings.maxPairs, addressLanes * 2 + 1, ranks);
  }

  onFlow(flow: Flow, change: FlowChange): readonly Finding[] {
    if (change !== 'decided' || flow.state === 'aborted') return nothing;
    // What others try at our public addresses is no dial-out.
    if (!isOutbound(flow) || !this.#ours.hasSource(flow)) return nothing;
    const isSuccess = flow.state === 'established' || flow.state === 'closed';
    const at = flow.closedAt ?? flow.establishedAt ?? flow.openedAt;
    const pair = this.#pair(flow, at, isSuccess);
    if (pair === undefined) return nothing;
    if (isSuccess) {
      pair.successes++;
      return nothing;
    }
    this.#fail(pair, flow, at);
    return this.#isTold(pair) ? [this.#report(pair, flow, at)] : nothing;
  }

  stateBytes(): number {
    let bytes = this.#pairs.bytes;
    for (const { examples } of this.#pairs.values()) bytes += pairBytes + examples.length * flowBytes;
    return bytes;
  }

  evicted(): number {
    return this.#pairs.evicted;
  }

  #fail(pair: Pair, flow: Flow, at: number): void {
    if (pair.failures === 0) pair.firstFailure = at;
    pair.failures++;
    if (flow.state === 'refused' || flow.state === 'unreachable') pair.refused++;
    pair.lastFailure = Math.max(pair.lastFailure, at);
    if (pair.examples.length < maxExamples) pair.examples.push(flow);
    this.#pairs.touch(
      pair.slot,
      pair.reportAt > this.#options.failures ? 2 : pair.failures >= several ? 1 : 0,
    );
  }

  #isTold({ failures, successes, reportAt, firstFailure, lastFailure }: Pair): boolean {
    const { share, leastMs } = this.#options;
    return (
      failures >= reportAt &&
      failures >= share * (failures + successes) &&
      lastFailure - firstFailure >= leastMs
    );
  }

  #report(pair: Pair, flow: Flow, at: number): Finding {
    pair.reportAt = pair.failures * growth;
    this.#pairs.touch(pair.slot, 2);
    return findingOf(pair, flow, at, this.#options);
  }

  /** A pair is remembered from its first failure on. */
  #pair(flow: Flow, at: number, isSuccess: boolean): Pair | undefined {
    const table = this.#pairs;
    table.seed(flow.openedAt);
    table.setAddress(0, flow.source.address);
    table.setAddress(addressLanes, flow.destination.address);
    table.key[addressLanes * 2] = flow.destination.port * 256 + flow.protocol;
    const slot = table.find();
    if (slot >= 0) {
      const known = table.value(slot);
      if (at - known.windowStart > this.#options.windowMs) begin(known, at, this.#options.failures);
      return known;
    }
    if (isSuccess) return undefined;
    const pair = { slot: -1, lastFailure: at } as Pair;
    begin(pair, at, this.#options.failures);
    pair.slot = table.insert(pair);
    return pair;
  }
}

function begin(pair: Pair, at: number, reportAt: number): void {
  pair.windowStart = at;
  pair.firstFailure = at;
  pair.lastFailure = at;
  pair.failures = 0;
  pair.refused = 0;
  pair.successes = 0;
  pair.reportAt = reportAt;
  pair.examples = [];
}

function findingOf(pair: Pair, flow: Flow, at: number, settings: Options): Finding {
  const { source, destination, protocol } = flow;
  const { failures, refused, successes, firstFailure, lastFailure } = pair;
  const service = `${nameOf(destination)}:${destination.port}`;
  const minutes = Math.max(1, Math.round((lastFailure - firstFailure) / 60_000));
  const every = (lastFailure - firstFailure) / Math.max(1, failures - 1) / 1000;
  const name = flow.names?.dns;
  return {
    detector: id,
    severity: 'medium',
    at,
    beganAt: Math.min(firstFailure, at),
    ...(successes === 0 && { outcome: 'failed' as const }),
    entity: nameOf(source),
    fingerprint: JSON.stringify([id, nameOf(source), nameOf(destination), protocol, destination.port]),
    title: `${nameOf(source)} dials ${service} in vain, again and again`,
    explanation: [
      `${fullNameOf(source)} failed ${failures} times in ${plural(minutes, 'minute')} to connect to ${fullNameOf(destination)} on ${protocolName(protocol)} port ${destination.port}${name === undefined ? '' : `, called ${name}`}: ${refused} refused or unreachable, ${failures - refused} without an answer, one about every ${every.toFixed(1)} s.`,
      successes === 0 ? 'It never came through.' : `It came through ${plural(successes, 'time')}.`,
      'Programs that are kept in order give up or wait longer each time; what goes on like this has lost the server that gives it orders, or is set up for a service that is gone.',
    ].join(' '),
    evidence: [
      { name: 'source', value: fullNameOf(source) },
      ...(source.process ? [{ name: 'process', value: processText(source.process) }] : []),
      { name: 'destination', value: `${fullNameOf(destination)} port ${destination.port}` },
      { name: 'failures', value: String(failures), expected: `fewer than ${settings.failures}` },
      {
        name: 'share that failed',
        value: `${Math.round((100 * failures) / (failures + successes))} %`,
        expected: `below ${Math.round(100 * settings.share)} %`,
      },
      { name: 'interval', value: `${every.toFixed(1)} s` },
    ],
    techniques: [fallback, otherPort],
    flows: pair.examples,
  };
}

/** Sources that try to reach the same service outside again and again, in vain. */
export const failingDialOut: DetectorDefinition<Options> = {
  id,
  title: 'Persistent failing dial-out',
  since: '0.2.0',
  techniques: [fallback, otherPort],
  options,
  threshold: { option: 'failures', values: [5, 10, 20, 30, 50, 100, 200, 500] },
  doc: `One of ours that tries the same address, port and protocol outside again and again, mostly in vain: 50 failures within 6 hours that make up 60 % of
all its connections there, over 5 minutes at least. What has taken over a host goes on dialling when its server is gone or overloaded; Stratosphere's
captures of NjRAT and of IoT malware are full of it. It is the other half of beacon, which looks at connections that came about.

Failed is what was refused, unreachable or not answered (over UDP too). A burst of less than 5 minutes is retries, a scan or a flood. The pair is
remembered from its first failure on. A source is one of ours when its address is private or declared, when this machine's sockets told of it, or
when \`inside\` names its network. Left out are the destinations that beacon leaves out.

It cannot tell malware from a program whose service was switched off; both should be looked at. It cannot see one that tries more slowly than
50 times in 6 hours, or goes round many addresses (see port-scan).

Memory: at most \`maxPairs\` pairs of 0.4 KB, with examples 2.4 KB: 10 MB as preset. When full, the pair with fewest failures that was not seen for
longest goes, and is counted.`,
  create: (settings) => new FailingDialOut(settings),
};
