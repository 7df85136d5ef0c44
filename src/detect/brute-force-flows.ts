import { z } from 'zod';
import type { Flow, FlowChange } from '../flow/flow.ts';
import { endOf } from '../flow/flow-summary.ts';
import { formatAddress } from '../net/address.ts';
import { Protocol } from '../net/protocol.ts';
import type { DetectorDefinition, Finding, RunningDetector, Technique } from './detector.ts';
import { LoginPair } from './login-pair.ts';
import { type LoginTarget, LoginTargets } from './login-target.ts';
import { addressLanes, RankedTable } from './ranked-table.ts';
import { fullNameOf, nameOf } from './text.ts';

const id = 'brute-force-flows';

const guessing: Technique = {
  id: 'T1110.001',
  name: 'Brute Force: Password Guessing',
  tactic: 'Credential Access',
};
const remoteServices: Technique = { id: 'T1021', name: 'Remote Services', tactic: 'Lateral Movement' };

/** FTP, SSH, Telnet, SMB, SQL Server, MySQL, RDP, PostgreSQL, VNC, WinRM; IANA's assignments, and 2222, where many move SSH to. */
const loginPorts: readonly number[] = [21, 22, 23, 445, 1433, 2222, 3306, 3389, 5432, 5900, 5985];

const options = z.strictObject({
  ports: z
    .array(z.int().min(1).max(65_535))
    .min(1)
    .max(64)
    .default([...loginPorts])
    .describe('TCP ports of services that people log in to'),
  sessions: z
    .int()
    .min(5)
    .max(10_000)
    .default(12)
    .describe('short sessions of one pair that may come at once'),
  leakMs: z.int().min(100).default(20_000).describe('time in which one of these is forgotten; ms'),
  slowSessions: z.int().min(5).max(10_000).default(16).describe('the same for guessing that takes its time'),
  slowLeakMs: z.int().min(100).default(300_000).describe('time in which one of these is forgotten; ms'),
  spread: z
    .number()
    .gt(0)
    .max(1)
    .default(0.1)
    .describe('spread of their bytes, at most: median of deviations by median'),
  longestMs: z.int().min(1000).default(60_000).describe('duration of a short session, at most; ms'),
  mostBytes: z.int().min(1000).default(20_000).describe('bytes of a short session both ways, at most'),
  pauseMs: z.int().min(1000).default(600_000).describe('pause after which a pair is told of again; ms'),
  sourcesPerService: z
    .int()
    .min(1)
    .max(10_000)
    .default(8)
    .describe(
      'sources at one service that are told one by one, within a day; further ones are told together',
    ),
  maxPairs: z.int().min(16).max(65_536).default(2048).describe('pairs remembered at one time'),
});

type Options = z.output<typeof options>;

const nothing: readonly Finding[] = [];
/** Packets of a client that has shaken hands and said something. */
const leastPackets = 4;
/** Ranks in the table: one session, several, told. */
const ranks = 3;
/** A finding is renewed when it has grown tenfold. */
const growth = 10;
/** A session of so many times the usual bytes was let in. */
const letIn = 3;

class BruteForceFlows implements RunningDetector {
  readonly #options: Options;
  readonly #ports: ReadonlySet<number>;
  readonly #pairs: RankedTable<LoginPair>;
  readonly #services: LoginTargets;

  constructor(settings: Options) {
    this.#options = settings;
    this.#ports = new Set(settings.ports);
    this.#services = new LoginTargets(settings.sourcesPerService);
    this.#pairs = new RankedTable(settings.maxPairs, 2 * addressLanes + 1, ranks);
  }

  onFlow(flow: Flow, change: FlowChange): readonly Finding[] {
    if (!this.#ports.has(flow.destination.port) || !isSession(flow, change)) return nothing;
    const at = endOf(flow);
    const bytes = flow.sent!.bytes + flow.received!.bytes;
    const begun = flow.establishedAt ?? flow.openedAt;
    const isShort = at - begun <= this.#options.longestMs && bytes <= this.#options.mostBytes;
    return isShort ? this.#short(flow, at, bytes) : this.#long(flow, at, bytes);
  }

  stateBytes(): number {
    let bytes = this.#pairs.bytes + this.#services.bytes;
    for (const pair of this.#pairs.values()) bytes += pair.bytes;
    return bytes;
  }

  evicted(): number {
    return this.#pairs.evicted;
  }

  #short(flow: Flow, at: number, bytes: number): readonly Finding[] {
    const pair = this.#pair(flow, at);
    if (pair.renewAt !== undefined && at - pair.lastAt > this.#options.pauseMs) pair.begin();
    pair.add(flow, at, bytes);
    const isNews = this.#isNews(pair);
    if (isNews) pair.renewAt = pair.sessions * growth;
    this.#pairs.touch(pair.slot, pair.renewAt === undefined ? Math.min(1, pair.sessions - 1) : 2);
    return isNews ? this.#tell(pair, flow, at) : nothing;
  }

  /** A service on a public address has hundreds that guess in a day: the first are told one by one. */
  #tell(pair: LoginPair, flow: Flow, at: number): readonly Finding[] {
    if (pair.isAmongMany) return nothing;
    if (pair.isTold) return [guessingOf(pair, flow, at, this.#options)];
    const service = this.#services.count(flow, at);
    pair.isTold = true;
    pair.isAmongMany = service.sources > this.#options.sourcesPerService;
    if (!pair.isAmongMany) return [guessingOf(pair, flow, at, this.#options)];
    return this.#services.isNews(service) ? [manyOf(service, pair, flow, at, this.#options)] : nothing;
  }

  /** Who was told of and then stays, or moves more than all tries did, was let in. */
  #long(flow: Flow, at: number, bytes: number): readonly Finding[] {
    const slot = this.#find(flow, at);
    if (slot < 0) return nothing;
    const pair = this.#pairs.value(slot);
    const begun = flow.establishedAt ?? flow.openedAt;
    const isAfter = begun - pair.lastAt <= this.#options.pauseMs;
    if (pair.renewAt === undefined || pair.isLetIn || !isAfter || bytes < letIn * pair.median) return nothing;
    pair.isLetIn = true;
    return [letInOf(pair, flow, at, bytes)];
  }

  #isNews(pair: LoginPair): boolean {
    if (pair.renewAt !== undefined) return pair.sessions >= pair.renewAt;
    const { sessions, slowSessions, spread } = this.#options;
    return (pair.fast.level > sessions || pair.slow.level > slowSessions) && pair.spread <= spread;
  }

  #find({ source, destination }: Flow, at: number): number {
    const table = this.#pairs;
    table.seed(at);
    table.setAddress(0, source.address);
    table.setAddress(addressLanes, destination.address);
    table.key[2 * addressLanes] = destination.port;
    return table.find();
  }

  #pair(flow: Flow, at: number): LoginPair {
    const slot = this.#find(flow, at);
    if (slot >= 0) return this.#pairs.value(slot);
    const pair = new LoginPair(this.#options.leakMs, this.#options.slowLeakMs);
    pair.slot = this.#pairs.insert(pair);
    return pair;
  }
}

/** A connection that came about, in which both ends said something, and which is over and counted. */
function isSession(flow: Flow, change: FlowChange): boolean {
  const { protocol, state, sent, received, awaitsCounts, part } = flow;
  const isOver = change === 'counted' || (change === 'closed' && awaitsCounts !== true);
  if (!isOver || protocol !== Protocol.Tcp || state !== 'closed' || (part ?? 1) > 1) return false;
  return sent !== undefined && received !== undefined && sent.packets >= leastPackets && received.packets > 1;
}

function common(kind: string, flow: Flow, at: number) {
  const ends = [formatAddress(flow.source.address), formatAddress(flow.destination.address)];
  return {
    detector: id,
    at,
    entity: nameOf(flow.source),
    fingerprint: JSON.stringify([id, kind, ...ends, flow.destination.port]),
  };
}

function placeOf({ destination }: Flow): string {
  return `port ${destination.port} of ${nameOf(destination)}`;
}

function guessingOf(pair: LoginPair, flow: Flow, at: number, settings: Options): Finding {
  const { sessions, leakMs, slowSessions, slowLeakMs, spread } = settings;
  const seconds = Math.max(1, Math.round((pair.lastAt - pair.firstAt) / 1000));
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  const [most, leak] = pair.fast.level > sessions ? [sessions, leakMs] : [slowSessions, slowLeakMs];
  const allowed = `at most ${most} at once and one more each ${leak / 1000} s`;
  return {
    ...common('guessing', flow, at),
    severity: 'medium',
    title: `${nameOf(flow.source)} seems to guess passwords at ${placeOf(flow)}`,
    explanation: `${fullNameOf(flow.source)} had ${pair.sessions} short sessions with port ${flow.destination.port} of ${fullNameOf(flow.destination)} within ${seconds} s, nearly all of the same size: ${Math.round(pair.median)} bytes with a spread of ${percent(pair.spread)}. Logins that fail look like this, one as the other; so does a program that does the same small thing again and again by this service. The log of the service tells which.`,
    evidence: [
      { name: 'source', value: fullNameOf(flow.source) },
      { name: 'service', value: `${fullNameOf(flow.destination)} port ${flow.destination.port}` },
      { name: 'short sessions', value: `${pair.sessions} within ${seconds} s`, expected: allowed },
      { name: 'bytes of one', value: String(Math.round(pair.median)) },
      { name: 'spread', value: percent(pair.spread), expected: `above ${percent(spread)}` },
    ],
    techniques: [guessing],
    flows: pair.examples,
  };
}

function manyOf(service: LoginTarget, pair: LoginPair, flow: Flow, at: number, settings: Options): Finding {
  const hours = Math.max(1, Math.round((at - service.firstAt) / 3_600_000));
  const to = formatAddress(flow.destination.address);
  return {
    ...common('many', flow, at),
    entity: nameOf(flow.destination),
    fingerprint: JSON.stringify([id, 'many', to, flow.destination.port]),
    severity: 'medium',
    title: `${service.sources} sources seem to guess passwords at ${placeOf(flow)}`,
    explanation: `Within ${hours} h, ${service.sources} sources had one short session after the other with port ${flow.destination.port} of ${fullNameOf(flow.destination)}, each nearly always of the same size; the latest is ${fullNameOf(flow.source)}, with ${pair.sessions} of ${Math.round(pair.median)} bytes. The first ${settings.sourcesPerService} were told one by one. A service that everybody can reach is guessed at by many: whether all have to reach it is the question.`,
    evidence: [
      { name: 'service', value: `${fullNameOf(flow.destination)} port ${flow.destination.port}` },
      {
        name: 'sources',
        value: `${service.sources} within ${hours} h`,
        expected: `at most ${settings.sourcesPerService}`,
      },
      { name: 'latest', value: fullNameOf(flow.source) },
    ],
    techniques: [guessing],
    flows: pair.examples,
  };
}

function letInOf(pair: LoginPair, flow: Flow, at: number, bytes: number): Finding {
  const seconds = Math.round((at - (flow.establishedAt ?? flow.openedAt)) / 1000);
  return {
    ...common('let-in', flow, at),
    severity: 'high',
    title: `${nameOf(flow.source)} was let in at ${placeOf(flow)} after it had guessed`,
    explanation: `After ${pair.sessions} short sessions of some ${Math.round(pair.median)} bytes, ${fullNameOf(flow.source)} had one with port ${flow.destination.port} of ${fullNameOf(flow.destination)} that took ${seconds} s and ${bytes} bytes. If these were failed logins, this was a successful one.`,
    evidence: [
      { name: 'source', value: fullNameOf(flow.source) },
      { name: 'service', value: `${fullNameOf(flow.destination)} port ${flow.destination.port}` },
      {
        name: 'session',
        value: `${seconds} s, ${bytes} bytes`,
        expected: `some ${Math.round(pair.median)} bytes`,
      },
      { name: 'short sessions before', value: String(pair.sessions) },
    ],
    techniques: [guessing, remoteServices],
    flows: [flow, ...pair.examples].slice(0, 8),
  };
}

/** Sources whose sessions look like logins that fail, one as the other. */
export const bruteForceFlows: DetectorDefinition<Options> = {
  id,
  title: 'Guessed passwords, by the shape of flows',
  since: '0.2.0',
  techniques: [guessing, remoteServices],
  options,
  doc: `A source that has one short session after the other with a service that people log in to (SSH, RDP, FTP, Telnet, SMB, VNC, WinRM, databases), all of
nearly the same size. It is for services whose log nobody reads; where it is read, \`brute-force\` knows better.

A session counts when both ends said something, it took at most a minute and 20,000 bytes. Told are more than 12 at once, one forgotten each 20 s, or
more than 16, one forgotten each 5 minutes, if the spread of the last 16 (median of the deviations from the median, by the median) is at most 10 %. A
longer or larger session of the same pair within 10 minutes after, of at least three times their bytes, is told as one that was let in. Of the
sources that guess at one service within a day the first 8 are told one by one, further ones together, whenever they have doubled.

It needs flows with bytes: \`--conntrack\`, \`--capture\`, exports, logs of flows. It cannot see guessing that keeps one connection open, that is slower, or
that mixes its sizes; guessing by many sources together; and what the answer was. Automation that connects anew for each small step looks the same:
monitoring, deployment, version control over SSH.

Memory: at most \`maxPairs\` pairs of 0.5 KB, 5 KB for one with its examples: 10 MB as preset if all are such. When full, the one with a single session
goes first, longest ago, and is counted.`,
  create: (settings) => new BruteForceFlows(settings),
};
