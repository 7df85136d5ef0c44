import { z } from 'zod';
import type { DnsMessage } from '../flow/dns-message.ts';
import { formatAddress } from '../net/address.ts';
import { ContactSet } from './contact-set.ts';
import type { DetectorDefinition, Finding, RunningDetector, Technique } from './detector.ts';
import { hashText, setText, textLanes } from './dns-key.ts';
import { entityOf } from './entities.ts';
import { addressLanes, RankedTable } from './ranked-table.ts';
import { registrableDomain } from './registrable-domain.ts';
import { listText, nameOf } from './text.ts';

const id = 'dns-tunnel';

const dns: Technique = {
  id: 'T1071.004',
  name: 'Application Layer Protocol: DNS',
  tactic: 'Command and Control',
};
const tunneling: Technique = { id: 'T1572', name: 'Protocol Tunneling', tactic: 'Command and Control' };

const options = z.strictObject({
  names: z
    .int()
    .min(5)
    .max(5000)
    .default(50)
    .describe('different names below one domain that a client asks for within the window'),
  length: z
    .number()
    .min(1)
    .default(10)
    .describe('their mean length, without the domain, at least; characters'),
  newShare: z
    .number()
    .gt(0)
    .max(1)
    .default(0.8)
    .describe('share of the questions that are for a name not asked for before in the window, at least'),
  windowMs: z.int().min(1000).default(300_000).describe('window; ms'),
  ignore: z
    .array(z.string().max(253))
    .max(256)
    .default([])
    .describe('domains that are asked for such names as a service, e.g. blocklists of mail servers'),
  maxPairs: z.int().min(16).max(65_536).default(4096).describe('clients and domains remembered at one time'),
});

type Options = z.output<typeof options>;

const nothing: readonly Finding[] = [];
/** Ranks in the table: one name or two, several, many, told. */
const ranks = 4;
const several = 3;
const maxExamples = 3;
const pairBytes = 900;
/** The character 9. */
const nine = 0x39;
/** Names of record types (IANA, DNS parameters) that tunnels like, and usual ones. */
const typeNames: Readonly<Record<number, string>> = {
  1: 'A',
  5: 'CNAME',
  10: 'NULL',
  15: 'MX',
  16: 'TXT',
  25: 'KEY',
  28: 'AAAA',
  33: 'SRV',
  64: 'SVCB',
  65: 'HTTPS',
};
const otherTypes = 0;

/** What is remembered of one client and domain within a window. */
interface Pair {
  readonly domain: string;
  slot: number;
  windowStart: number;
  names: ContactSet;
  different: number;
  questions: number;
  /** Characters of the different names that can carry something, without the domain. */
  characters: number;
  isTold: boolean;
  /** Bytes asked and answered. */
  sent: number;
  received: number;
  types: Map<number, number>;
  examples: string[];
}

class DnsTunnel implements RunningDetector {
  readonly #options: Options;
  readonly #ignored: ReadonlySet<string>;
  readonly #pairs: RankedTable<Pair>;

  constructor(settings: Options) {
    this.#options = settings;
    this.#ignored = new Set(settings.ignore.map((domain) => domain.toLowerCase()));
    this.#pairs = new RankedTable(settings.maxPairs, addressLanes + textLanes, ranks);
  }

  onDns(message: DnsMessage): readonly Finding[] {
    const domain = registrableDomain(message.name);
    // The domain itself carries nothing.
    if (domain === undefined || domain.length === message.name.length || this.#ignored.has(domain))
      return nothing;
    const pair = this.#pair(message, domain);
    if (message.isResponse) {
      pair.received += message.bytes;
      return nothing;
    }
    this.#ask(pair, message);
    return this.#isTold(pair) ? [this.#report(pair, message)] : nothing;
  }

  stateBytes(): number {
    let bytes = this.#pairs.bytes;
    for (const { names } of this.#pairs.values()) bytes += pairBytes + names.bytes;
    return bytes;
  }

  evicted(): number {
    return this.#pairs.evicted;
  }

  #ask(pair: Pair, { name, type, bytes }: DnsMessage): void {
    pair.questions++;
    pair.sent += bytes;
    const known = typeNames[type] === undefined ? otherTypes : type;
    pair.types.set(known, (pair.types.get(known) ?? 0) + 1);
    if (!pair.names.add(hashText(name, 0))) return;
    pair.different++;
    pair.characters += carriedBy(name.slice(0, name.length - pair.domain.length - 1));
    if (pair.examples.length < maxExamples) pair.examples.push(name);
    const many = this.#options.names / 2;
    const rank = pair.isTold ? 3 : pair.different >= many ? 2 : pair.different >= several ? 1 : 0;
    this.#pairs.touch(pair.slot, rank);
  }

  #isTold({ isTold, different, questions, characters }: Pair): boolean {
    const { names, length, newShare } = this.#options;
    return (
      !isTold && different >= names && different >= newShare * questions && characters >= length * different
    );
  }

  #report(pair: Pair, message: DnsMessage): Finding {
    pair.isTold = true;
    this.#pairs.touch(pair.slot, ranks - 1);
    return findingOf(pair, message, this.#options);
  }

  #pair({ client, at }: DnsMessage, domain: string): Pair {
    const table = this.#pairs;
    table.seed(at);
    table.setAddress(0, client);
    setText(table.key, addressLanes, domain);
    const slot = table.find();
    if (slot >= 0) {
      const known = table.value(slot);
      // Packets may come a little out of order; a clock that was set back begins a window too.
      if (Math.abs(at - known.windowStart) > this.#options.windowMs) begin(known, at);
      return known;
    }
    const pair = { domain, slot: -1 } as Pair;
    begin(pair, at);
    pair.slot = table.insert(pair);
    return pair;
  }
}

/** An address of IPv4 turned around, as lists of mail senders are asked for it (RFC 5782 §2.1), before what may follow. */
const reversedAddress = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?=\.|$)/;
const addressBytes = 4;

/** Returns how many characters of a name below the domain can carry data: an address carries its four bytes, however it is written. */
function carriedBy(name: string): number {
  const length = name.charCodeAt(0) <= nine ? (reversedAddress.exec(name)?.[0].length ?? 0) : 0;
  return length === 0 ? name.length : name.length - length + addressBytes;
}

function begin(pair: Pair, at: number): void {
  pair.windowStart = at;
  pair.names = new ContactSet();
  pair.different = 0;
  pair.questions = 0;
  pair.characters = 0;
  pair.sent = 0;
  pair.received = 0;
  pair.isTold = false;
  pair.types = new Map();
  pair.examples = [];
}

function findingOf(pair: Pair, message: DnsMessage, settings: Options): Finding {
  const { domain, different, questions, characters, sent, received } = pair;
  const client = nameOf({ address: message.client, port: 0, ...identityOf(message) });
  const address = formatAddress(message.client);
  const seconds = Math.max(1, Math.round((message.at - pair.windowStart) / 1000));
  const mean = characters / different;
  const types = [...pair.types]
    .sort(([, one], [, other]) => other - one)
    .map(([type, count]) => `${typeNames[type] ?? 'other'} ${count}`);
  const server = formatAddress(message.server);
  return {
    detector: id,
    severity: 'high',
    at: message.at,
    beganAt: Math.min(pair.windowStart, message.at),
    entity: client,
    entities: [
      entityOf({ address: message.client, port: 0, ...identityOf(message) }, 'actor'),
      { kind: 'domain', name: domain, role: 'target' },
    ],
    fingerprint: JSON.stringify([id, address, domain]),
    title: `DNS tunnel: ${client} asks for ever new names below ${shortened(domain)}`,
    explanation: [
      `${client === address ? client : `${client} (${address})`} asked ${server} ${questions} questions for names below ${shortened(domain)} within ${seconds} s, ${different} of them different, ${mean.toFixed(1)} characters long on average without the domain: ${characters} characters that the owner of the domain can read.`,
      'Names that people and programs use come again, and are short: so many that do not are data.',
      `Find out which program asks, and refuse the domain at the resolver. Where it is a service that works like this (reputation of files, blocklists of mail), name it in \`ignore\`.`,
    ].join(' '),
    evidence: [
      { name: 'client', value: client === address ? client : `${client} (${address})` },
      { name: 'domain', value: shortened(domain) },
      { name: 'different names', value: String(different), expected: `fewer than ${settings.names}` },
      {
        name: 'mean length',
        value: `${mean.toFixed(1)} characters`,
        expected: `below ${settings.length}`,
      },
      {
        name: 'new names',
        value: `${Math.round((100 * different) / questions)} % of the questions`,
        expected: `below ${Math.round(100 * settings.newShare)} %`,
      },
      { name: 'types of records', value: types.join(', ') },
      { name: 'bytes', value: `${sent} asked, ${received} answered` },
      { name: 'such as', value: listText(pair.examples.map(shortened), 0) },
    ],
    techniques: [dns, tunneling],
    flows: [],
  };
}

function identityOf({ clientIdentity }: DnsMessage) {
  return clientIdentity === undefined ? {} : { identity: clientIdentity };
}

function shortened(name: string): string {
  return name.length <= 80 ? name : `${name.slice(0, 38)}…${name.slice(-38)}`;
}

/** Clients that carry data in the names that they ask for. */
export const dnsTunnel: DetectorDefinition<Options> = {
  id,
  title: 'DNS tunnel',
  since: '0.2.0',
  techniques: [dns, tunneling],
  options,
  threshold: { option: 'names', values: [10, 20, 30, 50, 100, 200, 500, 1000] },
  doc: `A client that asks for ever new and long names below one domain: what it asks for carries data to whoever answers for the domain, and the answers
carry data back. Counted for each client and registrable domain (one label more than the public suffix, publicsuffix.org) within 5 minutes:
different names, their mean length without the domain, and how many of the questions are for a new name. Told are 50 different names that are 10
characters long on average and make up 80 % of the questions; entropy of names and kinds of records are shown and decide nothing, since tunnels
choose them. An address of IPv4 at the beginning of a name, as mail servers ask blocklists for it (RFC 5782), counts as the four bytes that it is. The limits are first cuts on public captures of tunnels; Paxson et al. (USENIX Security 2013) bound what any such tunnel carries.

It needs packets: \`--capture\`, or a capture that is replayed; questions over UDP, and over TCP those at the beginning of a segment. Names below
\`arpa\` and \`local\` are left out.

It cannot tell a tunnel from a service that works like one: reputation of files, blocklists that are asked for IPv6 or with a key, some content networks; name these in
\`ignore\`. It cannot see DNS over TLS or HTTPS, tunnels slower than 50 names in 5 minutes, or of four bytes a name written as addresses, those that spread over many domains or use the
same names again, and data in answers to few names.

Memory: at most \`maxPairs\` clients and domains of 1 KB, and 3.1 KB for one with more than 64 names: 13 MB as preset. When full, the one with the
fewest names that was not seen for longest goes, and is counted.`,
  create: (settings) => new DnsTunnel(settings),
};
