import { clientHello, dnsMessage, httpRequest, RecordType } from './messages.ts';
import { hashOf, Random } from './random.ts';
import { address, Flag, type Headers, Trace } from './trace.ts';

export const second = 1000;
export const minute = 60_000;
export const hour = 3_600_000;
export const day = 86_400_000;

/** A machine of the site. */
export interface Host {
  readonly name: string;
  readonly address: number;
  /** Its next port of its own. */
  port: number;
  /** Names that it knows the address of, until when. */
  readonly known: Map<string, number>;
}

/** One request and its answer in a connection. */
export interface Exchange {
  /** After the one before, ms. */
  readonly after: number;
  readonly up: number;
  readonly down: number;
  /** What the answer takes, ms; default what the way takes. */
  readonly takes?: number;
}

/** How a connection fares: as it should, refused by a reset, or without any answer. */
export type Fate = 'answered' | 'refused' | 'silent';

export interface Connection {
  readonly at: number;
  readonly from: Host;
  readonly to: number;
  readonly port: number;
  readonly exchanges: readonly Exchange[];
  readonly fate?: Fate;
  /** Beginning of what is sent: a ClientHello by this name, or a request by it. */
  readonly tls?: string;
  readonly http?: string;
  /** How it ends; one that stays is still open when the day is over. */
  readonly end?: 'fin' | 'rst' | 'stays';
}

/** Data that goes in one packet at most, as captures show it where the network card cuts it into smaller ones (or joins them). */
const mostData = 60_000;
const ephemeral = { first: 32_768, last: 60_999 } as const;

/**
 * A site on one day: its machines, the way to the rest of the world, and all packets that the switch's mirror port shows. Times are ms since
 * midnight. The same seed gives the same day.
 */
export class Site {
  readonly name: string;
  readonly trace = new Trace();
  readonly random: Random;
  readonly hosts: Host[] = [];
  /** Services outside that the site has a contract with, and would name in its site file. */
  readonly partners: string[] = [];
  readonly #midnight: number;
  readonly #network: number;
  readonly #broken: [from: number, to: number][] = [];
  readonly #upstream = address('198.18.0.53');
  #resolver: Host | undefined;

  constructor(name: string, network: string, midnight: number, seed: number) {
    this.name = name;
    this.random = new Random(seed).fork(name);
    this.#midnight = midnight;
    this.#network = address(network);
  }

  /** A new machine, `last` being the last part of its address. */
  host(name: string, last: number): Host {
    const port = ephemeral.first + (hashOf(name) % 20_000);
    const host = { name, address: this.#network + last, port, known: new Map<string, number>() };
    this.hosts.push(host);
    return host;
  }

  /** The machine that answers questions of DNS and asks others. */
  resolvesBy(host: Host): void {
    this.#resolver = host;
  }

  /** An address of this network, of a machine or of none. */
  inside(last: number): number {
    return this.#network + last;
  }

  /** The way out is broken between two times. */
  breaks(from: number, to: number): void {
    this.#broken.push([from, to]);
  }

  isBroken(at: number): boolean {
    return this.#broken.some(([from, to]) => at >= from && at < to);
  }

  isInside(to: number): boolean {
    return to >>> 8 === this.#network >>> 8;
  }

  /** Address of a service somewhere outside, always the same for a name. */
  outside(name: string): number {
    return address('198.18.0.0') + 256 + (hashOf(name) % 100_000);
  }

  /** ms since the epoch. */
  time(at: number): number {
    return this.#midnight + at;
  }

  /** Looks a name up where it is not known any more, and returns when the answer is there. */
  lookup(
    from: Host,
    name: string,
    at: number,
    { type = RecordType.a as number, ttl = 5 * minute, code = 0, text = '' } = {},
  ): number {
    const resolver = this.#resolver;
    if (resolver === undefined || (from.known.get(name) ?? -1) > at) return at;
    from.known.set(name, at + ttl);
    const isDown = this.isBroken(at);
    const answer = { code: isDown ? 2 : code, ...this.#answer(name, type, isDown ? 2 : code, text) };
    const ready =
      (resolver.known.get(`${type} ${name}`) ?? -1) > at
        ? at + 0.4
        : this.#forward(resolver, name, type, at, ttl, answer);
    if (from !== resolver) this.#ask(from, resolver.address, name, type, at, ready, answer);
    return ready + 0.2;
  }

  /** Opens a connection, and returns when it was over, or given up. */
  connect(connection: Connection): number {
    const { from, to, port, at } = connection;
    const isOut = !this.isInside(to);
    const fate = isOut && this.isBroken(at) ? 'silent' : (connection.fate ?? 'answered');
    const way = isOut ? 8 + (to % 60) : 0.3;
    const ends = { from: from.address, to, fromPort: this.#port(from), toPort: port };
    if (fate === 'silent') return this.#knock(ends, at);
    this.#tcp(at, ends, Flag.syn);
    if (fate === 'refused') {
      this.#tcp(at + way, reversed(ends), Flag.rst | Flag.ack);
      return at + way;
    }
    this.#tcp(at + way, reversed(ends), Flag.syn | Flag.ack);
    this.#tcp(at + way + 0.1, ends, Flag.ack);
    return this.#talk(connection, ends, at + way + 0.2, way);
  }

  /** Looks a name up and connects by TLS to what it stands for. */
  secure(
    from: Host,
    name: string,
    at: number,
    exchanges: readonly Exchange[],
    more: Partial<Connection> = {},
  ): number {
    const ready = this.lookup(from, name, at);
    if (this.isBroken(at) && !from.known.has(name)) return ready;
    const hello = { after: 0, up: 517, down: 3200 };
    return this.connect({
      at: ready,
      from,
      to: this.outside(name),
      port: 443,
      tls: name,
      exchanges: [hello, ...exchanges],
      ...more,
    });
  }

  /** Sends a datagram, and has it answered where `down` says with how much. Returns the port it came from. */
  datagram(
    at: number,
    from: Host,
    to: number,
    port: number,
    up: number,
    down?: number,
    fromPort = this.#port(from),
  ): number {
    const isOut = !this.isInside(to);
    const ends = { from: from.address, to, fromPort, toPort: port };
    this.trace.udp(this.time(at), ends, up);
    if (down !== undefined && !(isOut && this.isBroken(at)))
      this.trace.udp(this.time(at + (isOut ? 8 + (to % 60) : 0.4)), reversed(ends), down);
    return fromPort;
  }

  /** Asks whether a machine is there, and has it answer where it is. */
  ping(at: number, from: Host, to: number, isThere: boolean): void {
    const id = hashOf(`${from.address} ${to}`) & 0xffff;
    const sequence = Math.floor(at / second) & 0xffff;
    this.trace.echo(this.time(at), from.address, to, 8, id, sequence);
    if (isThere) this.trace.echo(this.time(at + 0.4), to, from.address, 0, id, sequence);
  }

  #answer(name: string, type: number, code: number, text: string) {
    if (code !== 0) return {};
    if (type === RecordType.a) return { address: this.outside(name) };
    return text === '' ? {} : { text };
  }

  #forward(resolver: Host, name: string, type: number, at: number, ttl: number, answer: Answer): number {
    const ready = at + 12 + (hashOf(name) % 40);
    resolver.known.set(`${type} ${name}`, at + ttl);
    this.#ask(resolver, this.#upstream, name, type, at + 0.3, ready, answer);
    return ready;
  }

  #ask(from: Host, to: number, name: string, type: number, at: number, ready: number, answer: Answer): void {
    const ends = { from: from.address, to, fromPort: this.#port(from), toPort: 53 };
    const id = hashOf(`${name} ${at}`) & 0xffff;
    const question = dnsMessage(id, name, type);
    this.trace.udp(this.time(at), ends, question.length, question);
    // While the way out is broken, only the resolver of the site answers.
    if (from === this.#resolver && this.isBroken(at)) return;
    const reply = dnsMessage(id, name, type, answer);
    this.trace.udp(this.time(ready), reversed(ends), reply.length, reply);
  }

  /** Three SYNs that nobody answers, as Linux sends them in its first seconds. */
  #knock(ends: Headers, at: number): number {
    for (const after of [0, 1000, 3000]) this.#tcp(at + after, ends, Flag.syn);
    return at + 7000;
  }

  #talk({ exchanges, tls, http, end = 'fin' }: Connection, ends: Headers, at: number, way: number): number {
    let now = at;
    let greeting =
      tls !== undefined ? clientHello(tls) : http !== undefined ? httpRequest(http, '/') : undefined;
    for (const { after, up, down, takes = way * 2 } of exchanges) {
      now += after;
      if (now >= day) return now;
      now = this.#send(ends, now, Math.max(up, greeting?.length ?? 0), greeting);
      greeting = undefined;
      this.#tcp(now + way, reversed(ends), Flag.ack);
      now = this.#send(reversed(ends), now + way + 0.1, down, undefined, takes);
      this.#tcp(now + 0.1, ends, Flag.ack);
    }
    if (end === 'stays') return now;
    if (end === 'rst') this.#tcp(now + 1, ends, Flag.rst | Flag.ack);
    else {
      this.#tcp(now + 1, ends, Flag.fin | Flag.ack);
      this.#tcp(now + 1 + way, reversed(ends), Flag.fin | Flag.ack);
      this.#tcp(now + 1.1 + way, ends, Flag.ack);
    }
    return now + 2 + way;
  }

  /** Data one way, over `takes` ms. */
  #send(ends: Headers, at: number, bytes: number, greeting?: Uint8Array, takes = 0): number {
    const packets = Math.ceil(bytes / mostData);
    for (let number = 0; number < packets; number++) {
      const length = Math.min(mostData, bytes - number * mostData);
      const time = at + (takes * number) / packets;
      this.trace.tcp(this.time(time), ends, Flag.psh | Flag.ack, length, number === 0 ? greeting : undefined);
    }
    return at + (packets > 1 ? takes : 0) + 0.1;
  }

  #tcp(at: number, ends: Headers, flags: number): void {
    this.trace.tcp(this.time(at), ends, flags);
  }

  #port(host: Host): number {
    host.port = host.port >= ephemeral.last ? ephemeral.first : host.port + 1;
    return host.port;
  }
}

type Answer = { readonly code: number; readonly address?: number; readonly text?: string };

function reversed({ from, to, fromPort, toPort }: Headers): Headers {
  return { from: to, to: from, fromPort: toPort, toPort: fromPort };
}
