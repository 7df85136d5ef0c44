import { chainsOf, type HookedChain, isBeforeTracking } from '../hooks.ts';
import { hasPorts, type Packet } from '../packet.ts';
import { notTranslated } from '../packet-change.ts';
import type { Hook, Ruleset, Translation } from '../ruleset.ts';
import { type Step, walkBase, whyOf } from '../walk.ts';
import { type Connection, originalOf, statusesOf } from './connection.ts';
import { type Machine, Routing } from './machine.ts';
import type { TranslatedEnd } from './port-choice.ts';
import { type Tracked, Tracker } from './tracker.ts';
import { applyBinding, bind } from './translation.ts';
import type { WirePacket } from './wire-packet.ts';

/** What has become of a packet. */
export interface PacketFate {
  readonly outcome: 'delivered' | 'forwarded' | 'sent' | 'dropped' | 'unknown';
  /** The packet as it was last seen: translated, with its state and marks. */
  readonly packet: Packet;
  /** Everything on the way that matched or may have matched, in order. */
  readonly trail: readonly Step[];
  /** What decided: the rule or policy that drops, or the last rule that accepts. */
  readonly step?: Step;
  /** Why it was dropped where no rule did, or why it is not known, as a clause. */
  readonly why?: string;
  /** Why its new port, identifier or address is not known, nor what its answers come as: the kernel chooses it. */
  readonly chosen?: string;
}

/** What has been seen of packets so far, for those who watch memory. */
export interface SimulationState {
  readonly connections: number;
  /** Connections that gave way to others because the table was full. */
  readonly evicted: number;
}

const translatedEnd: Readonly<Record<Hook, TranslatedEnd | undefined>> = {
  PREROUTING: 'destination',
  OUTPUT: 'destination',
  INPUT: 'source',
  POSTROUTING: 'source',
  FORWARD: undefined,
};

/**
 * A machine with its packet filter, through which packets go one after another: connections are tracked, translated and
 * marked as the kernel does it (netfilter hooks; nf_conntrack; nf_nat). What it answers or sends by itself is not
 * simulated, nor are fragments, helpers' expectations, rp_filter, and rules outside of netfilter (tc, XDP, ip rule).
 */
export class Simulation {
  readonly #ruleset: Ruleset;
  readonly #machine: Machine;
  readonly #routing: Routing;
  readonly #tracker: Tracker;
  readonly #chains = new Map<string, readonly HookedChain[]>();
  readonly #translates: Readonly<Record<4 | 6, boolean>>;

  constructor(ruleset: Ruleset, machine: Machine) {
    this.#ruleset = ruleset;
    this.#machine = machine;
    this.#routing = new Routing(machine);
    this.#tracker = new Tracker(machine.connections ?? 262_144, machine.looseTcp ?? true);
    const hooks = Object.keys(translatedEnd) as Hook[];
    const translates = (family: 4 | 6) =>
      hooks.some((hook) => this.#chainsOf(family, hook).some(({ chain }) => chain.base?.nat));
    this.#translates = { 4: translates(4), 6: translates(6) };
  }

  get state(): SimulationState {
    return { connections: this.#tracker.table.size, evicted: this.#tracker.table.evicted };
  }

  /** Returns what becomes of a packet that comes in by an interface. */
  receive(wire: WirePacket, inInterface: string): PacketFate {
    const way = new Way(this.#packetOf(wire, { inInterface, chain: 'INPUT' }));
    const opaque = this.#ruleset.opaque[0];
    if (opaque !== undefined) return way.unknown(opaque.why);
    if (wire.isFragment) return way.unknown('fragments are not put together');
    this.#pass(way, 'PREROUTING', wire);
    if (way.isOver) return way.fate('dropped');
    return this.#routeIn(way);
  }

  /** Returns what becomes of a packet that a program of this machine sends. */
  send(wire: WirePacket): PacketFate {
    const first = this.#packetOf(wire, { chain: 'OUTPUT' });
    const out = this.#outOf(first);
    const way = new Way({ ...first, ...(out !== undefined && { outInterface: out }) });
    const opaque = this.#ruleset.opaque[0];
    if (opaque !== undefined) return way.unknown(opaque.why);
    if (out === undefined) return way.drop('no route leads there');
    this.#pass(way, 'OUTPUT', wire);
    if (way.isOver) return way.fate('dropped');
    const again = this.#outOf(way.packet);
    if (again !== undefined) way.packet = { ...way.packet, outInterface: again };
    this.#pass(way, 'POSTROUTING');
    this.#confirm(way, wire.time);
    if (way.isOver || way.packet.outInterface !== 'lo') return way.fate('sent');
    const { outInterface: _, ...rest } = way.packet;
    way.packet = { ...rest, inInterface: 'lo', chain: 'INPUT' };
    this.#pass(way, 'PREROUTING');
    if (!way.isOver) this.#pass(way, 'INPUT');
    return way.fate('delivered');
  }

  #routeIn(way: Way): PacketFate {
    const { destination, source } = way.packet;
    if (destination === undefined) return way.unknown('it is not known where it is sent to');
    const type = this.#routing.typeOf(destination);
    if (source !== undefined && this.#routing.typeOf(source) === 'LOCAL')
      return way.drop('its source is this machine');
    way.packet = { ...way.packet, ...(type && { destinationType: type }) };
    if (type !== 'UNICAST') {
      if (type === undefined) return way.drop('no route leads there');
      this.#pass(way, 'INPUT');
      this.#confirm(way, this.#time);
      return way.fate('delivered');
    }
    return this.#forward(way);
  }

  #forward(way: Way): PacketFate {
    const out = this.#outOf(way.packet);
    if (!this.#machine.forwards) return way.drop('this machine forwards nothing');
    const hops = way.packet.numbers?.['hop limit'];
    if (hops !== undefined && hops <= 1) return way.drop('its hop limit is reached');
    const numbers = { ...way.packet.numbers, ...(hops !== undefined && { 'hop limit': hops - 1 }) };
    way.packet = {
      ...way.packet,
      chain: 'FORWARD',
      numbers,
      ...(out !== undefined && { outInterface: out }),
    };
    this.#pass(way, 'FORWARD');
    if (!way.isOver) this.#pass(way, 'POSTROUTING');
    this.#confirm(way, this.#time);
    return way.fate('forwarded');
  }

  /** Time of the packet that is under way. */
  #time = 0;

  /** Walks the chains of a hook; `wire` where connection tracking looks at the packet in it. */
  #pass(way: Way, hook: Hook, wire?: WirePacket): void {
    const end = translatedEnd[hook];
    let isTracked = wire === undefined;
    let isTranslated = end === undefined || !this.#translates[way.packet.family];
    const track = () => {
      isTracked = true;
      if (wire !== undefined) this.#track(way, wire);
    };
    const translate = () => {
      isTranslated = true;
      if (end !== undefined) this.#translate(way, hook, end);
    };
    for (const hooked of this.#chainsOf(way.packet.family, hook)) {
      const { nat, priority } = hooked.chain.base!;
      if (!isTracked && !isBeforeTracking(hooked)) track();
      if (!isTranslated && (nat || priority > (end === 'destination' ? -100 : 100))) translate();
      if (way.isOver) return;
      if (!nat) this.#walk(way, hooked);
      if (way.isOver) return;
    }
    if (!isTracked) track();
    if (!isTranslated && !way.isOver) translate();
  }

  #track(way: Way, wire: WirePacket): void {
    this.#time = wire.time;
    const { state, maybeUntracked } = way.packet;
    if (maybeUntracked) {
      way.unknown('it is not known whether it is tracked');
      return;
    }
    if (state === 'UNTRACKED') return;
    const tracked = this.#tracker.track(wire);
    way.tracked = tracked;
    if (tracked.doubt !== undefined) way.unknown(tracked.doubt);
    way.packet = { ...way.packet, state: tracked.state };
    const { connection, isAnswer } = tracked;
    if (connection === undefined) return;
    const numbers = { ...way.packet.numbers };
    if (connection.mark === undefined) delete numbers['connection mark'];
    else numbers['connection mark'] = connection.mark;
    const known = {
      ...way.packet,
      numbers,
      original: originalOf(connection, hasPorts(connection.original.protocol)),
      direction: isAnswer ? 'reply' : 'original',
    } as const;
    way.packet = withStatuses(known, connection);
  }

  /** The first packet of a connection goes through the chains that translate, all others follow it. */
  #translate(way: Way, hook: Hook, end: TranslatedEnd): void {
    const { connection, isAnswer = false, state } = way.tracked ?? {};
    if (connection === undefined || way.isOver) return;
    const isDone = end === 'source' ? connection.isSourceDone : connection.isDestinationDone;
    if (!isDone && !connection.isConfirmed) this.#choose(way, connection, hook, end);
    if (way.isOver) return;
    const isOwnStatus = connection.translated.has(isAnswer === (end === 'destination') ? 'snat' : 'dnat');
    if (isOwnStatus) way.packet = applyBinding(way.packet, connection, isAnswer, end, state === 'RELATED');
    way.packet = withStatuses(way.packet, connection);
  }

  /** Asks the chains that translate in a hook, until one does. */
  #choose(way: Way, connection: Connection, hook: Hook, end: TranslatedEnd): void {
    let chosen: Translation | undefined;
    const before = way.packet;
    for (const hooked of this.#chainsOf(before.family, hook)) {
      if (!hooked.chain.base?.nat) continue;
      way.packet = notTranslated(way.packet);
      this.#walk(way, hooked);
      if (way.isOver) return;
      const { translations = [undefined] } = way.packet;
      if (translations.length > 1) {
        this.#leaveOpen(way, connection, end);
        return;
      }
      chosen = translations[0];
      if (chosen !== undefined) break;
    }
    bind(connection, end, way.packet, chosen, this.#tracker.table, this.#time);
    // All else that the chains have done stays, the ends are those of the binding.
    const { source, destination, sourcePort, port } = before;
    way.packet = {
      ...way.packet,
      ...(source && { source }),
      ...(destination && { destination }),
      ...(sourcePort !== undefined && { sourcePort }),
      ...(port !== undefined && { port }),
    };
  }

  /** It is not known which rule translates, or whether one does. */
  #leaveOpen(way: Way, connection: Connection, end: TranslatedEnd): void {
    const { [end]: _, ...packet } = way.packet;
    bind(connection, end, packet, undefined, this.#tracker.table, this.#time);
    way.unknown(whyOf(way.trail));
  }

  #walk(way: Way, hooked: HookedChain): void {
    const ends = walkBase(hooked, way.packet, way.trail, (packet, end, hook) => {
      if (end === 'source') return this.#routing.addressOf(packet.outInterface, packet.family);
      const name = hook === 'OUTPUT' ? 'lo' : packet.inInterface;
      return this.#routing.addressOf(name, packet.family);
    });
    if (ends.accept === undefined) {
      way.denied = ends.drop!;
      const isReset = /tcp.reset/.test(ends.drop!.rule?.target.options ?? '');
      if (isReset && way.tracked?.connection?.isConfirmed) way.tracked.connection.tcp?.close();
      return;
    }
    if (ends.drop !== undefined) way.doubt ??= ends.why ?? whyOf(way.trail);
    if (ends.accept.rule !== undefined || way.allowed === undefined) way.allowed = ends.accept;
    way.packet = ends.accepted!;
    const { connection } = way.tracked ?? {};
    if (connection !== undefined) connection.mark = way.packet.numbers?.['connection mark'];
  }

  /** A connection is entered when its first packet has come through. */
  #confirm(way: Way, time: number): void {
    const { connection } = way.tracked ?? {};
    if (connection === undefined || connection.isConfirmed || way.denied !== undefined) return;
    if (way.doubt !== undefined) connection.doubt ??= way.doubt;
    connection.isConfirmed = true;
    if (!this.#tracker.table.add(connection, time)) way.unknown('its ends are those of another connection');
  }

  #chainsOf(family: 4 | 6, hook: Hook): readonly HookedChain[] {
    const key = `${family} ${hook}`;
    const known = this.#chains.get(key) ?? chainsOf(this.#ruleset, family, hook);
    this.#chains.set(key, known);
    return known;
  }

  #outOf({ destination }: Packet): string | undefined {
    if (destination === undefined) return undefined;
    return this.#routing.typeOf(destination) === 'LOCAL' ? 'lo' : this.#routing.outTo(destination);
  }

  #packetOf(wire: WirePacket, more: Pick<Packet, 'chain' | 'inInterface'>): Packet {
    const { family, protocol, source, destination, sourcePort, port } = wire;
    const sourceType = this.#routing.typeOf(source);
    const destinationType = this.#routing.typeOf(destination);
    return {
      ...more,
      family,
      protocol,
      source,
      destination,
      state: 'INVALID',
      local: more.chain === 'OUTPUT' || more.inInterface === 'lo',
      isLaterFragment: false,
      packetType: wire.packetType ?? 'unicast',
      numbers: {
        mark: 0,
        length: wire.length,
        'hop limit': wire.hopLimit,
        priority: 0,
        ...(wire.dscp !== undefined && { dscp: wire.dscp }),
      },
      ...(sourceType && { sourceType }),
      ...(destinationType && { destinationType }),
      ...(hasPorts(protocol) && sourcePort !== undefined && { sourcePort }),
      ...(hasPorts(protocol) && port !== undefined && { port }),
      ...(wire.icmpType !== undefined && { icmpType: wire.icmpType }),
      ...(wire.icmpCode !== undefined && { icmpCode: wire.icmpCode }),
      ...(wire.tcp && { tcpFlags: wire.tcp.flags }),
      ...(wire.hardwareSource !== undefined && { hardwareSource: wire.hardwareSource }),
    };
  }
}

/** Returns the packet with what is known of the statuses of its connection. */
function withStatuses({ statuses: _, ...packet }: Packet, connection: Connection): Packet {
  const statuses = statusesOf(connection);
  return statuses === undefined ? packet : { ...packet, statuses };
}

/** The way of one packet. */
class Way {
  packet: Packet;
  readonly trail: Step[] = [];
  tracked?: Tracked;
  denied?: Step;
  allowed?: Step;
  doubt?: string;
  #why?: string;

  constructor(packet: Packet) {
    this.packet = packet;
  }

  get isOver(): boolean {
    return this.denied !== undefined || this.#why !== undefined;
  }

  drop(why: string): PacketFate {
    this.#why = why;
    return this.fate('dropped');
  }

  unknown(why: string): PacketFate {
    this.doubt ??= why;
    this.#why = why;
    return this.fate('unknown');
  }

  /** What has become of it, when it has come so far. */
  fate(so: PacketFate['outcome']): PacketFate {
    const { packet, trail, denied, allowed } = this;
    if (this.doubt !== undefined && (denied === undefined || so === 'unknown'))
      return { outcome: 'unknown', packet, trail, why: this.doubt };
    if (denied !== undefined) return { outcome: 'dropped', packet, trail, step: denied };
    const chosen = this.tracked?.isAnswer ? undefined : this.tracked?.connection?.unclear?.why;
    return {
      outcome: so,
      packet,
      trail,
      ...(allowed && { step: allowed }),
      ...(chosen !== undefined && { chosen }),
      ...(this.#why !== undefined && { why: this.#why }),
    };
  }
}
