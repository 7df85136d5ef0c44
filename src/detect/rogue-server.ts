import { z } from 'zod';
import type { DnsMessage } from '../flow/dns-message.ts';
import type { End, Flow, FlowChange } from '../flow/flow.ts';
import { isOver } from '../flow/steps.ts';
import { formatAddress, isMulticast } from '../net/address.ts';
import { type Prefix, parsePrefix, prefixContains } from '../net/prefix.ts';
import { Protocol } from '../net/protocol.ts';
import type { AlertSeverity, DetectorDefinition, Finding, RunningDetector, Technique } from './detector.ts';
import { FirstSeen, firstSeenOptions, type Habits } from './first-seen.ts';
import { learnedText, noveltyEvidence } from './novelty.ts';
import { isDeclared, isInside, ownNetworks } from './outbound.ts';
import { fullNameOf, nameOf } from './text.ts';

const id = 'rogue-server';

const middle: Technique = { id: 'T1557', name: 'Adversary-in-the-Middle', tactic: 'Credential Access' };
const dhcpSpoofing: Technique = { id: 'T1557.003', name: 'DHCP Spoofing', tactic: 'Credential Access' };
const dns: Technique = { id: 'T1071.004', name: 'DNS', tactic: 'Command and Control' };

const servers = (of: string) =>
  z
    .array(z.string().refine((text) => parsePrefix(text) !== undefined, 'is no prefix such as 10.0.0.53/32'))
    .max(64)
    .default([])
    .describe(
      `the servers of ${of}, as prefixes: any other one is told, and nothing is learned; learned where there are none`,
    );

const options = z.strictObject({
  ...firstSeenOptions,
  dns: servers('DNS'),
  dhcp: servers('DHCP'),
  inside: ownNetworks,
  maxTold: z.int().min(16).max(4096).default(256).describe('undeclared servers remembered at one time'),
});

type Options = z.output<typeof options>;

const nothing: readonly Finding[] = [];
/** An undeclared server is told again after this long; ms. */
const renewMs = 3_600_000;
const toldBytes = 120;
/** Ports of clients and servers of DHCP, by version (RFC 2131 §4.1, RFC 8415 §7.2). */
const [client4, server4, client6, server6] = [68, 67, 546, 547];

class RogueServer implements RunningDetector {
  readonly #options: Options;
  readonly #inside: readonly Prefix[];
  readonly #dns: readonly Prefix[];
  readonly #dhcp: readonly Prefix[];
  readonly #seen: FirstSeen;
  /** By service and server, when it was told last; the one of longest ago first. */
  readonly #told = new Map<string, number>();
  #evicted = 0;

  constructor(settings: Options) {
    this.#options = settings;
    this.#inside = settings.inside.map((text) => parsePrefix(text)!);
    this.#dns = settings.dns.map((text) => parsePrefix(text)!);
    this.#dhcp = settings.dhcp.map((text) => parsePrefix(text)!);
    this.#seen = new FirstSeen(settings);
  }

  onDns(message: DnsMessage): readonly Finding[] {
    const { isResponse, client, clientIdentity, server, at } = message;
    if (!isResponse) return nothing;
    const asking: End = { address: client, port: 0, ...(clientIdentity && { identity: clientIdentity }) };
    const answering: End = { address: server, port: 53 };
    if (!this.#isOurs(asking) || isIn(this.#dns, asking)) return nothing;
    const answer = { service: 'DNS', server: answering, client: nameOf(asking), at, flows: [] };
    if (this.#dns.length > 0)
      return isIn(this.#dns, answering)
        ? nothing
        : this.#undeclared({ ...answer, declared: this.#options.dns });
    this.#seen.setEntity(asking, 0);
    return this.#learn(answer);
  }

  onFlow(flow: Flow, change: FlowChange): readonly Finding[] {
    const server = flow.protocol === Protocol.Udp && isOver(flow, change) ? dhcpServerOf(flow) : undefined;
    if (server === undefined) return nothing;
    const at = flow.lastAt ?? flow.openedAt;
    const link = linkOf(flow);
    const answer = { service: 'DHCP', server, client: link, at, flows: [flow] };
    if (this.#dhcp.length > 0)
      return isIn(this.#dhcp, server)
        ? nothing
        : this.#undeclared({ ...answer, declared: this.#options.dhcp });
    this.#seen.setEntity({ address: server.address, port: 0, identity: { kind: 'host', name: link } }, 1);
    return this.#learn(answer);
  }

  onFinding(finding: Finding): void {
    this.#seen.noteFinding(finding);
  }

  stateBytes(): number {
    return this.#seen.bytes + this.#told.size * toldBytes;
  }

  evicted(): number {
    return this.#seen.evicted + this.#evicted;
  }

  #isOurs(end: End): boolean {
    return isDeclared(end) || isInside(end.address) || isIn(this.#inside, end);
  }

  /** Whether a server that nobody declared, of those who ask and are in the key, is a new one. */
  #learn(answer: Answer): readonly Finding[] {
    const seen = this.#seen;
    seen.seed(answer.at);
    seen.setEnd(answer.server, 32, 128);
    const name = () => answer.client;
    if (seen.standing(answer.at, name) !== 'unknown') return nothing;
    const novelty = seen.see(answer.at, name);
    if (novelty === 'known') return nothing;
    return [learnedFinding(answer, seen.habits(answer.at), this.#options)];
  }

  #undeclared(answer: Undeclared): readonly Finding[] {
    const { service, server, at } = answer;
    const key = `${service} ${formatAddress(server.address)}`;
    const lastAt = this.#told.get(key);
    if (lastAt !== undefined && at - lastAt < renewMs) return nothing;
    this.#told.delete(key);
    if (this.#told.size >= this.#options.maxTold) {
      this.#told.delete(this.#told.keys().next().value!);
      this.#evicted++;
    }
    this.#told.set(key, at);
    return [undeclaredFinding(answer)];
  }
}

/** A server that has answered. */
interface Answer {
  readonly service: string;
  readonly server: End;
  /** Who asked, or the link on which it was answered. */
  readonly client: string;
  readonly at: number;
  readonly flows: readonly Flow[];
}

interface Undeclared extends Answer {
  readonly declared: readonly string[];
}

/**
 * The server of DHCP that has answered in a flow, of which the ends are told by their ports: those of version 4 have the server as
 * destination, those of version 6 as source, whoever was heard first.
 */
function dhcpServerOf({ source, destination, sent, received }: Flow): End | undefined {
  if (source.port === client4 && destination.port === server4)
    return (received?.packets ?? 0) > 0 ? destination : undefined;
  if (source.port === server6 && destination.port === client6 && !isMulticast(source.address))
    return (sent?.packets ?? 0) > 0 ? source : undefined;
  return undefined;
}

/** One link, within which DHCP is answered to all. */
function linkOf({ observation, vlans }: Flow): string {
  const name = observation?.input ?? observation?.exporter ?? observation?.by ?? 'the network';
  return vlans === undefined ? name : `${name}, VLAN ${vlans.join('.')}`;
}

function isIn(prefixes: readonly Prefix[], { address }: End): boolean {
  return prefixes.some((prefix) => prefixContains(prefix, address));
}

function common({ service, server, at, flows }: Answer) {
  const isNear = isDeclared(server) || isInside(server.address);
  const severity: AlertSeverity = service === 'DHCP' ? 'high' : isNear ? 'medium' : 'low';
  return {
    detector: id,
    severity,
    at,
    entity: nameOf(server),
    techniques: [service === 'DHCP' ? dhcpSpoofing : isNear ? middle : dns],
    flows,
  };
}

function whatFollows(service: string): string {
  return service === 'DHCP'
    ? 'Who answers DHCP says which way everything goes and whom to ask for names: a device that somebody plugged in, or an intruder who puts himself in between.'
    : 'Who answers for names says where everything goes: another resolver was set, a program asks one of its own around the declared ones, or an intruder puts himself in between.';
}

function learnedFinding(answer: Answer, habits: Habits, settings: Options): Finding {
  const { service, server, client } = answer;
  return {
    ...common(answer),
    fingerprint: JSON.stringify([id, service, nameOf(server)]),
    title: `${nameOf(server)} answers ${service} for the first time`,
    explanation: `${fullNameOf(server)} answered ${service} of ${client}, which it never did before. ${learnedText(habits, 'servers')} ${whatFollows(service)}`,
    evidence: [
      { name: 'server', value: fullNameOf(server), expected: 'one that answered before' },
      { name: service === 'DHCP' ? 'link' : 'client', value: client },
      ...noveltyEvidence(habits, settings, 'servers'),
    ],
  };
}

function undeclaredFinding(answer: Undeclared): Finding {
  const { service, server, client, declared } = answer;
  return {
    ...common(answer),
    fingerprint: JSON.stringify([id, service, nameOf(server)]),
    title: `${nameOf(server)} answers ${service} and is no declared server of it`,
    explanation: `${fullNameOf(server)} answered ${service} of ${client}. The servers of ${service} are declared, and it is none of them. ${whatFollows(service)}`,
    evidence: [
      { name: 'server', value: fullNameOf(server), expected: declared.join(', ') },
      { name: service === 'DHCP' ? 'link' : 'client', value: client },
    ],
  };
}

/** Servers of DNS and DHCP that should not be there. */
export const rogueServer: DetectorDefinition<Options> = {
  id,
  title: 'Rogue server of DNS or DHCP',
  since: '0.2.0',
  techniques: [middle, dhcpSpoofing, dns],
  options,
  doc: `A server that answers DNS or DHCP to ours and is none of those that \`dns\` and \`dhcp\` declare; where none are declared, one that
never did before. Then the servers are learned: of DNS for each client (who asks very many, as a resolver does, has no fixed ways and is told nothing of), of DHCP
for each link, which is an interface and VLAN. It is learned, told and forgotten as in new-peer, by the same options. A server is told once, a declared-against one once an hour.

Answers of DNS are those that are seen in packets, over UDP and at the beginning of TCP segments; of DHCP, flows between the ports 67 and 68, and 547 and 546, in
which the server has said something (RFC 2131, RFC 8415). With declared servers of DNS what these ask of others is left out.

It cannot see an answer that is forged with the address of the right server, DNS over TLS, HTTPS or QUIC, answers on other ports than 53, one who was there
while it learned, or anything where packets are not seen: sockets, connection tracking and exports tell no questions of DNS. Relays of DHCP speak from port 67 to 67
and are left out.

ATT&CK: T1557.003 for DHCP, T1557 for a server of DNS among ours, T1071.004 for one outside.

Memory: as new-peer, 4 MB as preset, and \`maxTold\` undeclared servers of 0.1 KB. What is dropped is counted.`,
  create: (settings) => new RogueServer(settings),
};
