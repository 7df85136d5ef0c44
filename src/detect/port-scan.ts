import { z } from 'zod';
import { finish, mix } from '../flow/chained-index.ts';
import type { Flow, FlowChange } from '../flow/flow.ts';
import { type Address, formatAddress } from '../net/address.ts';
import type { DetectorDefinition, Finding, RunningDetector, Technique } from './detector.ts';
import { Source } from './port-scan-source.ts';
import { type Walk, walkOf } from './random-walk.ts';
import { fullNameOf, listText, nameOf, plural, portsText } from './text.ts';

const id = 'port-scan';

const serviceDiscovery: Technique = { id: 'T1046', name: 'Network Service Discovery', tactic: 'Discovery' };
const systemDiscovery: Technique = { id: 'T1018', name: 'Remote System Discovery', tactic: 'Discovery' };

const probability = () => z.number().gt(0).lt(1);

const options = z.strictObject({
  benignSuccess: probability()
    .default(0.8)
    .describe('probability that a first contact of a benign source succeeds'),
  scannerSuccess: probability().default(0.2).describe('the same for a scanner'),
  detection: probability().default(0.99).describe('probability with which a scanner is to be detected'),
  falseAlarm: probability().default(0.01).describe('probability of taking a benign source for a scanner'),
  windowMs: z.int().min(1000).default(300_000).describe('window of the fan-out test; ms'),
  portsPerHost: z
    .int()
    .min(2)
    .default(15)
    .describe('failed ports of one host within the window that are a scan, whatever succeeds in between'),
  contacts: z.int().min(2).default(25).describe('the same for failed contacts with any host'),
  forgetMs: z
    .int()
    .min(60_000)
    .default(86_400_000)
    .describe(
      'time in which one failed first contact is forgotten; a source without any for this long starts afresh; ms',
    ),
  maxSources: z.int().min(16).max(65_536).default(2048).describe('sources remembered at one time'),
});

type Options = z.output<typeof options>;

/** A finding is renewed when the scan has grown tenfold, and once it has been quiet for this long; ms. */
const growth = 10;
const quietMs = 2000;
/** How many of the oldest sources are compared when one must go. */
const evictionSample = 16;

class PortScan implements RunningDetector {
  readonly #options: Options;
  readonly #walk: Walk;
  readonly #sources = new Map<string, Source>();
  /** Scanners whose last finding is behind. */
  readonly #growing = new Set<Source>();
  #evicted = 0;

  constructor(settings: Options) {
    this.#options = settings;
    this.#walk = walkOf(settings);
  }

  onFlow(flow: Flow, change: FlowChange): readonly Finding[] {
    if (change !== 'decided' || flow.state === 'aborted') return [];
    const succeeded = flow.state === 'established' || flow.state === 'closed';
    const at = flow.establishedAt ?? flow.closedAt ?? flow.openedAt;
    const source = this.#source(flow, at);
    const host = hashOf(flow.destination.address);
    if (!source.contacts.add(finish(mix(host, flow.destination.port)))) return [];
    if (succeeded) {
      if (source.verdict === undefined) source.walk = Math.max(0, source.walk + this.#walk.success);
      else source.open++;
      return [];
    }
    source.walk = this.#faded(source, at) + this.#walk.failure;
    source.fail(flow, at, finish(host), finish(mix(0, flow.destination.port)), this.#options.windowMs);
    source.verdict ??= this.#judge(source);
    if (source.verdict === undefined) return [];
    this.#growing.add(source);
    return source.failures >= source.reportAt ? [this.#report(source, at)] : [];
  }

  /** Says how a scan ended: once it has been quiet for a moment, and has grown since the last finding. */
  onTick(now: number): readonly Finding[] {
    const findings: Finding[] = [];
    for (const source of this.#growing) {
      if (now - source.lastFailure < quietMs) continue;
      this.#growing.delete(source);
      if (source.failures >= source.reported * 1.25) findings.push(this.#report(source, source.lastFailure));
    }
    return findings;
  }

  stateBytes(): number {
    let bytes = 0;
    for (const source of this.#sources.values()) bytes += source.bytes;
    return bytes;
  }

  evicted(): number {
    return this.#evicted;
  }

  #judge(source: Source): Source['verdict'] {
    if (source.walk >= this.#walk.threshold) return 'likelihood';
    const { contacts, portsPerHost } = this.#options;
    return source.recent >= contacts || source.mostRecentOnOne >= portsPerHost ? 'fan-out' : undefined;
  }

  #source(flow: Flow, at: number): Source {
    const key = formatAddress(flow.source.address);
    const known = this.#sources.get(key);
    if (known !== undefined && !this.#isStale(known, at)) return known;
    if (known !== undefined) this.#drop(key, known);
    else if (this.#sources.size >= this.#options.maxSources) this.#evict();
    const source = new Source(flow);
    this.#sources.set(key, source);
    return source;
  }

  /**
   * The walk as it has faded since the last failure, by one failure in `forgetMs`: a busy host comes upon a dead service
   * now and then, while its living ones are no first contacts any more.
   */
  #faded(source: Source, at: number): number {
    if (source.failures === 0 || source.verdict !== undefined) return source.walk;
    const elapsed = Math.max(0, at - source.lastFailure) / this.#options.forgetMs;
    return Math.max(0, source.walk - elapsed * this.#walk.failure);
  }

  /** Its last failed first contact is so long ago that the next one says nothing about a scan then. */
  #isStale(source: Source, at: number): boolean {
    return source.failures > 0 && at - source.lastFailure > this.#options.forgetMs;
  }

  /** Drops the least suspicious of the oldest sources; the others of them count as newest. */
  #evict(): void {
    const oldest: [string, Source][] = [];
    for (const entry of this.#sources) {
      if (oldest.push(entry) === evictionSample) break;
    }
    let least = oldest[0]!;
    for (const entry of oldest) if (scoreOf(entry[1]) < scoreOf(least[1])) least = entry;
    for (const [key, source] of oldest) {
      this.#sources.delete(key);
      if (key !== least[0]) this.#sources.set(key, source);
    }
    this.#growing.delete(least[1]);
    this.#evicted++;
  }

  #drop(key: string, source: Source): void {
    this.#sources.delete(key);
    this.#growing.delete(source);
  }

  #report(source: Source, at: number): Finding {
    source.reported = source.failures;
    source.reportAt = source.failures * growth;
    return findingOf(source, at, this.#options);
  }
}

function scoreOf(source: Source): number {
  return source.verdict === undefined ? source.walk : Number.POSITIVE_INFINITY;
}

function hashOf({ family, a, b, c, d }: Address): number {
  return mix(mix(mix(mix(mix(0, family), a), b), c), d);
}

function findingOf(source: Source, at: number, settings: Options): Finding {
  const flow = source.latest;
  const scanner = nameOf(flow.source);
  const hosts = source.failedHosts.size;
  const ports = source.failedPorts.size;
  const shown = [...source.targets.values()].slice(0, 10).map(({ name }) => name);
  const targets = listText(shown, Math.max(0, hosts - shown.length));
  const { kind, title } = shapeOf(scanner, shown[0] ?? '', hosts, ports, flow.destination.port);
  const seconds = Math.max(0, source.lastFailure - source.firstFailure) / 1000;
  const processes = [...source.processes];
  const failed = `${plural(source.failures, 'first contact')} failed (${source.refused} refused, ${source.unanswered} without an answer or unreachable)`;
  const why =
    source.verdict === 'likelihood'
      ? `A benign source fails now and then; so many failures with so few successes make a scanner ${Math.round(settings.detection / settings.falseAlarm)} times as likely as a benign source.`
      : `Some contacts succeeded in between, but no benign source fails at ${settings.portsPerHost} ports of one host or ${settings.contacts} places within ${Math.round(settings.windowMs / 60_000)} minutes.`;
  return {
    detector: id,
    severity: processes.length > 0 || isDeclared(flow) ? 'high' : 'medium',
    at,
    entity: scanner,
    fingerprint: JSON.stringify([id, formatAddress(flow.source.address)]),
    title,
    explanation: [
      `${fullNameOf(flow.source)} tried ${plural(ports, 'port')} on ${plural(hosts, 'host')} (${targets}) within ${seconds.toFixed(1)} s: a ${kind} scan.`,
      `${failed}.`,
      why,
      ...(processes.length > 0
        ? [`The scanning process runs on this machine: ${processes.join(', ')}.`]
        : []),
      ...(source.open > 0 ? [`Since then it has found ${plural(source.open, 'open port')}.`] : []),
    ].join(' '),
    evidence: [
      { name: 'scanner', value: fullNameOf(flow.source) },
      ...(processes.length > 0 ? [{ name: 'process', value: processes.join(', ') }] : []),
      { name: 'targets', value: targets },
      { name: 'ports tried', value: portsText(source.ports, ports) },
      {
        name: 'failed first contacts',
        value: `${source.failures} of ${Math.max(source.contacts.size, source.failures)}`,
        expected: `about ${Math.round((1 - settings.benignSuccess) * 100)} %`,
      },
      { name: 'kind', value: kind },
    ],
    techniques: kind === 'vertical' ? [serviceDiscovery] : [serviceDiscovery, systemDiscovery],
    flows: source.examples,
  };
}

function shapeOf(scanner: string, target: string, hosts: number, ports: number, port: number) {
  if (hosts === 1)
    return { kind: 'vertical', title: `Port scan: ${scanner} tried ${plural(ports, 'port')} of ${target}` };
  if (ports === 1) {
    return {
      kind: 'horizontal',
      title: `Port scan: ${scanner} tried port ${port} of ${plural(hosts, 'host')}`,
    };
  }
  const title = `Port scan: ${scanner} tried ${plural(ports, 'port')} on ${plural(hosts, 'host')}`;
  return { kind: 'vertical and horizontal', title };
}

function isDeclared({ source }: Flow): boolean {
  return source.identity !== undefined && source.identity.kind !== 'unknown';
}

/** Sources that look for open ports or hosts. */
export const portScan: DetectorDefinition<Options> = {
  id,
  title: 'Port scan',
  since: '0.1.0',
  techniques: [serviceDiscovery, systemDiscovery],
  options,
  doc: `A source that contacts many services which are not there. Two tests, both on *first contacts* only: the first
connection of a source to an address and port. Trying one dead service again and again is therefore no scan.

1. **Sequential hypothesis test** (threshold random walk; Jung, Paxson, Berger and Balakrishnan, IEEE S&P 2004): each failed
   first contact makes "scanner" more likely, each successful one less. With the preset probabilities four failures
   more than successes decide. The walk is floored at 0, so that earlier good conduct cannot be saved up, and
   fades by one failure a day, so that a dead service now and then never adds up.
2. **Fan-out**, for scanners that mix in successes: 15 failed ports of one host, or 25 failed contacts at all, within
   5 minutes; the numbers of the scan script that Zeek shipped for years.

A contact failed when there was no answer, when it was refused, or when the network said that it is unreachable. One that
its owner gave up within 40 ms says nothing. A connection that is seen from both ends is one contact.

A scan is one alert. It is renewed when the scan has grown tenfold, and when it has been quiet for ${quietMs / 1000} s. A scan of one host
is called vertical, one of one port over many hosts horizontal. When the scanner runs on this machine its process is named.

It cannot see: probes of a raw-socket scanner that a firewall drops before they reach a kernel that is watched; probes of
ports above 32767 sent from a port below (they look like late replies); scans slower than one contact a day.
Sources behind one address count as one.

Memory: at most \`maxSources\` sources of about 1 KB, and 18 KB for one with more than 64 contacts of each kind: 40 MB if all
2048 are such, about 2 MB in a flood of forged sources. When full, the least suspicious of the 16 oldest is dropped, and
counted. First contacts are exact up to 64 for each source, then a 2 KiB Bloom filter.`,
  create: (settings) => new PortScan(settings),
};
