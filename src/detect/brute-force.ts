import { z } from 'zod';
import type { LogObservation } from '../event/service-log/log-observation.ts';
import { formatAddress } from '../net/address.ts';
import type { DetectorDefinition, Evidence, Finding, RunningDetector, Technique } from './detector.ts';
import { setText, textLanes } from './dns-key.ts';
import { LoginService } from './login-service.ts';
import { type LoginPattern, LoginSource } from './login-source.ts';
import { addressLanes, RankedTable } from './ranked-table.ts';
import { listText, plural } from './text.ts';

const id = 'brute-force';

const credentialAccess = 'Credential Access';
const guessing: Technique = {
  id: 'T1110.001',
  name: 'Brute Force: Password Guessing',
  tactic: credentialAccess,
};
const spraying: Technique = {
  id: 'T1110.003',
  name: 'Brute Force: Password Spraying',
  tactic: credentialAccess,
};
const bruteForceTechnique: Technique = { id: 'T1110', name: 'Brute Force', tactic: credentialAccess };
const validAccounts: Technique = { id: 'T1078', name: 'Valid Accounts', tactic: 'Initial Access' };

const count = (preset: number) => z.int().min(2).max(100_000).default(preset);
const ms = (preset: number) => z.int().min(100).max(86_400_000).default(preset);

const options = z.strictObject({
  failures: count(5).describe('failed logins of a source at a service that may come at once'),
  leakMs: ms(10_000).describe('time in which one of these is forgotten; ms'),
  slowFailures: count(10).describe('the same for guessing that takes its time'),
  slowLeakMs: ms(60_000).describe('time in which one of these is forgotten; ms'),
  users: count(5).describe('different names with which a source may fail at once'),
  usersLeakMs: ms(10_000).describe('time in which one of these is forgotten; ms'),
  usersInAll: count(20).describe(
    'different names of a source without any success in between, however slowly',
  ),
  successAfter: count(6).describe('failed logins after which a successful one is told'),
  serviceFailures: count(60).describe(
    'failed logins at a service by sources that are not told of themselves',
  ),
  serviceLeakMs: ms(30_000).describe('time in which one of these is forgotten; ms'),
  serviceSources: count(20).describe('sources that these must come from'),
  forgetMs: ms(86_400_000).describe('time after which a source that did not fail is forgotten; ms'),
  pauseMs: ms(600_000).describe('pause after which a source is told of again; ms'),
  maxSources: z
    .int()
    .min(16)
    .max(65_536)
    .default(4096)
    .describe('sources remembered at one time, for each service'),
});

type Options = z.output<typeof options>;

const nothing: readonly Finding[] = [];
/** A finding is renewed when it has grown tenfold. */
const growth = 10;
/** Ranks in the table: one failure, several, told. */
const ranks = 3;
/** Services have few fixed names; more are not told of together. */
const maxServices = 32;

class BruteForce implements RunningDetector {
  readonly #options: Options;
  readonly #sources: RankedTable<LoginSource>;
  readonly #services = new Map<string, LoginService>();

  constructor(settings: Options) {
    this.#options = settings;
    this.#sources = new RankedTable(settings.maxSources, addressLanes + textLanes, ranks);
  }

  onLog(seen: LogObservation): readonly Finding[] {
    if (seen.outcome === 'failed') return this.#failed(seen);
    return seen.outcome === 'succeeded' ? this.#succeeded(seen) : nothing;
  }

  stateBytes(): number {
    let bytes = this.#sources.bytes;
    for (const source of this.#sources.values()) bytes += source.bytes;
    for (const service of this.#services.values()) bytes += service.bytes;
    return bytes;
  }

  evicted(): number {
    return this.#sources.evicted;
  }

  #failed(seen: LogObservation): readonly Finding[] {
    const { pauseMs } = this.#options;
    const source = this.#source(seen);
    if (source.isTold && seen.at - source.lastAt > pauseMs) pause(source);
    const isNewUser = source.fail(seen);
    const findings: Finding[] = [];
    if (this.#isGuessing(source)) findings.push(this.#tell('guessing', source, seen));
    if (isNewUser && this.#triesUsers(source)) findings.push(this.#tell('users', source, seen));
    // Who is told of is no longer one of the many.
    if (!source.isTold) findings.push(...this.#together(seen));
    this.#sources.touch(source.slot, source.isTold ? 2 : Math.min(1, source.failures - 1));
    return findings;
  }

  #succeeded(seen: LogObservation): readonly Finding[] {
    const slot = this.#find(seen);
    if (slot < 0) return nothing;
    const source = this.#sources.value(slot);
    this.#sources.remove(slot);
    const { successAfter, forgetMs } = this.#options;
    const isNews = source.failures >= successAfter && seen.at - source.lastAt <= forgetMs;
    return isNews ? [successOf(source, seen, this.#options)] : nothing;
  }

  #isGuessing({ fast, slow, failures, renewAt }: LoginSource): boolean {
    if (renewAt.guessing !== undefined) return failures >= renewAt.guessing;
    return fast.level > this.#options.failures || slow.level > this.#options.slowFailures;
  }

  #triesUsers({ names, users, renewAt }: LoginSource): boolean {
    if (renewAt.users !== undefined) return users >= renewAt.users;
    return names.level > this.#options.users || users >= this.#options.usersInAll;
  }

  #tell(pattern: LoginPattern, source: LoginSource, seen: LogObservation): Finding {
    const isGuessing = pattern === 'guessing';
    source.renewAt[pattern] = (isGuessing ? source.failures : source.users) * growth;
    return isGuessing ? guessingOf(source, seen, this.#options) : usersOf(source, seen, this.#options);
  }

  #together(seen: LogObservation): readonly Finding[] {
    let service = this.#services.get(seen.service);
    if (service === undefined) {
      if (this.#services.size >= maxServices) return nothing;
      service = new LoginService(this.#options);
      this.#services.set(seen.service, service);
    }
    return service.fail(seen) ? [togetherOf(service, seen, this.#options)] : nothing;
  }

  #find({ source, service, at }: LogObservation): number {
    const table = this.#sources;
    table.seed(at);
    table.setAddress(0, source);
    setText(table.key, addressLanes, service);
    return table.find();
  }

  #source(seen: LogObservation): LoginSource {
    const slot = this.#find(seen);
    if (slot >= 0) {
      const known = this.#sources.value(slot);
      if (seen.at - known.lastAt <= this.#options.forgetMs) return known;
      this.#sources.remove(slot);
    }
    const source = new LoginSource(this.#options);
    source.slot = this.#sources.insert(source);
    return source;
  }
}

/** What comes after a pause is told again when it is enough by itself. */
function pause(source: LoginSource): void {
  delete source.renewAt.guessing;
  delete source.renewAt.users;
}

function nameOf({ source, sourceName }: LogObservation): string {
  return sourceName ?? formatAddress(source);
}

function fullNameOf({ source, sourceName }: LogObservation): string {
  const address = formatAddress(source);
  return sourceName === undefined || sourceName === address ? address : `${sourceName} (${address})`;
}

function usersText({ examples, users }: LoginSource): string {
  return examples.length === 0 ? 'no name' : listText(examples, users - examples.length);
}

function timeText({ firstAt, lastAt }: Pick<LoginSource, 'firstAt' | 'lastAt'>): string {
  const seconds = Math.max(1, Math.round((lastAt - firstAt) / 1000));
  return seconds < 600 ? `${seconds} s` : `${Math.round(seconds / 60)} minutes`;
}

function common(
  kind: string,
  seen: LogObservation,
): Pick<Finding, 'detector' | 'at' | 'entity' | 'fingerprint' | 'flows'> {
  return {
    detector: id,
    at: seen.at,
    entity: nameOf(seen),
    fingerprint: JSON.stringify([id, kind, seen.service, formatAddress(seen.source)]),
    flows: [],
  };
}

function evidenceOf(source: LoginSource, seen: LogObservation, failures: string, users: string): Evidence[] {
  return [
    { name: 'source', value: fullNameOf(seen) },
    { name: 'service', value: seen.host === undefined ? seen.service : `${seen.service} of ${seen.host}` },
    { name: 'failed logins', value: `${source.failures} within ${timeText(source)}`, expected: failures },
    { name: 'names', value: `${source.users} (${usersText(source)})`, expected: users },
  ];
}

/** Somebody of the site who guesses passwords is worse than one of the many outside. */
function severityOf({ sourceName }: LogObservation): 'high' | 'medium' {
  return sourceName === undefined ? 'medium' : 'high';
}

function rateText(most: number, leakMs: number): string {
  return `${most} at once and one more each ${leakMs / 1000} s`;
}

function guessingOf(source: LoginSource, seen: LogObservation, settings: Options): Finding {
  const { failures, leakMs, slowFailures, slowLeakMs } = settings;
  const isFast = source.fast.level > failures;
  const allowed = isFast ? rateText(failures, leakMs) : rateText(slowFailures, slowLeakMs);
  return {
    ...common('guessing', seen),
    severity: severityOf(seen),
    title: `${nameOf(seen)} guesses passwords of ${seen.service}`,
    explanation: `${fullNameOf(seen)} failed to log in at ${seen.service} ${plural(source.failures, 'time')} within ${timeText(source)}, as ${usersText(source)}, and never succeeded in between. People who mistype stay below ${allowed}; a program with a wrong password may not.`,
    evidence: evidenceOf(source, seen, `at most ${allowed}`, 'one or two'),
    techniques: [guessing],
  };
}

function usersOf(source: LoginSource, seen: LogObservation, settings: Options): Finding {
  const { users, usersLeakMs, usersInAll } = settings;
  const allowed = `${rateText(users, usersLeakMs)}, fewer than ${usersInAll} in all`;
  return {
    ...common('users', seen),
    severity: severityOf(seen),
    title: `${nameOf(seen)} tries many names at ${seen.service}`,
    explanation: `${fullNameOf(seen)} failed to log in at ${seen.service} with ${plural(source.users, 'different name')} within ${timeText(source)}: ${usersText(source)}. Nobody has so many; this is a search for names that exist, or the same few passwords for all of them. Normal would be ${allowed}.`,
    evidence: evidenceOf(source, seen, 'a few', allowed),
    techniques: [spraying],
  };
}

function successOf(source: LoginSource, seen: LogObservation, settings: Options): Finding {
  const user = seen.user ?? 'somebody';
  const isGuessed = seen.method === undefined || seen.method !== 'publickey';
  const how = seen.method === undefined ? '' : ` by ${seen.method}`;
  const doubt = isGuessed
    ? 'Unless this is a person who remembered at last, a password was guessed: the account is no longer its owner’s alone.'
    : 'A key is not guessed: somebody else behind the same address, or who guessed has a key as well.';
  return {
    ...common('success', seen),
    severity: isGuessed && source.isTold ? 'critical' : 'high',
    title: `${nameOf(seen)} logged in at ${seen.service} as ${user} after ${plural(source.failures, 'failure')}`,
    explanation: `${fullNameOf(seen)} logged in at ${seen.service} as ${user}${how}, after it had failed ${plural(source.failures, 'time')} within ${timeText(source)}, as ${usersText(source)}. ${doubt}`,
    evidence: [
      { name: 'account', value: user },
      ...evidenceOf(source, seen, `fewer than ${settings.successAfter} before a success`, 'one or two'),
    ],
    techniques: [guessing, validAccounts],
  };
}

function togetherOf(service: LoginService, seen: LogObservation, settings: Options): Finding {
  const { serviceFailures, serviceLeakMs, serviceSources } = settings;
  const where = seen.host === undefined ? seen.service : `${seen.service} of ${seen.host}`;
  return {
    ...common('together', seen),
    entity: seen.service,
    fingerprint: JSON.stringify([id, 'together', seen.service]),
    severity: 'medium',
    title: `Many sources guess passwords of ${seen.service} together`,
    explanation: `${plural(service.failures, 'login')} failed at ${where} within ${timeText(service)}, from ${plural(service.sources, 'source')} of which each alone stays below what is told (the latest is ${fullNameOf(seen)}). Guessing that is spread over many addresses looks like this; so does a change of passwords that clients have not followed.`,
    evidence: [
      { name: 'service', value: where },
      {
        name: 'failed logins',
        value: `${service.failures} within ${timeText(service)}`,
        expected: `at most ${rateText(serviceFailures, serviceLeakMs)}`,
      },
      { name: 'sources', value: String(service.sources), expected: `fewer than ${serviceSources}` },
    ],
    techniques: [bruteForceTechnique],
  };
}

/** Sources that guess passwords, going by the logs of services. */
export const bruteForce: DetectorDefinition<Options> = {
  id,
  title: 'Guessed passwords',
  since: '0.2.0',
  techniques: [guessing, spraying, bruteForceTechnique, validAccounts],
  options,
  doc: `A source that fails to log in more often than people do, in the logs of sshd, nginx and Apache (\`--log\`, \`picket replay auth.log\`). Failures fill
leaky buckets, one for each source and service, with the numbers that CrowdSec's scenarios for SSH have:

1. **Guessing**: more than 5 failures at once, of which one is forgotten each 10 s; or more than 10, of which one is forgotten each minute.
2. **Many names**: more than 5 different names at once, one forgotten each 10 s; or 20 in all, however slowly, without a success in
   between: a search for accounts, or a few passwords tried on all of them.
3. **Success after failures**: a login that succeeds after at least 6 failures. It is high, and critical where the source was told of before and no key was
   used. Any success empties the buckets.
4. **Together**: more than 60 failures at a service, one forgotten each 30 s, from at least 20 sources that are not told of themselves.

A finding is renewed when it has grown tenfold, and after a pause of 10 minutes. One failure is counted once, however many messages sshd
writes of it; keys that a client offers one after the other are not failures, a connection that ends without any other is.

It cannot see: services whose logs it is not given; whose password it was that was right; who is behind a proxy (the address is the
proxy's) or shares an address. It believes the log: who may write to syslog can write lines of sshd (with the journal, those of anybody but root are
left out). A program with a wrong password looks the same. Guessing from many addresses that keep to fewer than two failures a minute
altogether stays unseen.

Memory: at most \`maxSources\` sources of 0.6 KB, 4.5 KB for one with more than 64 names: 18 MB if all 4096 are such. When full, the one
that failed once goes first, longest ago, and is counted.`,
  create: (settings) => new BruteForce(settings),
};
