import { chainsOf, type HookedChain, isBeforeTracking, passes } from './hooks.ts';
import type { Packet } from './packet.ts';
import { merge, notTranslated } from './packet-change.ts';
import type { Hook, Ruleset, Target, Translation } from './ruleset.ts';
import { type Ends, type Step, walkBase, whyOf } from './walk.ts';

export type { Step } from './walk.ts';

/** What becomes of a packet. */
export interface PacketVerdict {
  readonly outcome: 'allow' | 'deny' | 'unknown';
  /** What decided: of a deny the rule or policy that drops; of an allow the last that accepts. */
  readonly step?: Step;
  /** Everything on the way that matched or may have matched, in order. */
  readonly trail: readonly Step[];
  /** Of unknown: why, as a clause. */
  readonly why?: string;
}

/**
 * Returns what the rules do with one packet: it goes through the base chains of each hook by priority; a drop is
 * final, an accept ends its own base chain only (nft(8), VERDICT STATEMENT; netfilter hooks). Marks that rules set and
 * addresses that they translate are those that later rules see; rules before connection tracking see no state; NEW is
 * taken for the first packet of its connection, which alone goes through chains that translate. What is not known, of
 * rules or packet, leaves both ends of it open. Linear in the rules as long as they set no marks.
 */
export function judgePacket(ruleset: Ruleset, packet: Packet): PacketVerdict {
  const trail: Step[] = [];
  const [opaque] = ruleset.opaque;
  if (opaque !== undefined) return { outcome: 'unknown', trail, why: opaque.why };
  const judged = new Judgement(packet, trail);
  for (const hooked of baseChains(ruleset, packet)) {
    if (!judged.pass(hooked)) break;
  }
  return judged.verdict();
}

/** Returns the base chains that a packet of this kind goes through, in order. */
export function baseChains(
  ruleset: Ruleset,
  { family, chain, state }: Pick<Packet, 'family' | 'chain' | 'state'>,
): HookedChain[] {
  return passes[chain].flatMap((hook) =>
    chainsOf(ruleset, family, hook).filter(({ chain: { base } }) => state === 'NEW' || !base?.nat),
  );
}

/** The way of one packet through base chains. */
class Judgement {
  readonly #said: Packet;
  readonly #trail: Step[];
  #packet: Packet;
  #isTracked = false;
  #hook?: Hook;
  #denied?: Step;
  #allowed?: Step;
  #doubt?: Ends;

  constructor(packet: Packet, trail: Step[]) {
    this.#said = packet;
    this.#trail = trail;
    this.#packet = beforeTracking(packet);
  }

  /** Walks one base chain; returns false when the packet goes no further. */
  pass(hooked: HookedChain): boolean {
    if (!this.#isTracked && !isBeforeTracking(hooked)) this.#track();
    const { chain, hook } = hooked;
    const isNat = chain.base?.nat === true;
    if (isNat && this.#packet.state !== 'NEW') return true;
    if (this.#hook !== hook) this.#packet = notTranslated(this.#packet);
    this.#hook = hook;
    const before = this.#packet;
    const mayStillBe = before.translations?.includes(undefined) ?? true;
    if (isNat && !mayStillBe) return true;
    const ends = walkBase(hooked, before, this.#trail, () => undefined);
    // What is perhaps not tracked, or perhaps translated, perhaps does not come here.
    const passesBy = isNat && (before.maybeUntracked === true || before.translations !== undefined);
    if (ends.drop !== undefined && (ends.accept !== undefined || passesBy)) this.#doubt ??= ends;
    if (ends.accept === undefined) {
      if (!passesBy) this.#denied = ends.drop!;
      return passesBy;
    }
    if (ends.accept.rule !== undefined || this.#allowed === undefined) this.#allowed = ends.accept;
    this.#packet = ends.accepted!;
    if (!isNat) return true;
    if (passesBy) this.#packet = merge(before, this.#packet)!;
    this.#routeAgain(ends.accept, hook);
    return true;
  }

  verdict(): PacketVerdict {
    const trail = this.#trail;
    if (this.#denied !== undefined) return { outcome: 'deny', step: this.#denied, trail };
    const doubt = this.#doubt;
    if (doubt === undefined)
      return { outcome: 'allow', ...(this.#allowed && { step: this.#allowed }), trail };
    const why = doubt.why ?? whyOf(trail);
    return { outcome: 'unknown', trail, ...(doubt.drop && { step: doubt.drop }), why };
  }

  /** Connection tracking gives the packet its state, unless a rule has taken it out. */
  #track(): void {
    this.#isTracked = true;
    const { state, maybeUntracked } = this.#packet;
    if (state === 'UNTRACKED' && !maybeUntracked) return;
    const said = { ...this.#packet, state: this.#said.state };
    this.#packet = this.#said.state === 'NEW' ? firstOfConnection(said) : said;
  }

  /** A new destination may lead another way than the one that was said, which only a machine's routes tell. */
  #routeAgain(step: Step, hook: Hook): void {
    for (const translation of this.#packet.translations ?? []) {
      if (translation?.addresses === undefined || translation.end !== 'destination' || hook === 'INPUT')
        continue;
      const { chain, outInterface: _, ...rest } = this.#packet;
      if (chain === 'OUTPUT') this.#packet = { chain, ...rest };
      const staysHere = (chain === 'INPUT') === (translation.addresses === 'interface');
      if (chain === 'OUTPUT' || staysHere) continue;
      const sends = this.#trail.findLast(
        ({ rule }) => rule !== undefined && translates(rule.target, translation),
      );
      const by = sends ?? step;
      this.#doubt ??= { accept: by, drop: by, why: `${by.rule?.target.name} sends it elsewhere` };
    }
  }
}

function translates({ translation, cases = [] }: Target, asked: Translation): boolean {
  return translation === asked || cases.some((one) => translates(one.target, asked));
}

/** Returns the packet as chains see it that come before connection tracking: without a connection. */
export function beforeTracking(packet: Packet): Packet {
  return packet.state === 'UNTRACKED' ? packet : { ...packet, state: 'INVALID' };
}

/** Returns the packet with what is known of every one that begins a connection. */
export function firstOfConnection(packet: Packet): Packet {
  const { source, destination, sourcePort, port } = packet;
  return {
    original: {
      ...(source && { source }),
      ...(destination && { destination }),
      ...(sourcePort !== undefined && { sourcePort }),
      ...(port !== undefined && { port }),
    },
    direction: 'original',
    statuses: new Set(),
    ...packet,
    numbers: { 'connection mark': 0, ...packet.numbers },
  };
}
