import { lengthOf } from '../../enforce/trial/frames.ts';
import type { Sent } from '../../enforce/trial/trial-machine.ts';
import { type Address, type Family, parseAddress } from '../../net/address.ts';
import { hasPorts } from '../packet.ts';
import type { Machine } from './machine.ts';
import type { PacketFate, Simulation } from './simulation.ts';
import type { Ends, TcpHeader, WirePacket } from './wire-packet.ts';

/** What packets are made of; what rules name belongs in here, and what they do not. */
export interface Pools {
  readonly machine: Machine;
  /** Hosts by the interface behind which they are. */
  readonly hosts: ReadonlyMap<string, readonly Address[]>;
  /** Where packets are sent to besides hosts, by IP version: the machine's addresses, those that are translated. */
  readonly destinations: readonly Address[];
  readonly ports: readonly number[];
}

/** A packet with what the simulation says of it. */
export interface Simulated extends Sent {
  readonly fate: PacketFate;
}

/** Returns numbers from 0 up to below 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One end of a conversation as it is seen from here, which translations may change. */
interface Way {
  readonly ends: Ends;
  readonly inInterface: string;
}

/**
 * Packets of many conversations, mixed: whole and broken handshakes and teardowns of TCP from both sides, stray segments,
 * datagrams and their answers, echo requests, errors about earlier packets, protocols without ports. Answers go to where
 * the simulation says that their question went; what has a port or identifier that the kernel has chosen is seldom
 * answered, since nobody knows by what.
 */
export class Traffic {
  readonly #pools: Pools;
  readonly #simulation: Simulation;
  readonly #random: () => number;
  readonly #open: Generator<void, void>[] = [];
  readonly packets: Simulated[] = [];

  constructor(pools: Pools, simulation: Simulation, seed: number) {
    this.#pools = pools;
    this.#simulation = simulation;
    this.#random = randomFrom(seed);
  }

  /** Makes packets until there are `count`. */
  make(count: number): readonly Simulated[] {
    while (this.packets.length < count) {
      while (this.#open.length < 40) this.#open.push(this.#conversation());
      const which = Math.floor(this.#random() * this.#open.length);
      if (this.#open[which]!.next().done === true) this.#open.splice(which, 1);
    }
    this.packets.length = count;
    return this.packets;
  }

  #conversation(): Generator<void, void> {
    const kind = this.#random();
    if (kind < 0.35) return this.#tcp();
    if (kind < 0.55) return this.#stray();
    if (kind < 0.8) return this.#udp();
    if (kind < 0.92) return this.#echo();
    return this.#other();
  }

  *#tcp(): Generator<void, void> {
    const way = this.#way(6);
    const [mine, theirs] = [this.#number(), this.#number()];
    const scale = this.#maybe(0.5) ? { scale: this.#below(8) } : {};
    const segment = (
      flags: number,
      sequence: number,
      acknowledgement: number,
      payload = 0,
      more = {},
    ): TcpHeader => ({
      flags,
      sequence: sequence >>> 0,
      acknowledgement: acknowledgement >>> 0,
      window: 2000 + this.#below(30_000),
      payload,
      ...more,
    });
    let fate = this.#send(way, { tcp: segment(2, mine, 0, 0, scale) });
    yield;
    if (this.#maybe(0.1)) {
      fate = this.#send(way, { tcp: segment(2, mine, 0, 0, scale) });
      yield;
    }
    const back = this.#answer(way, fate);
    if (back === undefined || this.#maybe(0.1)) return;
    if (this.#maybe(0.12)) {
      this.#send(back, { tcp: segment(20, 0, mine + 1) });
      yield;
      if (this.#maybe(0.5)) this.#send(way, { tcp: segment(2, mine, 0, 0, scale) });
      return;
    }
    this.#send(back, { tcp: segment(18, theirs, mine + 1, 0, scale) });
    yield;
    this.#send(way, { tcp: segment(16, mine + 1, theirs + 1) });
    yield;
    let [sent, received] = [mine + 1, theirs + 1];
    for (let i = this.#below(4); i > 0; i--) {
      const bytes = 1 + this.#below(60);
      if (this.#maybe(0.5)) {
        this.#send(way, { tcp: segment(24, sent, received, bytes) });
        sent += bytes;
      } else {
        this.#send(back, { tcp: segment(24, received, sent, bytes) });
        received += bytes;
      }
      yield;
      if (this.#maybe(0.08)) this.#send(way, { tcp: segment(16, sent + 5_000_000, received) });
      if (this.#maybe(0.08)) this.#send(back, { tcp: segment(16, received, sent + 400_000) });
      if (this.#maybe(0.05)) this.#send(way, { tcp: segment(2, this.#number(), 0) });
    }
    const ending = this.#random();
    if (ending < 0.2) {
      const [from, sequence, acknowledgement] = this.#maybe(0.5)
        ? ([way, sent, received] as const)
        : ([back, received, sent] as const);
      this.#send(from, { tcp: segment(20, sequence + (this.#maybe(0.3) ? 77 : 0), acknowledgement) });
      yield;
    } else if (ending < 0.8) {
      this.#send(way, { tcp: segment(17, sent, received) });
      yield;
      this.#send(back, { tcp: segment(16, received, sent + 1) });
      yield;
      this.#send(back, { tcp: segment(17, received, sent + 1) });
      yield;
      this.#send(way, { tcp: segment(16, sent + 1, received + 1) });
      yield;
    } else return;
    if (this.#maybe(0.3)) {
      this.#send(way, { tcp: segment(2, this.#number(), 0) });
      yield;
      this.#send(way, { tcp: segment(16, sent + 1, received + 1) });
    }
  }

  /** Segments out of nothing: SYN+ACK, FIN, RST, none at all, Xmas, ACK. */
  *#stray(): Generator<void, void> {
    const way = this.#way(6);
    for (let i = 1 + this.#below(2); i > 0; i--) {
      const flags = this.#pick([2, 2, 2, 16, 16, 18, 1, 17, 4, 20, 0, 41, 63, 3, 24, 8, 66, 194]);
      this.#send(way, {
        tcp: {
          flags,
          sequence: this.#number(),
          acknowledgement: this.#maybe(0.5) ? 0 : this.#number(),
          window: this.#below(20_000),
          payload: this.#below(20),
        },
      });
      yield;
    }
  }

  *#udp(): Generator<void, void> {
    const way = this.#way(17);
    let fate = this.#send(way, {});
    yield;
    for (let i = this.#below(5); i > 0; i--) {
      const back = this.#answer(way, fate);
      if (this.#maybe(0.6) && back !== undefined) this.#send(back, {});
      else fate = this.#send(way, {});
      yield;
    }
    if (this.#maybe(0.2)) this.#error(way, fate);
  }

  *#echo(): Generator<void, void> {
    const way = this.#way(0);
    const { family } = way.ends;
    const odd = this.#maybe(0.25);
    const question = family === 4 ? 8 : 128;
    const type = odd
      ? this.#pick(family === 4 ? [0, 3, 9, 13, 14, 17, 30] : [129, 130, 133, 135, 136, 137, 139, 143, 200])
      : question;
    const icmp = { icmpType: type, icmpCode: 0, icmpId: this.#below(this.#maybe(0.1) ? 4 : 65_536) };
    const fate = this.#send(way, icmp);
    yield;
    const back = this.#answer(way, fate);
    if (back === undefined || odd) return;
    for (let i = this.#below(3); i > 0; i--) {
      this.#send(back, { ...icmp, icmpType: family === 4 ? 0 : 129 });
      yield;
    }
    if (this.#maybe(0.3)) this.#error({ ...way, ends: { ...way.ends, ...icmp } }, fate);
  }

  *#other(): Generator<void, void> {
    const way = this.#way(this.#pick([50, 89, 112, 99]));
    const fate = this.#send(way, {});
    yield;
    const back = this.#answer(way, fate);
    if (back !== undefined) this.#send(back, {});
  }

  /** An error about a packet, from where it went or from somewhere on the way; sometimes to a wrong address. */
  #error(way: Way, fate: PacketFate): void {
    const back = this.#answer(way, fate);
    if (back === undefined) return;
    const { family, protocol } = way.ends;
    const quotes = this.#turned(back.ends);
    const wrong = this.#maybe(0.15);
    const source = this.#maybe(0.3) ? this.#pick(this.#hosts(back.inInterface, family)) : back.ends.source;
    const destination = wrong ? this.#pick(this.#hosts(way.inInterface, family)) : back.ends.destination;
    const types = family === 4 ? [3, 3, 11, 12] : [1, 1, 2, 3, 4];
    this.#send(
      {
        inInterface: back.inInterface,
        ends: { family, protocol: family === 4 ? 1 : 58, source, destination },
      },
      {
        icmpType: this.#pick(types),
        icmpCode: this.#below(2),
        quoted: hasPorts(protocol) || quotes.icmpType !== undefined ? quotes : { ...quotes },
      },
    );
  }

  #turned(ends: Ends): Ends {
    const { source, destination, sourcePort, port, ...rest } = ends;
    return {
      ...rest,
      source: destination,
      destination: source,
      ...(port !== undefined && { sourcePort: port }),
      ...(sourcePort !== undefined && { port: sourcePort }),
    };
  }

  /** How answers come: from the interface by which the question left; undefined when it did not, as a rule. */
  #answer(way: Way, { outcome, packet, chosen }: PacketFate): Way | undefined {
    if (outcome !== 'forwarded' && !this.#maybe(0.15)) return undefined;
    if (chosen !== undefined && !this.#maybe(0.1)) return undefined;
    const out = packet.outInterface;
    const isGone = outcome === 'forwarded' && out !== undefined;
    const { source, destination, sourcePort, port } = isGone ? packet : way.ends;
    if (source === undefined || destination === undefined) return undefined;
    const inInterface = out ?? this.#pick(this.#pools.machine.interfaces).name;
    const known = hasPorts(way.ends.protocol) && (sourcePort === undefined || port === undefined);
    if (known || this.#isOwn(destination)) return undefined;
    const { icmpType, icmpCode, icmpId } = way.ends;
    const { family, protocol } = way.ends;
    return {
      inInterface,
      ends: {
        family,
        protocol,
        source: destination,
        destination: source,
        ...(port !== undefined && { sourcePort: port }),
        ...(sourcePort !== undefined && { port: sourcePort }),
        ...(icmpType !== undefined && { icmpType }),
        ...(icmpCode !== undefined && { icmpCode }),
        ...(icmpId !== undefined && { icmpId }),
      },
    };
  }

  /** Ends of a new conversation; protocol 0 is ICMP. */
  #way(number: number): Way {
    const family: Family = this.#maybe(0.6) ? 4 : 6;
    const { name: inInterface } = this.#pick(this.#pools.machine.interfaces);
    const source = this.#pick(this.#hosts(inInterface, family));
    const others = this.#pools.machine.interfaces.filter(({ name }) => name !== inInterface);
    const far = this.#hosts(others.length === 0 ? inInterface : this.#pick(others).name, family);
    const own = this.#pools.destinations.filter((one) => one.family === family);
    const destination = this.#maybe(0.5) || own.length === 0 ? this.#pick(far) : this.#pick(own);
    const protocol = number === 0 ? (family === 4 ? 1 : 58) : number;
    const near = this.#maybe(0.2) ? 40_000 + this.#below(6) : 1024 + this.#below(60_000);
    const ports = hasPorts(protocol) && {
      sourcePort: this.#maybe(0.1) ? this.#pick(this.#pools.ports) : near,
      port: this.#maybe(0.85) ? this.#pick(this.#pools.ports) : this.#below(65_536),
    };
    return { inInterface, ends: { family, protocol, source, destination, ...ports } };
  }

  #hosts(name: string, family: Family): readonly Address[] {
    return (this.#pools.hosts.get(name) ?? []).filter((one) => one.family === family);
  }

  #isOwn(address: Address): boolean {
    return this.#pools.machine.interfaces.some(({ addresses }) =>
      addresses.some(
        (one) => one.address.d === address.d && one.address.c === address.c && one.address.b === address.b,
      ),
    );
  }

  #send({ ends, inInterface }: Way, more: Partial<WirePacket>): PacketFate {
    const bare = { ...ends, time: 0, hopLimit: 64, dscp: this.#maybe(0.1) ? 46 : 0, ...more };
    const wire: WirePacket = { ...bare, length: lengthOf(bare) };
    const fate = this.#simulation.receive(wire, inInterface);
    this.packets.push({ wire, inInterface, fate });
    return fate;
  }

  #number(): number {
    return Math.floor(this.#random() * 2 ** 32);
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #maybe(share: number): boolean {
    return this.#random() < share;
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)]!;
  }
}

/** Returns the address that a text writes. Throws for other text. */
export function addressOf(text: string): Address {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return address;
}
