import { z } from 'zod';
import type { DnsMessage } from '../flow/dns-message.ts';
import { formatAddress } from '../net/address.ts';
import { ContactSet } from './contact-set.ts';
import type { DetectorDefinition, Finding, RunningDetector, Technique } from './detector.ts';
import { hashText } from './dns-key.ts';
import { entityOf } from './entities.ts';
import { addressLanes, RankedTable } from './ranked-table.ts';
import { registrableDomain } from './registrable-domain.ts';
import { listText, nameOf } from './text.ts';

const id = 'nxdomain-burst';

const generated: Technique = {
  id: 'T1568.002',
  name: 'Dynamic Resolution: Domain Generation Algorithms',
  tactic: 'Command and Control',
};

const options = z.strictObject({
  domains: z
    .int()
    .min(5)
    .max(5000)
    .default(20)
    .describe('different registrable domains that do not exist, within the window'),
  share: z
    .number()
    .gt(0)
    .max(1)
    .default(0.5)
    .describe('share of all domains that the client got answers for, at least'),
  windowMs: z.int().min(1000).default(600_000).describe('window; ms'),
  maxClients: z.int().min(16).max(65_536).default(2048).describe('clients remembered at one time'),
});

type Options = z.output<typeof options>;

const nothing: readonly Finding[] = [];
const noSuchName = 3;
/** Ranks in the table: none that does not exist, some, told. */
const ranks = 3;
const maxExamples = 8;
const clientBytes = 1100;

/** What is remembered of one client within a window. */
interface Client {
  slot: number;
  windowStart: number;
  missing: ContactSet;
  existing: ContactSet;
  missed: number;
  existed: number;
  isTold: boolean;
  examples: string[];
}

class NxdomainBurst implements RunningDetector {
  readonly #options: Options;
  readonly #clients: RankedTable<Client>;

  constructor(settings: Options) {
    this.#options = settings;
    this.#clients = new RankedTable(settings.maxClients, addressLanes, ranks);
  }

  onDns(message: DnsMessage): readonly Finding[] {
    const { isResponse, code, name } = message;
    if (!isResponse || (code !== noSuchName && code !== 0)) return nothing;
    const domain = registrableDomain(name);
    // A name of one label is one of this network; a resolver appends its own domain to it.
    if (domain === undefined || !name.includes('.')) return nothing;
    const client = this.#client(message);
    if (code === 0) {
      if (client.existing.add(hashText(domain, 0))) client.existed++;
      this.#clients.touch(client.slot, this.#clients.rank(client.slot));
      return nothing;
    }
    if (!client.missing.add(hashText(domain, 0))) return nothing;
    client.missed++;
    if (client.examples.length < maxExamples) client.examples.push(domain);
    const { domains, share } = this.#options;
    const isNews =
      !client.isTold && client.missed >= domains && client.missed >= share * (client.missed + client.existed);
    client.isTold ||= isNews;
    this.#clients.touch(client.slot, client.isTold ? 2 : 1);
    return isNews ? [findingOf(client, message, this.#options)] : nothing;
  }

  stateBytes(): number {
    let bytes = this.#clients.bytes;
    for (const { missing, existing } of this.#clients.values())
      bytes += clientBytes + missing.bytes + existing.bytes;
    return bytes;
  }

  evicted(): number {
    return this.#clients.evicted;
  }

  #client({ client: address, at }: DnsMessage): Client {
    const table = this.#clients;
    table.seed(at);
    table.setAddress(0, address);
    const slot = table.find();
    if (slot >= 0) {
      const known = table.value(slot);
      if (Math.abs(at - known.windowStart) > this.#options.windowMs) begin(known, at);
      return known;
    }
    const client = { slot: -1 } as Client;
    begin(client, at);
    client.slot = table.insert(client);
    return client;
  }
}

function begin(client: Client, at: number): void {
  client.windowStart = at;
  client.missing = new ContactSet();
  client.existing = new ContactSet();
  client.missed = 0;
  client.existed = 0;
  client.isTold = false;
  client.examples = [];
}

function findingOf(
  { missed, existed, examples, windowStart }: Client,
  message: DnsMessage,
  settings: Options,
) {
  const { client: address, clientIdentity: identity, at } = message;
  const end = { address, port: 0, ...(identity && { identity }) };
  const client = nameOf(end);
  const seconds = Math.max(1, Math.round((at - windowStart) / 1000));
  const such = listText(examples, missed - examples.length);
  const finding: Finding = {
    detector: id,
    severity: 'medium',
    at,
    beganAt: Math.min(windowStart, at),
    entity: client,
    entities: [entityOf(end, 'actor')],
    fingerprint: JSON.stringify([id, formatAddress(address)]),
    title: `${client} asks for many domains that do not exist`,
    explanation: `${client} asked for ${missed} domains within ${seconds} s that do not exist (${such}), and for ${existed} that do. Malware that makes up the names of its servers looks for the one that was registered today like this; so does a program that is told to look for a list of old names, and a resolver that appends its own domain.`,
    evidence: [
      { name: 'client', value: client },
      {
        name: 'domains that do not exist',
        value: String(missed),
        expected: `fewer than ${settings.domains}`,
      },
      {
        name: 'share of all',
        value: `${Math.round((100 * missed) / (missed + existed))} %`,
        expected: `below ${Math.round(100 * settings.share)} %`,
      },
      { name: 'such as', value: such },
    ],
    techniques: [generated],
    flows: [],
  };
  return finding;
}

/** Clients that ask for many domains of which most do not exist. */
export const nxdomainBurst: DetectorDefinition<Options> = {
  id,
  title: 'Domains that do not exist',
  since: '0.2.0',
  techniques: [generated],
  options,
  threshold: { option: 'domains', values: [5, 10, 15, 20, 30, 50, 100, 200] },
  doc: `A client whose questions are mostly for domains that nobody registered: malware with a domain generation algorithm tries the names of the day until one
answers. Told are 20 different registrable domains (publicsuffix.org) without existence (NXDOMAIN) within 10 minutes that make up half of all domains
answered for. The letters of names decide nothing: models of them accuse too many single names.

It needs packets: \`--capture\`, or a capture that is replayed. Names of one label and below \`arpa\` and \`local\` are left out.

It cannot tell malware from a program that looks through a list of dead names. It cannot see DNS over TLS or HTTPS, generated names below a domain that
exists, and generators that ask slowly or hide among many living names. A resolver in between is the client where packets are seen behind it.

Memory: at most \`maxClients\` clients of 1.4 KB, and 5.5 KB for one with more than 64 domains of each kind: 11 MB as preset. When full, one all of
whose domains exist goes first, the one not seen for longest, and is counted.`,
  create: (settings) => new NxdomainBurst(settings),
};
