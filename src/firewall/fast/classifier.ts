import { chainsOf, isBeforeTracking, passes } from '../hooks.ts';
import { hasPorts } from '../packet.ts';
import type { Chain, Hook, Match, Ruleset, Table } from '../ruleset.ts';
import { judgePacket, type Step } from '../simulate.ts';
import { ChainBits, Kind } from './chain-bits.ts';
import {
  AddressClasses,
  Field,
  type FieldClasses,
  fieldCount,
  fieldOf,
  IcmpClasses,
  PortClasses,
  SmallClasses,
  samplesOf,
} from './fields.ts';
import { type PacketColumns, states, ways } from './packet-columns.ts';

/** Outcomes of packets as numbers. */
export const Outcome = { Deny: 0, Allow: 1, Unknown: 2 } as const;

/** What becomes of packets, by their places in the columns. */
export interface Decisions {
  /** One of {@link Outcome}. */
  readonly outcome: Uint8Array;
  /** Number into {@link Classifier.deciders}, or -1. */
  readonly decider: Int32Array;
  /** How many went through the plain walk, since a rule on their way is one that bits cannot tell. */
  walked: number;
}

/** What can decide: a rule, or the end of a base chain. */
export type Decider = Omit<Step, 'certain'>;

/** A base chain on the way of packets. */
interface BaseBits {
  readonly bits: ChainBits;
  readonly isNat: boolean;
  readonly isEarly: boolean;
  readonly drops: boolean;
}

/** All that packets of one IP version meet. */
interface FamilyBits {
  readonly source: AddressClasses;
  readonly destination: AddressClasses;
  readonly sourcePort: PortClasses;
  readonly port: PortClasses;
  readonly icmp: IcmpClasses;
  readonly ways: readonly (readonly BaseBits[])[];
}

const invalid = states.indexOf('INVALID');
/** Jumps may nest this deep (NFT_JUMP_STACK_SIZE). */
const deepest = 16;

/**
 * Rules made ready for many packets: the same verdict and the same deciding rule as {@link judgePacket} of simulate.ts, by
 * which the few packets go that meet a rule which changes packets or asks for what the columns do not have. Memory grows
 * with rules times the values that they tell apart.
 */
export class Classifier {
  /** Rules and ends of chains that can decide. */
  readonly deciders: Decider[] = [];
  readonly #ruleset: Ruleset;
  readonly #families: Readonly<Record<4 | 6, FamilyBits>>;
  readonly #deciderOf = new Map<unknown, number>();
  readonly #classes = new Uint32Array(fieldCount);
  readonly #stack: ChainBits[] = [];
  readonly #positions = new Int32Array(deepest + 1);

  /** `interfaces` are those of the columns that are judged. */
  constructor(ruleset: Ruleset, interfaces: readonly string[]) {
    this.#ruleset = ruleset;
    const names = ['', ...interfaces];
    this.#families = { 4: this.#familyBits(4, names), 6: this.#familyBits(6, names) };
  }

  /** Judges all packets of the columns. */
  judge(columns: PacketColumns): Decisions {
    const { count } = columns;
    const decisions: Decisions = {
      outcome: new Uint8Array(count),
      decider: new Int32Array(count),
      walked: 0,
    };
    const isOpaque = this.#ruleset.opaque.length > 0;
    for (let i = 0; i < count; i++) {
      if (isOpaque || !this.#judgeOne(columns, i, decisions)) this.#walk(columns, i, decisions);
    }
    return decisions;
  }

  /** Returns false where the plain walk has to be asked. */
  #judgeOne(columns: PacketColumns, i: number, decisions: Decisions): boolean {
    const family = this.#families[columns.family[i] as 4 | 6];
    this.#classify(family, columns, i);
    const state = columns.state[i]!;
    let allowed = -1;
    for (const base of family.ways[columns.way[i]!]!) {
      if (base.isNat && state !== 0) continue;
      this.#classes[Field.State] = base.isEarly && state !== 4 ? invalid : state;
      const end = this.#run(base.bits);
      if (end === plain) return false;
      if (end >= 0) {
        const [decider, isDrop] = [end >>> 1, (end & 1) === 1];
        if (isDrop) {
          decisions.decider[i] = decider;
          return true;
        }
        allowed = decider;
      } else {
        const policy = base.bits.firstDecider + base.bits.rules.length;
        if (base.drops) {
          decisions.decider[i] = policy;
          return true;
        }
        if (allowed < 0) allowed = policy;
      }
    }
    decisions.outcome[i] = Outcome.Allow;
    decisions.decider[i] = allowed;
    return true;
  }

  /** Walks a base chain. Returns decider × 2, with 1 more for a drop; or that its end was come to, or a plain rule. */
  #run(base: ChainBits): number {
    const [stack, positions, classes] = [this.#stack, this.#positions, this.#classes];
    let depth = 0;
    let bits = base;
    let from = 0;
    for (;;) {
      const rule = bits.next(classes, from);
      const kind = rule < 0 ? Kind.Return : bits.kinds[rule]!;
      switch (kind) {
        case Kind.Accept:
          return (bits.firstDecider + rule) * 2;
        case Kind.Drop:
          return (bits.firstDecider + rule) * 2 + 1;
        case Kind.Jump:
          stack[depth] = bits;
          positions[depth++] = rule + 1;
          bits = bits.targets[rule]!;
          from = 0;
          break;
        case Kind.Goto:
          bits = bits.targets[rule]!;
          from = 0;
          break;
        case Kind.Return:
          if (depth === 0) return ended;
          bits = stack[--depth]!;
          from = positions[depth]!;
          break;
        default:
          return plain;
      }
    }
  }

  #classify(family: FamilyBits, columns: PacketColumns, i: number): void {
    const classes = this.#classes;
    const protocol = columns.protocol[i]!;
    classes[Field.Protocol] = protocol;
    classes[Field.Source] = family.source.at(columns.source, 4 * i);
    classes[Field.Destination] = family.destination.at(columns.destination, 4 * i);
    const isTcp = protocol === 6;
    if (isTcp || protocol === 17 || hasPorts(protocol)) {
      classes[Field.SourcePort] = family.sourcePort.of[columns.sourcePort[i]!]!;
      classes[Field.Port] = family.port.of[columns.port[i]!]!;
    } else {
      classes[Field.SourcePort] = family.sourcePort.none;
      classes[Field.Port] = family.port.none;
    }
    classes[Field.Icmp] = family.icmp.at(protocol, columns.icmp[i]!);
    classes[Field.TcpFlags] = isTcp ? columns.tcpFlags[i]! : 256;
    classes[Field.In] = columns.inInterface[i]!;
    classes[Field.Out] = columns.outInterface[i]!;
  }

  #walk(columns: PacketColumns, i: number, decisions: Decisions): void {
    const { outcome, step } = judgePacket(this.#ruleset, columns.packetAt(i));
    decisions.walked++;
    decisions.outcome[i] =
      outcome === 'allow' ? Outcome.Allow : outcome === 'deny' ? Outcome.Deny : Outcome.Unknown;
    if (step === undefined) decisions.decider[i] = -1;
    else decisions.decider[i] = this.#numberOf(step);
  }

  /** Only rules that bits do not tell lead to some chains: their deciders are added when they are met. */
  #numberOf({ table, chain, rule }: Step): number {
    const key = rule ?? chain;
    const known = this.#deciderOf.get(key);
    if (known !== undefined) return known;
    this.#addDecider(key, { table, chain, ...(rule && { rule }) });
    return this.deciders.length - 1;
  }

  #familyBits(family: 4 | 6, names: readonly string[]): FamilyBits {
    const of = new Map<number, Match[]>();
    for (const { chains } of this.#ruleset.tables) {
      for (const { rules } of chains.values()) {
        for (const match of rules.flatMap(({ matches }) => matches)) {
          const field = fieldOf(match);
          if (field === undefined) continue;
          const list = of.get(field);
          if (list === undefined) of.set(field, [match]);
          else list.push(match);
        }
      }
    }
    const asking = (field: number) => of.get(field) ?? [];
    const small = (field: number) => new SmallClasses(samplesOf(field, family, names));
    const source = new AddressClasses(asking(Field.Source), family);
    const destination = new AddressClasses(asking(Field.Destination), family);
    const sourcePort = new PortClasses(asking(Field.SourcePort));
    const port = new PortClasses(asking(Field.Port));
    const icmp = new IcmpClasses(asking(Field.Icmp), family);
    const classes: FieldClasses[] = [];
    classes[Field.Protocol] = small(Field.Protocol);
    classes[Field.Source] = source;
    classes[Field.Destination] = destination;
    classes[Field.SourcePort] = sourcePort;
    classes[Field.Port] = port;
    classes[Field.State] = small(Field.State);
    classes[Field.Icmp] = icmp;
    classes[Field.TcpFlags] = small(Field.TcpFlags);
    classes[Field.In] = small(Field.In);
    classes[Field.Out] = small(Field.Out);
    const compiled = new Map<string, Map<Chain, ChainBits>>();
    const bitsOf = (table: Table, chain: Chain, hook: Hook): ChainBits => {
      const known = compiled.get(hook) ?? new Map<Chain, ChainBits>();
      compiled.set(hook, known);
      const found = known.get(chain);
      if (found !== undefined) return found;
      const bits = new ChainBits(table, chain, hook, family, classes, this.deciders.length);
      known.set(chain, bits);
      this.#addDeciders(table, chain, bits);
      for (const [i, rule] of bits.rules.entries()) {
        const kind = bits.kinds[i];
        if (kind !== Kind.Jump && kind !== Kind.Goto) continue;
        bits.targets[i] = bitsOf(table, table.chains.get(rule.target.name)!, hook);
      }
      return bits;
    };
    const baseOf = (way: (typeof ways)[number]): BaseBits[] =>
      passes[way].flatMap((hook) =>
        chainsOf(this.#ruleset, family, hook).map((hooked) => ({
          bits: bitsOf(hooked.table, hooked.chain, hook),
          isNat: hooked.chain.base?.nat === true,
          isEarly: isBeforeTracking(hooked),
          drops: hooked.chain.policy?.effect === 'drop',
        })),
      );
    return { source, destination, sourcePort, port, icmp, ways: ways.map(baseOf) };
  }

  #addDeciders(table: Table, chain: Chain, bits: ChainBits): void {
    for (const rule of bits.rules) this.#addDecider(rule, { table, chain, rule });
    this.#addDecider(chain, { table, chain });
  }

  #addDecider(key: unknown, decider: Decider): void {
    const number = this.deciders.push(decider) - 1;
    if (!this.#deciderOf.has(key)) this.#deciderOf.set(key, number);
  }
}

/** Ends of a walk that no rule of the bits names. */
const ended = -1;
const plain = -2;
