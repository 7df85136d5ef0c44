import { z } from 'zod';
import { finish, mix } from '../flow/chained-index.ts';
import type { Flow, FlowChange } from '../flow/flow.ts';
import { type Address, formatAddress } from '../net/address.ts';
import { Protocol } from '../net/protocol.ts';
import type { DetectorDefinition, Finding, RunningDetector, Technique } from './detector.ts';
import { type FailureKind, Source, type Trail } from './port-scan-source.ts';
import { type Walk, walkOf } from './random-walk.ts';
import { addressLanes, RankedTable } from './ranked-table.ts';
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

const nothing: readonly Finding[] = [];

/** A finding is renewed when the scan has grown tenfold, and once it has been quiet for this long; ms. */
const growth = 10;
const quietMs = 2000;
/** A scan that is over is told again when so much has come since the last finding. */
const worthTelling = 1.25;
/** Ranks in the table: nothing failed, one did, several did, a scanner. */
const ranks = 4;

class PortScan implements RunningDetector {
  readonly #options: Options;
  readonly #walk: Walk;
  readonly #sources: RankedTable<Source>;
  /** Scanners whose last finding is behind. */
  readonly #growing = new Set<Source>();

  constructor(settings: Options) {
    this.#options = settings;
    this.#walk = walkOf(settings);
    this.#sources = new RankedTable(settings.maxSources, addressLanes, ranks, (source) =>
      this.#growing.delete(source),
    );
  }

  onFlow(flow: Flow, change: FlowChange): readonly Finding[] {
    const outcome = outcomeOf(flow, change);
    if (outcome === undefined) return nothing;
    const at = flow.establishedAt ?? flow.closedAt ?? flow.openedAt;
    const source = this.#source(flow, at);
    const host = hashOf(flow.destination.address);
    const { port } = flow.destination;
    if (!source.contacts.add(finish(mix(mix(host, port), flow.protocol)))) return nothing;
    if (outcome === 'success') {
      this.#succeed(source, flow);
      return nothing;
    }
    const walk = this.#faded(source, at);
    const portHash = finish(mix(flow.protocol, port));
    const isNewPort = source.fail({ flow, at, kind: outcome, hostHash: finish(host), portHash });
    source.walk = walk + this.#walk.failure * (isNewPort || outcome !== 'silent' ? weights[outcome] : 0);
    const findings = this.#judge(source, at);
    this.#sources.touch(source.slot, this.#rankOf(source));
    return findings;
  }

  /** Says how a scan ended: once it has been quiet for a moment, and has grown since the last finding. */
  onTick(now: number): readonly Finding[] {
    if (this.#growing.size === 0) return nothing;
    const findings: Finding[] = [];
    for (const source of this.#growing) {
      if (now - source.lastFailure < quietMs) continue;
      this.#growing.delete(source);
      const { failures, reported } = source.trail!;
      if (reported > 0 && failures >= reported * worthTelling)
        findings.push(this.#report(source, source.lastFailure));
    }
    return findings;
  }

  stateBytes(): number {
    let bytes = this.#sources.bytes;
    for (const source of this.#sources.values()) bytes += source.bytes;
    return bytes;
  }

  evicted(): number {
    return this.#sources.evicted;
  }

  #succeed(source: Source, { protocol }: Flow): void {
    if (source.verdict !== undefined) {
      if (source.trail !== undefined) source.trail.open++;
    } else if (hasHandshake(protocol) && source.walk > 0) {
      source.walk = Math.max(0, source.walk + this.#walk.success);
      this.#sources.touch(source.slot, this.#rankOf(source));
    }
  }

  #judge(source: Source, at: number): readonly Finding[] {
    const isFannedOut = source.total > 1 && this.#isFannedOut(source.trail!);
    if (source.verdict === undefined && source.walk >= this.#walk.threshold) source.verdict = 'likelihood';
    else if (source.verdict === undefined && isFannedOut) source.verdict = 'fan-out';
    if (source.verdict === undefined) return nothing;
    this.#growing.add(source);
    const isNews = source.isBack ? isFannedOut : source.total >= source.reportAt;
    return isNews ? [this.#report(source, at)] : nothing;
  }

  #isFannedOut({ recent, mostOnHost, mostOnPort }: Trail): boolean {
    const { contacts, portsPerHost } = this.#options;
    return recent >= contacts || mostOnHost >= portsPerHost || mostOnPort >= contacts;
  }

  #rankOf({ verdict, walk, total }: Source): number {
    if (verdict !== undefined) return ranks - 1;
    if (total === 0) return 0;
    return walk < this.#walk.failure * 1.5 ? 1 : 2;
  }

  #source({ source: { address }, openedAt }: Flow, at: number): Source {
    const table = this.#sources;
    table.seed(openedAt);
    table.setAddress(0, address);
    let slot = table.find();
    if (slot >= 0) {
      const known = table.value(slot);
      if (!this.#isStale(known, at)) {
        table.touch(slot, table.rank(slot));
        const isPaused = known.verdict !== undefined && at - known.lastFailure > this.#options.windowMs;
        if (isPaused && !this.#growing.has(known)) known.pause();
        return known;
      }
      this.#growing.delete(known);
      table.remove(slot);
    }
    const source = new Source(this.#options.windowMs);
    slot = table.insert(source);
    source.slot = slot;
    return source;
  }

  /**
   * The walk as it has faded since the last failure, by one failure in `forgetMs`: a busy host comes upon a dead service
   * now and then, while its living ones are no first contacts any more.
   */
  #faded(source: Source, at: number): number {
    if (source.total === 0 || source.verdict !== undefined) return source.walk;
    const elapsed = Math.max(0, at - source.lastFailure) / this.#options.forgetMs;
    return Math.max(0, source.walk - elapsed * this.#walk.failure);
  }

  /** Its last failed first contact is so long ago that the next one says nothing about a scan then. */
  #isStale(source: Source, at: number): boolean {
    return source.total > 0 && at - source.lastFailure > this.#options.forgetMs;
  }

  #report(source: Source, at: number): Finding {
    const trail = source.trail!;
    trail.reported = trail.failures;
    source.reportAt = source.total * growth;
    source.isBack = false;
    return findingOf(source, trail, at, this.#options);
  }
}

/**
 * How many failures a failed first contact counts for in the walk. Silence where nobody need answer says half as much, and nothing for a
 * port that has failed before: clients of one service try several servers, scanners look for services.
 */
const weights: Readonly<Record<FailureKind, number>> = {
  refused: 1,
  unanswered: 1,
  pending: 0.5,
  silent: 0.5,
};

/** What became of a contact; undefined while nothing is known, or where it says nothing. */
function outcomeOf(flow: Flow, change: FlowChange): FailureKind | 'success' | undefined {
  const { state, protocol } = flow;
  if (change !== 'decided') {
    return change === 'closed' && isCutOff(flow) ? 'pending' : undefined;
  }
  if (state === 'aborted' || state === 'attempted') return undefined;
  if (state === 'established' || state === 'closed') return 'success';
  if (state === 'refused' || state === 'unreachable') return 'refused';
  return hasHandshake(protocol) ? 'unanswered' : 'silent';
}

/** A handshake without an answer in packets that were looked at to the end. Of what others count the answer may be another record. */
function isCutOff({ state, protocol, endReason, observation }: Flow): boolean {
  return (
    state === 'attempted' && endReason === 'forced' && observation?.by === 'capture' && hasHandshake(protocol)
  );
}

function hasHandshake(protocol: number): boolean {
  return protocol === Protocol.Tcp || protocol === Protocol.Sctp;
}

function hashOf({ family, a, b, c, d }: Address): number {
  const hash = mix(family, d);
  return family === 4 ? hash : mix(mix(mix(hash, a), b), c);
}

function findingOf(source: Source, trail: Trail, at: number, settings: Options): Finding {
  const flow = trail.latest;
  const scanner = nameOf(flow.source);
  const hosts = trail.failedHosts.size;
  const ports = trail.failedPorts.size;
  const shown = [...trail.targets.values()].slice(-10).map(({ end }) => nameOf(end));
  shown.reverse();
  const targets = listText(shown, Math.max(0, hosts - shown.length));
  const { kind, title } = shapeOf(scanner, shown[0] ?? '', hosts, ports, flow.destination.port);
  const seconds = Math.max(0, source.lastFailure - trail.firstFailure) / 1000;
  const processes = [...trail.processes];
  const { failures, counts } = trail;
  const failed = `${plural(failures, 'first contact')} failed (${failedText(counts)})`;
  const why =
    source.verdict === 'likelihood'
      ? `A benign source fails now and then; so many failures with so few successes make a scanner ${Math.round(settings.detection / settings.falseAlarm)} times as likely as a benign source.`
      : `Some contacts succeeded in between, or need no answer, but no benign source fails at ${settings.portsPerHost} ports of one host or ${settings.contacts} places within ${Math.round(settings.windowMs / 60_000)} minutes.`;
  return {
    detector: id,
    severity: processes.length > 0 || isDeclared(flow) ? 'high' : 'medium',
    at,
    beganAt: Math.min(trail.firstFailure, at),
    entity: scanner,
    fingerprint: JSON.stringify([id, formatAddress(flow.source.address)]),
    title,
    explanation: [
      `${fullNameOf(flow.source)} tried ${plural(ports, 'port')} on ${plural(hosts, 'host')} (${targets}) within ${seconds.toFixed(1)} s: a ${kind} scan.`,
      `${failed}.`,
      why,
      ...(source.total > failures
        ? [`It had scanned before: ${plural(source.total, 'first contact')} failed in all.`]
        : []),
      ...(processes.length > 0
        ? [`The scanning process runs on this machine: ${processes.join(', ')}.`]
        : []),
      ...(trail.open > 0 ? [`Since then it has found ${plural(trail.open, 'open port')}.`] : []),
    ].join(' '),
    evidence: [
      { name: 'scanner', value: fullNameOf(flow.source) },
      ...(processes.length > 0 ? [{ name: 'process', value: processes.join(', ') }] : []),
      { name: 'targets', value: targets },
      { name: 'ports tried', value: portsText(trail.ports.keys(), ports) },
      {
        name: 'failed first contacts',
        value: `${failures} of ${Math.max(source.contacts.size, failures)}`,
        expected: `about ${Math.round((1 - settings.benignSuccess) * 100)} %`,
      },
      { name: 'kind', value: kind },
    ],
    techniques: kind === 'vertical' ? [serviceDiscovery] : [serviceDiscovery, systemDiscovery],
    flows: trail.examples,
  };
}

/** `3 refused, 4 without an answer`, and what else there is. */
function failedText({ refused, unanswered, pending, silent }: Trail['counts']): string {
  return [
    `${refused} refused or unreachable`,
    `${unanswered} without an answer`,
    ...(pending > 0 ? [`${pending} without one when the watch ended`] : []),
    ...(silent > 0 ? [`${silent} in protocols that need none`] : []),
  ].join(', ');
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
  threshold: { option: 'falseAlarm', values: [0.2, 0.1, 0.05, 0.02, 0.01, 0.003, 0.001, 0.0001, 0.00001] },
  doc: `A source that contacts many services which are not there. Two tests, both on *first contacts* only: the first
connection of a source to an address and port. Trying one dead service again and again is therefore no scan.

1. **Sequential hypothesis test** (threshold random walk; Jung, Paxson, Berger and Balakrishnan, IEEE S&P 2004): each failed
   first contact makes "scanner" more likely, each successful handshake less. With the preset probabilities four failures
   more than successes decide. The walk is floored at 0, so that earlier good conduct cannot be saved up, and
   fades by one failure a day, so that a dead service now and then never adds up.
2. **Fan-out**, for scanners that mix in successes: 15 failed ports of one host, or 25 failed handshakes at all, or one port
   of 25 hosts, within 5 minutes; the numbers of the scan script that Zeek shipped for years.

A contact failed when it was refused, when the network said that it is unreachable, or when a handshake (TCP, SCTP) was not
answered. Silence of UDP and ICMP is weaker: much that is sent there need not be answered, and a client tries the same
service (time, names) at several servers. It counts half, and only for ports at which the source has not failed before; the
fan-out counts all of it. A handshake that was still open when the watch ended counts half. One that its owner gave up
within 40 ms says nothing. A connection that is seen from both ends is one contact.

A scan is one alert. It is renewed when the scan has grown tenfold, and when it has been quiet for ${quietMs / 1000} s. After a pause of
5 minutes a scanner starts anew, and is told of again when its new contacts pass the fan-out test by themselves. A scan of one host
is called vertical, one of one port over many hosts horizontal. When the scanner runs on this machine its process is named.

It cannot see: probes of a raw-socket scanner that a firewall drops before they reach a kernel that is watched; probes of
ports above 32767 sent from a port below (they look like late replies); scans slower than one contact a day; sweeps that
nearly all hosts answer. Sources behind one address count as one.

Memory: at most \`maxSources\` sources of about 0.4 KB where nothing failed, 7 KB for a scanner of a few places and 21 KB for one with
more than 64 contacts of each kind: 42 MB if all 2048 are such, about 2 MB in a flood of forged sources. When full, the one goes that
was not seen for longest among the least suspicious; scanners, once they hold three quarters of the table, go by age too. First contacts are
exact up to 64 for each source, then a 2 KiB Bloom filter.`,
  create: (settings) => new PortScan(settings),
};
