import { z } from 'zod';
import { finish, mix } from '../flow/chained-index.ts';
import type { Flow, FlowChange } from '../flow/flow.ts';
import { formatAddress } from '../net/address.ts';
import { Protocol } from '../net/protocol.ts';
import { ContactSet } from './contact-set.ts';
import type { DetectorDefinition, Finding, RunningDetector, Technique } from './detector.ts';
import { addressLanes, RankedTable } from './ranked-table.ts';
import { fullNameOf, nameOf } from './text.ts';

const id = 'syn-flood';

const direct: Technique = {
  id: 'T1498.001',
  name: 'Network Denial of Service: Direct Network Flood',
  tactic: 'Impact',
};
const exhaustion: Technique = {
  id: 'T1499.001',
  name: 'Endpoint Denial of Service: OS Exhaustion Flood',
  tactic: 'Impact',
};

const options = z.strictObject({
  stepMs: z.int().min(1000).default(10_000).describe('how often the sum is renewed; ms'),
  drift: z.number().gt(0).default(0.35).describe('open handshakes for each completed one that are usual'),
  alarm: z.number().gt(0).default(1.05).describe('sum above which a flood is told'),
  leastOpen: z
    .int()
    .min(1)
    .default(100)
    .describe('handshakes without an end in a step below which there is no flood, however few are completed'),
  memory: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.9)
    .describe('how much of the usual number of completed handshakes stays from step to step'),
  calmSteps: z.int().min(1).default(3).describe('steps with a sum of 0 after which a flood is over'),
  maxServices: z.int().min(16).max(65_536).default(2048).describe('services remembered at one time'),
});

type Options = z.output<typeof options>;

const nothing: readonly Finding[] = [];
/** Ranks in the table: nothing open, some open, a sum above 0, in a flood. */
const ranks = 4;
const maxExamples = 4;
/** The sum goes no higher than this many times the alarm: a great flood is over as soon as a small one. */
const mostAlarms = 2;
const serviceBytes = 500;
const flowBytes = 500;

/** What is remembered of one service. */
interface Service {
  slot: number;
  /** Whether it is among those that are looked at in each step. */
  isStirred: boolean;
  /** In this step: handshakes without an end and completed ones. */
  open: number;
  completed: number;
  /** Whether it has answered anybody since it is remembered. */
  isAlive: boolean;
  /** Completed handshakes in a usual step, and the sum. */
  usual: number;
  sum: number;
  /** Of the flood, or of what may become one. */
  total: number;
  since: number;
  calm: number;
  isTold: boolean;
  sources: ContactSet | undefined;
  examples: Flow[];
}

class SynFlood implements RunningDetector {
  readonly #options: Options;
  readonly #services: RankedTable<Service>;
  /** Services with something open, or a sum. */
  readonly #stirred = new Set<Service>();
  #stepEnd = Number.NEGATIVE_INFINITY;

  constructor(settings: Options) {
    this.#options = settings;
    this.#services = new RankedTable(settings.maxServices, addressLanes + 1, ranks, (service) =>
      this.#stirred.delete(service),
    );
  }

  onFlow(flow: Flow, change: FlowChange): readonly Finding[] {
    if (change !== 'decided' || flow.protocol !== Protocol.Tcp) return nothing;
    const isCompleted = flow.state === 'established' || flow.state === 'closed';
    if (!isCompleted && !isOpen(flow)) return nothing;
    const service = this.#service(flow);
    if (isCompleted || (flow.received?.packets ?? 0) > 0) service.isAlive = true;
    if (isCompleted) service.completed++;
    else this.#open(service, flow);
    if (!service.isStirred) {
      service.isStirred = true;
      this.#stirred.add(service);
    }
    return nothing;
  }

  onTick(now: number): readonly Finding[] {
    const { stepMs } = this.#options;
    if (this.#stepEnd === Number.NEGATIVE_INFINITY || now < this.#stepEnd - stepMs)
      this.#stepEnd = now + stepMs;
    if (now < this.#stepEnd) return nothing;
    this.#stepEnd = now + stepMs;
    const findings: Finding[] = [];
    for (const service of this.#stirred) {
      const finding = this.#step(service, now);
      if (finding !== undefined) findings.push(finding);
    }
    return findings;
  }

  stateBytes(): number {
    let bytes = this.#services.bytes;
    for (const { sources, examples } of this.#services.values())
      bytes += serviceBytes + (sources?.bytes ?? 0) + examples.length * flowBytes;
    return bytes;
  }

  evicted(): number {
    return this.#services.evicted;
  }

  #open(service: Service, flow: Flow): void {
    if (service.total === 0) service.since = flow.openedAt;
    service.open++;
    service.total++;
    const { family, a, b, c, d } = flow.source.address;
    service.sources ??= new ContactSet();
    service.sources.add(finish(mix(mix(mix(mix(mix(0, family), a), b), c), d)));
    if (service.examples.length < maxExamples) service.examples.push(flow);
    this.#services.touch(service.slot, service.isTold ? 3 : service.sum > 0 ? 2 : 1);
  }

  /** The non-parametric cumulative sum over one step. */
  #step(service: Service, now: number): Finding | undefined {
    const { drift, alarm, leastOpen, memory, calmSteps } = this.#options;
    const { open, completed } = service;
    // Where next to nothing is completed, a few that are not are no flood.
    const usual = Math.max(service.usual, completed, leastOpen);
    service.sum = Math.min(Math.max(0, service.sum + open / usual - drift), mostAlarms * alarm);
    // What is completed during a flood is not usual.
    if (service.sum === 0) service.usual = memory * service.usual + (1 - memory) * completed;
    service.open = 0;
    service.completed = 0;
    service.calm = service.sum === 0 ? service.calm + 1 : 0;
    if (!service.isTold && service.sum > alarm && service.isAlive) {
      service.isTold = true;
      this.#services.touch(service.slot, ranks - 1);
      return findingOf(service, now, usual, this.#options, false);
    }
    if (service.calm < calmSteps) return undefined;
    this.#stirred.delete(service);
    service.isStirred = false;
    const end = service.isTold ? findingOf(service, now, usual, this.#options, true) : undefined;
    calmDown(service);
    this.#services.touch(service.slot, 0);
    return end;
  }

  #service({ destination, openedAt }: Flow): Service {
    const table = this.#services;
    table.seed(openedAt);
    table.setAddress(0, destination.address);
    table.key[addressLanes] = destination.port;
    const slot = table.find();
    if (slot >= 0) return table.value(slot);
    const service = {
      slot: -1,
      isStirred: false,
      open: 0,
      completed: 0,
      isAlive: false,
      usual: 0,
      sum: 0,
    } as Service;
    calmDown(service);
    service.slot = table.insert(service);
    return service;
  }
}

function calmDown(service: Service): void {
  service.total = 0;
  service.since = 0;
  service.calm = 0;
  service.isTold = false;
  service.sources = undefined;
  service.examples = [];
}

/** A handshake that began and came to no end: no answer, or an answer that the source does not know of and takes back. */
function isOpen({ state, seenBy }: Flow): boolean {
  return state === 'timed-out' || (state === 'aborted' && seenBy === 'network');
}

function findingOf(service: Service, at: number, usual: number, settings: Options, isOver: boolean): Finding {
  const flow = service.examples[0]!;
  const { destination } = flow;
  const name = `${nameOf(destination)}:${destination.port}`;
  const sources = service.sources?.size ?? 0;
  const seconds = Math.max(1, Math.round((at - service.since) / 1000));
  const step = Math.round(settings.stepMs / 1000);
  return {
    detector: id,
    severity: 'high',
    at,
    entity: nameOf(destination),
    fingerprint: JSON.stringify([id, formatAddress(destination.address), destination.port]),
    title: `SYN flood: ${name} is sent handshakes that come to no end`,
    explanation: [
      `${fullNameOf(destination)} port ${destination.port} was sent ${service.total} handshakes within ${seconds} s, by ${sources} sources, that none of them completed${isOver ? '; it is over now' : ''}.`,
      `Usual are fewer than ${Math.round(settings.drift * usual)} in ${step} s, by what is completed at other times.`,
      sources * 2 > service.total
        ? 'Nearly each is of another source: the addresses are likely forged, and blocking them is of no use. SYN cookies and limits at the provider are.'
        : 'Few sources send many each: they can be blocked.',
    ].join(' '),
    evidence: [
      { name: 'service', value: `${fullNameOf(destination)} port ${destination.port}` },
      {
        name: 'handshakes without an end',
        value: String(service.total),
        expected: `fewer than ${Math.round(settings.drift * usual)} in ${step} s`,
      },
      { name: 'sources', value: String(sources) },
      { name: 'sum', value: service.sum.toFixed(2), expected: `at most ${settings.alarm}` },
    ],
    techniques: [direct, exhaustion],
    flows: service.examples,
  };
}

/** Services that are sent more handshakes without an end than is usual for them. */
export const synFlood: DetectorDefinition<Options> = {
  id,
  title: 'SYN flood',
  since: '0.2.0',
  techniques: [direct, exhaustion],
  options,
  threshold: { option: 'leastOpen', values: [10, 20, 50, 100, 200, 500, 1000, 5000] },
  doc: `A service (address and port) that is sent many TCP handshakes that nobody completes. In steps of 10 s a cumulative sum is kept (non-parametric CUSUM;
Wang, Zhang and Shin, IEEE INFOCOM 2002): handshakes without an end, divided by those that are completed in a usual step, less 0.35 of drift, never
below 0 and never above twice the alarm; above 1.05 it is a flood. What is usual is an average that forgets a tenth at each step, and is not learned while the sum is above 0. It is never
taken for less than 100, so that a few lost handshakes of a quiet service are none. A flood is told when it begins, and when three steps with a sum of 0 have
passed, with all that came.

Without an end is a handshake that timed out, and one that its source takes back by a reset when the answer comes, as hosts do whose address was forged. Only
services that have answered somebody count: one that is switched off and is called by many is no victim.

It cannot see: floods of other protocols, of requests in completed connections, or spread over so many ports and addresses that each gets
fewer than 35 in 10 s; floods that a sensor at the sockets does not see, since the kernel keeps half-open connections to itself (connection tracking and packets
show them).

Memory: at most \`maxServices\` services of 0.6 KB, and 4.7 KB for one in a flood: 10 MB as preset. When full, a service with nothing open goes first, the
one not seen for longest, and is counted.`,
  create: (settings) => new SynFlood(settings),
};
