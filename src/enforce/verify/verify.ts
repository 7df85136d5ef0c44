import type { FirewallFile } from '../../firewall/analysis/read-files.ts';
import type { Comparison, Difference, DifferenceKind } from '../../firewall/compare/compare.ts';
import type { PathClaims } from '../../firewall/compare/path-claims.ts';
import { type Field, namesIn } from '../../firewall/diagram/fields.ts';
import type { Machine } from '../../firewall/machine/machine.ts';
import { usualRange } from '../../firewall/machine/port-choice.ts';
import type { Packet } from '../../firewall/packet.ts';
import type { Match, Ruleset } from '../../firewall/ruleset.ts';
import { judgePacket } from '../../firewall/simulate.ts';
import { parseAddress, sameAddress } from '../../net/address.ts';
import { parsePrefix } from '../../net/prefix.ts';
import { type KernelFate, mostRecorded, type Recorded } from '../trial/recorder.ts';
import { TrialMachine } from '../trial/trial-machine.ts';
import { CannotLoad, type Load, loadsOf } from './load.ts';
import { conversationOf, type Probe, packetOf, probeOf } from './probe.ts';
import { RandomPackets, type Way } from './random-packets.ts';
import { sendable } from './wishes.ts';

/** One machine's packet filter: its files, and what was read of them. */
export interface VerifiedSide {
  readonly files: readonly FirewallFile[];
  readonly ruleset: Ruleset;
}

/** What is held against the kernel. */
export type Claim = Pick<Comparison, 'equal' | 'differences' | 'claims'>;

export interface VerifyOptions {
  /** Packets beside the examples, over all ways. */
  readonly packets: number;
  readonly seed?: number;
}

/** What the kernel did in two machines with the same packet. */
export interface Disagreement {
  /** What the comparison says of it. */
  readonly claimed: DifferenceKind | 'the same';
  readonly packet: Packet;
  readonly old: KernelFate;
  readonly new: KernelFate;
}

/** A difference, or a way of packets, that could not be shown. */
export interface NotShown {
  readonly what: string;
  readonly why: string;
}

export interface Verification {
  /** Packets of which both kernels' verdicts were held against the claim, examples among them. */
  readonly packets: number;
  readonly differencesConfirmed: number;
  readonly differencesRefuted: number;
  /** How many packets speak against the claim. */
  readonly disagreements: number;
  /** The first of them: refuted examples and others. */
  readonly unexpected: readonly Disagreement[];
  /** Packets that the claim leaves open, or that the kernel drops or tracks otherwise before any rule. */
  readonly notCompared: number;
  readonly notShown: readonly NotShown[];
}

/** Disagreements that are listed, and interfaces that a machine gets. */
const mostListed = 10;
const mostInterfaces = 6;
/** Packets of one load of a machine, with those of their history. */
const mostAtOnce = Math.floor(mostRecorded / 4);

/** What is sent through the same machines, one after another. */
interface Batch {
  readonly chain: 'INPUT' | 'FORWARD';
  readonly out?: string;
  readonly probes: Probe[];
  /** Of which difference a probe is the example, by its number. */
  readonly examples: Map<number, Difference>;
  readonly conversations: Set<string>;
}

/**
 * Holds what a comparison claims against the kernel: in namespaces of its own, which end with this process, it builds machines with
 * the old rules, with the new ones, and with none, and sends each the same packets: an example of every difference, and others
 * at the ends of what rules name. Connections of packets that are not their first begin before rules are loaded, as
 * the comparison takes it. Throws {@link CannotLoad} where rules cannot be loaded, an Error where namespaces cannot be made.
 */
export async function verifyComparison(
  old: VerifiedSide,
  now: VerifiedSide,
  claim: Claim,
  options: VerifyOptions,
): Promise<Verification> {
  const loads = [loadsOf(old.files), loadsOf(now.files)] as const;
  const plan = new Plan([old.ruleset, now.ruleset], claim, options.seed ?? 1);
  plan.addExamples();
  plan.addRandom(options.packets);
  const tally = new Tally(plan, [old.ruleset, now.ruleset], claim);
  const recorded = changesOf([old.ruleset, now.ruleset]);
  for (const batch of plan.batches)
    tally.add(batch, await tryBatch(plan.machine(batch), recorded, batch, loads));
  return tally.result();
}

/** Which packets are sent, in which batches. */
class Plan {
  readonly batches: Batch[] = [];
  readonly notShown: NotShown[] = [];
  readonly #interfaces: readonly string[];
  readonly #rulesets: readonly Ruleset[];
  readonly #claim: Claim;
  readonly #seed: number;
  #made = 0;

  constructor(rulesets: readonly Ruleset[], claim: Claim, seed: number) {
    this.#rulesets = rulesets;
    this.#claim = claim;
    this.#seed = seed;
    // Each kind of name that rules tell apart, the one that nobody names among them.
    const names = namesIn(rulesets).interfaces.names.filter((one) => one !== 'lo');
    const other = names.at(-1)!;
    this.#interfaces = [...names.slice(0, -1).slice(0, mostInterfaces - 1), other, 'lo'];
    const left = names.filter((one) => !this.#interfaces.includes(one));
    if (left.length > 0)
      this.notShown.push({
        what: `interfaces ${left.join(', ')}`,
        why: `the machine has ${mostInterfaces} at most`,
      });
    this.notShown.push({ what: 'output', why: 'packets that the machine itself sends are not tried' });
  }

  addExamples(): void {
    for (const difference of this.#claim.differences) {
      if (difference.kind === 'may differ') continue;
      const why = this.#addExample(difference);
      const { family, chain } = difference.path;
      if (why !== undefined)
        this.notShown.push({
          what: `${difference.kind}: IPv${family} ${chain.toLowerCase()}: ${difference.text}`,
          why,
        });
    }
  }

  addRandom(count: number): void {
    const random = new RandomPackets(this.#rulesets, this.#seed);
    const ways = this.#interfaces.flatMap((inInterface): Way[] => [
      { chain: 'INPUT', inInterface },
      ...this.#interfaces.map((outInterface): Way => ({ chain: 'FORWARD', inInterface, outInterface })),
    ]);
    const isForwarded = ({ chain, inInterface, outInterface }: Way) =>
      chain === 'FORWARD' && inInterface !== 'lo' && outInterface !== 'lo';
    // As many for the machine as are forwarded.
    const inputs = ways.filter(({ chain }) => chain === 'INPUT');
    const forwards = ways.filter(isForwarded);
    let added = 0;
    // Where rules name few values, many packets have ends that were used already.
    for (let i = 0; added < count && i < count * 4; i++) {
      const half = i % 2 === 0 ? inputs : forwards;
      const probe = probeOf(random.make(half[(i >> 1) % half.length]!), this.#made++);
      if (typeof probe !== 'string' && this.#add(probe)) added++;
    }
  }

  /** Returns the machine that a batch is sent to: all is for it, or all leaves by one interface. */
  machine({ out }: Batch): Machine {
    return {
      forwards: true,
      interfaces: this.#interfaces.map((name, i) => ({
        name,
        addresses: [
          { address: parseAddress(`198.19.255.${i * 4 + 1}`)!, length: 30 },
          { address: parseAddress(`2001:db8:ffff:ff0${i}::1`)!, length: 126 },
        ],
      })),
      routes: out === undefined ? [] : ['0.0.0.0/0', '::/0'].map((to) => ({ to: parsePrefix(to)!, out })),
    };
  }

  claimsOf({ family, chain }: Pick<Packet, 'family' | 'chain'>): PathClaims | undefined {
    return this.#claim.claims.find(({ path }) => path.family === family && path.chain === chain);
  }

  #addExample(difference: Difference): string | undefined {
    const claims = this.claimsOf(difference.path);
    const example =
      claims?.example(difference, (space) => sendable(space, this.#interfaces)) ?? difference.example;
    const probe = probeOf(example, this.#made++);
    if (typeof probe === 'string') return probe;
    if (!this.#interfaces.includes(probe.inInterface))
      return `the machine has no interface ${probe.inInterface}`;
    if (claims !== undefined && claims.kindOf(packetOf(probe, probe.state)) !== difference.kind)
      return `no packet as can be sent here is among them: ${whyNot(example)}`;
    return this.#add(probe, difference) ? undefined : 'the machine has no such interface';
  }

  #add(probe: Probe, difference?: Difference): boolean {
    const { chain, outInterface } = probe;
    if (outInterface !== undefined && !this.#interfaces.includes(outInterface)) return false;
    const conversation = conversationOf(probe);
    const isFree = (one: Batch) =>
      one.chain === chain &&
      one.out === outInterface &&
      one.probes.length < mostAtOnce &&
      !one.conversations.has(conversation);
    let batch = this.batches.find(isFree);
    // What is not an example has no need of a machine of its own.
    if (
      batch === undefined &&
      difference === undefined &&
      this.batches.some(
        (one) => one.chain === chain && one.out === outInterface && one.probes.length < mostAtOnce,
      )
    )
      return false;
    if (batch === undefined) {
      const out = outInterface === undefined ? {} : { out: outInterface };
      batch = { chain, ...out, probes: [], examples: new Map(), conversations: new Set() };
      this.batches.push(batch);
    }
    if (difference !== undefined) batch.examples.set(batch.probes.length, difference);
    batch.conversations.add(conversation);
    batch.probes.push(probe);
    return true;
  }
}

/** What kept an example from being sent as it is. */
function whyNot({ numbers, state, hardwareSource }: Packet): string {
  const marks = (['connection mark', 'priority'] as const).filter((field) => (numbers?.[field] ?? 0) !== 0);
  if (marks.length > 0) return `they come with a ${marks.join(' and ')}`;
  return state === 'NEW'
    ? `their length or hardware address ${hardwareSource ?? ''} is another`
    : 'their connection has a history of another kind';
}

/** What became of the packets of a batch: without rules, with the old and with the new ones. */
type Fates = readonly [none: readonly KernelFate[], old: readonly KernelFate[], now: readonly KernelFate[]];

async function tryBatch(
  machine: Machine,
  recorded: Recorded,
  { probes, chain }: Batch,
  [old, now]: readonly [readonly Load[], readonly Load[]],
): Promise<Fates> {
  const history = probes.flatMap((one) => one.history);
  const fatesUnder = async (loads: readonly Load[]): Promise<KernelFate[]> => {
    const options = { recorded, allIsLocal: chain === 'INPUT' };
    await using trial = await TrialMachine.open(machine, options);
    await trial.send(history);
    for (const { command, text, file } of loads) {
      await trial.run(command, text).catch((error: Error) => {
        throw new CannotLoad(`${file} cannot be loaded: ${error.message}`);
      });
    }
    // The machine is there until all is read.
    const fates = await trial.judge(probes);
    return fates;
  };
  const all = await Promise.allSettled([fatesUnder([]), fatesUnder(old), fatesUnder(now)]);
  const [none, before, after] = all.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
  return [none!, before!, after!];
}

/** Sums over all batches. */
class Tally {
  readonly #plan: Plan;
  readonly #rulesets: readonly Ruleset[];
  readonly #varies: boolean;
  readonly #redirects: boolean;
  /** Whether rules say which port a source gets. */
  readonly #choosesPorts: boolean;
  readonly #isEqual: boolean;
  readonly #unexpected: Disagreement[] = [];
  readonly #notShown: NotShown[];
  #packets = 0;
  #confirmed = 0;
  #refuted = 0;
  #disagreements = 0;
  #notCompared = 0;

  constructor(plan: Plan, rulesets: readonly Ruleset[], claim: Claim) {
    this.#plan = plan;
    this.#rulesets = rulesets;
    this.#isEqual = claim.equal === true;
    this.#notShown = [...plan.notShown];
    this.#varies = rulesets.some((one) =>
      someMatch(one, (match) => match.kind === 'opaque' && match.varies === true),
    );
    const translations = rulesets.flatMap(({ tables }) =>
      tables.flatMap(({ chains }) =>
        [...chains.values()].flatMap(({ rules }) =>
          rules.flatMap(({ target: { translation } }) => (translation === undefined ? [] : [translation])),
        ),
      ),
    );
    this.#redirects = translations.some(
      ({ end, addresses }) => end === 'destination' && addresses === 'interface',
    );
    this.#choosesPorts = translations.some(({ end, ports }) => end === 'source' && ports !== undefined);
    if (this.#varies)
      this.#notShown.push({
        what: 'limits and chance',
        why: 'equal packets come out differently from time to time',
      });
  }

  add(batch: Batch, [none, old, now]: Fates): void {
    for (const [number, probe] of batch.probes.entries()) {
      const difference = batch.examples.get(number);
      const why = this.#judge(probe, difference, none[number]!, old[number]!, now[number]!);
      if (why === undefined) continue;
      this.#notCompared++;
      if (difference !== undefined) {
        const { kind, path, text } = difference;
        this.#notShown.push({ what: `${kind}: IPv${path.family} ${path.chain.toLowerCase()}: ${text}`, why });
      }
    }
  }

  result(): Verification {
    return {
      packets: this.#packets,
      differencesConfirmed: this.#confirmed,
      differencesRefuted: this.#refuted,
      disagreements: this.#disagreements,
      unexpected: this.#unexpected,
      notCompared: this.#notCompared,
      notShown: this.#notShown,
    };
  }

  /** Returns why nothing follows from a packet; undefined when it was counted. */
  #judge(
    probe: Probe,
    difference: Difference | undefined,
    none: KernelFate,
    old: KernelFate,
    now: KernelFate,
  ): string | undefined {
    const passes = probe.chain === 'INPUT' ? 'delivered' : 'forwarded';
    if (none.outcome !== passes) return 'the kernel itself drops the packet, without any rule';
    if (none.state !== probe.state && (difference !== undefined || isLater(none) || isLater(probe)))
      return `tracking says that the packet is ${none.state ?? 'not known'}`;
    const packet = packetOf(probe, none.state!);
    if ([old, now].some(({ outcome }) => outcome !== passes && outcome !== 'dropped'))
      return 'it goes another way than it was sent';
    const claims = this.#plan.claimsOf(packet);
    const claimed = claims?.kindOf(packet);
    if (!this.#isEqual && claims === undefined) return 'the comparison has no answer for it';
    if (claimed === 'may differ') return 'the comparison leaves it open';
    if (claimed === undefined && !this.#choosesPorts && areDrawn(probe, old, now))
      return 'its source port is taken, and the kernel draws another by lot';
    const isAsClaimed = agrees(claimed, old, now, difference?.fields);
    if (isAsClaimed === undefined) return `what changes is not recorded: ${difference?.fields?.join(', ')}`;
    if (!isAsClaimed && this.#mayBeOtherwise(probe, packet))
      return 'it may go another way, or hang on what is not known';
    this.#packets++;
    if (isAsClaimed && difference !== undefined) this.#confirmed++;
    if (isAsClaimed) return undefined;
    if (difference !== undefined) this.#refuted++;
    this.#disagreements++;
    if (this.#unexpected.length < mostListed)
      this.#unexpected.push({ claimed: claimed ?? 'the same', packet, old, new: now });
    return undefined;
  }

  /** Whether a packet may be redirected to the machine and dropped there, or hangs on chance. */
  #mayBeOtherwise(probe: Probe, packet: Packet): boolean {
    if (this.#redirects && probe.chain === 'FORWARD') return true;
    if (!this.#varies) return false;
    return this.#rulesets.some((one) => {
      const { outcome, trail } = judgePacket({ ...one, opaque: [] }, packet);
      return outcome === 'unknown' || trail.some(({ certain }) => !certain);
    });
  }
}

function isLater({ state }: { readonly state?: Packet['state'] }): boolean {
  return state === 'ESTABLISHED' || state === 'RELATED';
}

const recordedFields: ReadonlySet<Field> = new Set<Field>([
  'source',
  'source port',
  'destination',
  'destination port',
  'mark',
  'connection mark',
  'state',
]);

/**
 * Tells whether two machines did what is claimed; undefined where what changes is not recorded. `fields` are those that an example
 * is to leave with changed.
 */
function agrees(
  claimed: DifferenceKind | undefined,
  old: KernelFate,
  now: KernelFate,
  fields: readonly Field[] | undefined,
): boolean | undefined {
  const [passedOld, passedNow] = [old, now].map(({ outcome }) => outcome !== 'dropped');
  switch (claimed) {
    case 'opened':
      return !passedOld && passedNow!;
    case 'closed':
      return passedOld! && !passedNow;
    case 'changed':
      // Packets that both drop may be among them, where it hangs on something.
      if (!passedOld && !passedNow) return undefined;
      if (!passedOld || !passedNow) return false;
      if (fields === undefined) return true;
      if (!sameEnds(old, now) || old.connectionMark !== now.connectionMark || old.state !== now.state)
        return true;
      return fields.every((one) => recordedFields.has(one)) ? false : undefined;
    default:
      return passedOld === passedNow && (!passedOld || sameEnds(old, now));
  }
}

/**
 * Tells whether two machines gave a packet different source ports because its own was taken in both: the kernel then draws
 * one by lot, from ports of the same class (nf_nat_core.c, nf_nat_l4proto_unique_tuple).
 */
function areDrawn({ wire }: Probe, old: KernelFate, now: KernelFate): boolean {
  const own = wire.sourcePort;
  if (own === undefined || old.sourcePort === now.sourcePort) return false;
  const { from, to } = usualRange({ ...wire, from: own });
  const isDrawn = ({ sourcePort }: KernelFate) =>
    sourcePort !== undefined && sourcePort !== own && sourcePort >= from && sourcePort <= to;
  return isDrawn(old) && isDrawn(now) && sameEnds(old, { ...now, sourcePort: old.sourcePort! });
}

function sameEnds(one: KernelFate, other: KernelFate): boolean {
  const same = (end: 'source' | 'destination') =>
    one[end] === undefined || other[end] === undefined || sameAddress(one[end], other[end]);
  return (
    same('source') &&
    same('destination') &&
    one.sourcePort === other.sourcePort &&
    one.port === other.port &&
    one.mark === other.mark
  );
}

/** Returns what any rule may change of packets. */
function changesOf(rulesets: readonly Ruleset[]): Recorded {
  const chains = rulesets.flatMap(({ tables }) => tables.flatMap((table) => [...table.chains.values()]));
  const isFollowed = rulesets.every(({ opaque }) => opaque.length === 0);
  return {
    ends: !isFollowed || chains.some(({ base }) => base?.nat),
    marks: !isFollowed || chains.some(({ rules }) => rules.some(({ actions }) => actions !== undefined)),
  };
}

function someMatch({ tables }: Ruleset, holds: (match: Match) => boolean): boolean {
  const some = (match: Match): boolean =>
    holds(match) || (match.kind === 'any of' && match.alternatives.flat().some(some));
  return tables.some(({ chains }) =>
    [...chains.values()].some(({ rules }) =>
      rules.some(({ matches, target }) =>
        [...matches, ...(target.cases ?? []).flatMap((one) => one.matches)].some(some),
      ),
    ),
  );
}
