import { z } from 'zod';
import type { End, Flow, FlowChange } from '../flow/flow.ts';
import type { DetectorDefinition, Finding, RunningDetector, Technique } from './detector.ts';
import { FirstSeen, firstSeenOptions, type Habits } from './first-seen.ts';
import { isConversation, learnedText, noveltyEvidence, serviceText } from './novelty.ts';
import { isDeclared, isInfrastructure, isInside, Ours, ownNetworks } from './outbound.ts';
import { fullNameOf, nameOf, plural, processText } from './text.ts';

const id = 'new-peer';

const remoteServices: Technique = { id: 'T1021', name: 'Remote Services', tactic: 'Lateral Movement' };
const external: Technique = { id: 'T1133', name: 'External Remote Services', tactic: 'Initial Access' };
const application: Technique = {
  id: 'T1071',
  name: 'Application Layer Protocol',
  tactic: 'Command and Control',
};

const options = z.strictObject({
  ...firstSeenOptions,
  inside: ownNetworks,
  network4: z
    .int()
    .min(8)
    .max(32)
    .default(24)
    .describe('undeclared IPv4 addresses that share so many bits are one peer'),
  network6: z.int().min(16).max(128).default(48).describe('the same for IPv6'),
});

type Options = z.output<typeof options>;

const nothing: readonly Finding[] = [];

/** Ways as a client and as a server are learned apart. */
const [client, server] = [0, 1];

class NewPeer implements RunningDetector {
  readonly #options: Options;
  readonly #ours: Ours;
  readonly #seen: FirstSeen;

  constructor(settings: Options) {
    this.#options = settings;
    this.#ours = new Ours(settings.inside);
    this.#seen = new FirstSeen(settings);
  }

  onFlow(flow: Flow, change: FlowChange): readonly Finding[] {
    if (change !== 'decided' || flow.state !== 'established' || !isConversation(flow)) return nothing;
    if (isInfrastructure(flow.destination.port)) return nothing;
    if (this.#ours.hasSource(flow)) return this.#contact(flow, flow.source, flow.destination, client);
    if (this.#ours.hasDestination(flow)) return this.#contact(flow, flow.destination, flow.source, server);
    return nothing;
  }

  onFinding(finding: Finding): void {
    this.#seen.noteFinding(finding);
  }

  stateBytes(): number {
    return this.#seen.bytes;
  }

  evicted(): number {
    return this.#seen.evicted;
  }

  #contact(flow: Flow, own: End, peer: End, role: number): readonly Finding[] {
    const seen = this.#seen;
    const at = flow.establishedAt ?? flow.openedAt;
    const name = () => nameOf(own);
    const dns = role === client && !isDeclared(peer) ? flow.names?.dns : undefined;
    const byEnd = () => seen.setEnd(peer, this.#options.network4, this.#options.network6);
    seen.seed(flow.openedAt);
    seen.setEntity(own, role);
    byEnd();
    const ofEnd = seen.standing(at, name);
    if (dns === undefined) return ofEnd === 'unknown' ? this.#see(flow, own, peer, role, at) : nothing;
    seen.setName(dns);
    const ofName = seen.standing(at, name);
    if (ofEnd === 'unknown' && ofName === 'unknown') {
      byEnd();
      const found = this.#see(flow, own, peer, role, at);
      seen.setName(dns);
      seen.beside(at, found.length > 0 ? 'told' : 'known', name);
      return found;
    }
    if (ofName === 'unknown' && ofEnd !== 'unknown') seen.beside(at, ofEnd, name);
    if (ofEnd === 'unknown' && ofName !== 'unknown') {
      byEnd();
      seen.beside(at, ofName, name);
    }
    return nothing;
  }

  #see(flow: Flow, own: End, peer: End, role: number, at: number): readonly Finding[] {
    const novelty = this.#seen.see(at, () => nameOf(own));
    if (novelty === 'known') return nothing;
    const habits = this.#seen.habits(at);
    const told = { flow, own, peer, role, at, habits, settings: this.#options };
    return [novelty === 'many' ? many(told) : single(told)];
  }
}

interface Told {
  readonly flow: Flow;
  readonly own: End;
  readonly peer: End;
  readonly role: number;
  readonly at: number;
  readonly habits: Habits;
  readonly settings: Options;
}

function single(told: Told): Finding {
  const { own, peer, role, habits } = told;
  const [who, whom] = [nameOf(own), nameOf(peer)];
  return {
    ...common(told),
    fingerprint: JSON.stringify([id, who, role, whom]),
    title:
      role === client
        ? `${who} connected to ${whom} for the first time`
        : `${whom} connected to ${who} for the first time`,
    explanation: `${whatHappened(told)}, which it never did before. ${learnedText(habits, 'peers')} ${whatFollows}`,
  };
}

function many(told: Told): Finding {
  const { own, role, habits, settings } = told;
  const who = nameOf(own);
  return {
    ...common(told),
    fingerprint: JSON.stringify([id, who, role]),
    title: `${who} has many new peers: ${habits.further} more`,
    explanation: `Beyond ${settings.each} with an alert each, ${who} has ${plural(habits.further, 'more new peer')}. The latest: ${whatHappened(told)}. ${learnedText(habits, 'peers')} ${whatFollows}`,
  };
}

const whatFollows =
  'A new peer of a machine that does the same all day is a change that somebody made, or an intruder who moves on, fetches tools or calls home.';

function whatHappened({ flow, own, peer, role }: Told): string {
  return role === client
    ? `${fullNameOf(own)} connected to ${peerText(peer, flow)} on ${serviceText(flow)}`
    : `${fullNameOf(peer)} connected to ${fullNameOf(own)} on ${serviceText(flow)}`;
}

/** The peer, with the name that it was called by. */
function peerText(peer: End, { names }: Flow): string {
  return names?.dns === undefined ? fullNameOf(peer) : `${fullNameOf(peer)}, called ${names.dns}`;
}

function common({ flow, own, peer, role, at, habits, settings }: Told) {
  return {
    detector: id,
    severity: 'low' as const,
    at,
    entity: nameOf(own),
    evidence: [
      { name: role === client ? 'source' : 'destination', value: fullNameOf(own) },
      ...(own.process ? [{ name: 'process', value: processText(own.process) }] : []),
      { name: 'new peer', value: peerText(peer, flow), expected: 'one that was seen before' },
      { name: 'service', value: serviceText(flow) },
      ...noveltyEvidence(habits, settings, 'peers'),
    ],
    techniques: [techniqueOf(role, peer)],
    flows: [flow],
  };
}

function techniqueOf(role: number, peer: End): Technique {
  if (role === server) return external;
  return isDeclared(peer) || isInside(peer.address) ? remoteServices : application;
}

/** Who talks to somebody for the first time. */
export const newPeer: DetectorDefinition<Options> = {
  id,
  title: 'New peer',
  since: '0.2.0',
  techniques: [remoteServices, external, application],
  options,
  doc: `One of ours that is of fixed ways (a controller, a till, a database) and talks to somebody for the first time: connects to a peer, or is connected
to from outside by one. The first contacts of each of ours are learned for 7 days of event time, or until 10,000 contacts in a row brought
nothing new, a day at least. (That many without one leave less than one in 3,000 contacts, at 95 % confidence, that would be new; what happens once a week is not
among them.) Learning is each one's own, so a machine that comes later is learned of from then on; as a client and as a server it has different ways.

Learning goes on where
its second half had fewer than 50 contacts.

Who has more than 3 peers that were first seen in the second half of learning has no fixed ways: a desktop that browses, a public
server. Nothing is told of it, and nothing kept, until 7 days go by in which it has at most 3. Of one with fixed ways each of the first 5 new peers within 7 days is
an alert; all further ones share one, which is renewed as they double.

Only what was answered counts: an attempt is no contact. A peer is a declared name; else the network of the address (/24, /48), or the name that was looked up for it,
where packets are seen: either makes it known, so that services that move among addresses are one peer. Left out are the ports of DNS, DHCP, time and discovery.

Nothing is learned of one of ours for a day after any alert of it: what an intruder does must not become usual. What was told as new is learned when it is still
done after that. What was not done for 30 to 60 days is forgotten.

It cannot see an intruder who was there while it learned, who uses a peer or a cloud network that is known already, or who makes a machine meet so many peers, while
it learns, that it counts as one without fixed ways. After a restart of the agent it learns anew. One new peer in 900 is taken for known (see memory).

ATT&CK: to one of ours T1021, from outside T1133, to outside T1071; a new peer shows none of them by itself.

Memory: \`maxThings\` contacts exactly, 0.2 KB each, the least recently seen of those that are told going first; four times as many in two filters of 16 bits a key
(Bloom 1970); \`maxEntities\` of ours, those still learned of going first: 4 MB as preset. What is dropped is counted.`,
  create: (settings) => new NewPeer(settings),
};
