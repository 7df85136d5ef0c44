import type { TunnelKind } from '../flow.ts';

/** One IP header with what it carries, as it was built. */
export interface BuiltConversation {
  readonly family: 4 | 6;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly protocol: number;
  readonly ports: readonly [number, number];
  readonly ttl: number;
  readonly ipLength: number;
}

/** Bytes of a layer with all that it carries, and what is known of it. */
export interface Built {
  readonly bytes: Uint8Array;
  /** EtherType by which a link layer announces it. */
  readonly etherType: number;
  /** The innermost first. */
  readonly conversations: readonly BuiltConversation[];
  /** The innermost first. */
  readonly tunnels: readonly BuiltTunnel[];
  readonly vlans: readonly number[];
  /** Of the innermost conversation. */
  readonly tcp?: readonly [flags: number, sequence: number, acknowledgement: number, window: number];
  readonly icmp?: readonly [type: number, code: number, id: number];
  /** What an ICMP error quotes. */
  readonly quote?: BuiltQuote;
  readonly payload: Uint8Array;
  /** Where the innermost payload begins in `bytes`. */
  readonly payloadStart: number;
}

export interface BuiltQuote {
  readonly conversation: BuiltConversation;
  readonly icmp: readonly [type: number, code: number, id: number] | undefined;
}

export interface BuiltTunnel {
  readonly kind: TunnelKind;
  readonly id: number;
  /** Conversations inside it: the outer ends are those of the next one. */
  readonly conversations: number;
}

/** Numbers by xorshift32. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) >>> 0 || 1;
    for (let i = 0; i < 4; i++) this.below(2);
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    this.#state >>>= 0;
    return this.#state % limit;
  }

  yes(probability = 0.5): boolean {
    return this.below(1000) < probability * 1000;
  }

  pick<T>(of: readonly T[]): T {
    return of[this.below(of.length)]!;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}

export const u16 = (value: number): number[] => [(value >>> 8) & 0xff, value & 0xff];
export const u32 = (value: number): number[] => [...u16(value >>> 16), ...u16(value)];

/** Puts bytes one behind the other. */
export function join(...parts: readonly (readonly number[] | Uint8Array)[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Returns what was built with a header before it. */
export function behind(
  header: readonly number[] | Uint8Array,
  inner: Built,
  more: Partial<Built> = {},
): Built {
  return {
    ...inner,
    bytes: join(header, inner.bytes),
    payloadStart: inner.payloadStart + header.length,
    ...more,
  };
}

function inTunnel(inner: Built, kind: TunnelKind, id: number): Built {
  return { ...inner, tunnels: [...inner.tunnels, { kind, id, conversations: inner.conversations.length }] };
}

export interface Transport {
  readonly protocol: number;
  readonly ports: readonly [number, number];
  readonly built: Built;
}

/** Random packets, layer in layer. Same seed, same packets. */
export class PacketBuilder {
  readonly chance: Chance;
  /** Tunnels that may still be put around. */
  #tunnels = 0;

  constructor(seed: number) {
    this.chance = new Chance(seed);
  }

  /** A frame with its link type; `tunnels` at most, one in another. */
  frame(tunnels: number): { readonly linkType: number; readonly built: Built } {
    this.#tunnels = tunnels;
    return this.link(this.network());
  }

  /** Payload that is no tunnel by accident. */
  payload(): Uint8Array {
    return this.chance.bytes(this.chance.below(40));
  }

  transport(): Transport {
    const { chance } = this;
    const payload = this.payload();
    const ports: [number, number] = [20_000 + chance.below(30_000), 20_000 + chance.below(30_000)];
    const base = { etherType: 0, conversations: [], tunnels: [], vlans: [], payload };
    const done = (protocol: number, header: number[], rest: Partial<Built> = {}, used = ports) => ({
      ...{ protocol, ports: used },
      built: { ...base, bytes: join(header, payload), payloadStart: header.length, ...rest },
    });
    switch (chance.below(9)) {
      case 0:
      case 1: {
        const options = chance.below(11);
        const tcp = [
          chance.below(512),
          chance.below(2 ** 32),
          chance.below(2 ** 32),
          chance.below(65536),
        ] as const;
        const words = [((5 + options) << 4) | (tcp[0] >> 8), tcp[0] & 0xff, ...u16(tcp[3]), 0, 0, 0, 0];
        const header = [...u16(ports[0]), ...u16(ports[1]), ...u32(tcp[1]), ...u32(tcp[2]), ...words];
        return done(6, [...header, ...Array<number>(options * 4).fill(1)], { tcp });
      }
      case 2:
      case 3:
        return done(17, [...u16(ports[0]), ...u16(ports[1]), ...u16(8 + payload.length), 0, 0]);
      case 4:
        return done(132, [...u16(ports[0]), ...u16(ports[1]), ...u32(chance.below(2 ** 32)), 0, 0, 0, 0]);
      case 5: {
        // A DCCP-Data packet with short sequence numbers has no other form than 16 bytes with X set.
        const header = [...u16(ports[0]), ...u16(ports[1]), 4, 0, 0, 0, (2 << 1) | 1, 0, 0, 0, 0, 0, 0, 9];
        return done(33, header);
      }
      case 6:
        return done(136, [...u16(ports[0]), ...u16(ports[1]), 0, 8, 0, 0]);
      default:
        return done(89, [], {}, [0, 0]);
    }
  }

  icmp(family: 4 | 6): Transport {
    return this.chance.yes(0.4) ? this.icmpError(family) : this.echo(family);
  }

  echo(family: 4 | 6): Transport {
    const type = family === 4 ? this.chance.pick([0, 8]) : this.chance.pick([128, 129]);
    const id = this.chance.below(65536);
    const payload = this.payload();
    const header = [type, 0, 0, 0, ...u16(id), 0, 1];
    return {
      ...{ protocol: family === 4 ? 1 : 58, ports: [0, 0] },
      built: {
        ...{ etherType: 0, conversations: [], tunnels: [], vlans: [], payload, payloadStart: header.length },
        ...{ bytes: join(header, payload), icmp: [type, 0, id] },
      },
    };
  }

  /** An error that quotes a packet, at least its header and eight bytes. */
  icmpError(family: 4 | 6): Transport {
    const { chance } = this;
    const type = family === 4 ? chance.pick([3, 4, 5, 11, 12]) : chance.pick([1, 2, 3, 4]);
    const transport = chance.yes(0.3) ? this.echo(family) : this.transport();
    const whole = family === 4 ? this.ipv4(transport) : this.ipv6(transport);
    const least = Math.min(whole.bytes.length, whole.bytes.length - transport.built.bytes.length + 8);
    const payload = whole.bytes.subarray(0, least + chance.below(whole.bytes.length - least + 1));
    const header = [type, 0, ...Array<number>(6).fill(0)];
    const quote = { conversation: whole.conversations[0]!, icmp: transport.built.icmp };
    return {
      ...{ protocol: family === 4 ? 1 : 58, ports: [0, 0] },
      built: {
        ...{ etherType: 0, conversations: [], tunnels: [], vlans: [], payload, payloadStart: header.length },
        ...{ bytes: join(header, payload), icmp: [type, 0, 0], quote },
      },
    };
  }

  /** A packet of IP with a transport or a tunnel in it. */
  network(): Built {
    const { chance } = this;
    const family = chance.yes() ? 4 : 6;
    const isTunnel = this.#tunnels > 0 && chance.yes(0.8);
    if (isTunnel) this.#tunnels--;
    const transport = isTunnel ? this.tunnel() : chance.yes(0.2) ? this.icmp(family) : this.transport();
    return family === 4 ? this.ipv4(transport) : this.ipv6(transport);
  }

  ipv4({ protocol, ports, built }: Transport, flags = 0x4000, id = 7): Built {
    const { chance } = this;
    const options = chance.yes(0.2) ? 1 + chance.below(10) : 0;
    const header = 20 + options * 4;
    const [source, destination] = [this.address4(), this.address4()];
    const ipLength = header + built.bytes.length;
    const ttl = 1 + chance.below(255);
    const words = [0x45 + options, 0, ...u16(ipLength), ...u16(id), ...u16(flags), ttl, protocol, 0, 0];
    const bytes = join(words, source, destination, Array<number>(options * 4).fill(1));
    const sum = checksum(bytes);
    bytes.set(u16(sum), 10);
    const conversation = { family: 4, source, destination, protocol, ports, ttl, ipLength } as const;
    return behind(bytes, built, {
      etherType: 0x0800,
      conversations: [...built.conversations, conversation],
    });
  }

  ipv6({ protocol, ports, built }: Transport): Built {
    const { chance } = this;
    const [source, destination] = [this.address6(), this.address6()];
    const ttl = 1 + chance.below(255);
    let next = protocol;
    let body = built;
    for (let count = chance.yes(0.3) ? 1 + chance.below(3) : 0; count > 0; count--) {
      const kind = chance.pick([60, 43, 44, 51]);
      const more = chance.below(3);
      const header =
        kind === 44
          ? [next, 0, 0, 0, ...u32(5)]
          : kind === 51
            ? [next, 4, 0, 0, ...u32(1), ...u32(2), ...Array<number>(12).fill(0xab)]
            : kind === 43
              ? [next, more, 0, 0, ...Array<number>(4 + more * 8).fill(0)]
              : [next, more, 1, 4 + more * 8, ...Array<number>(4 + more * 8).fill(0)];
      body = behind(header, body);
      next = kind;
    }
    const ipLength = 40 + body.bytes.length;
    const header = join([0x60, 0, 0, 0, ...u16(body.bytes.length), next, ttl], source, destination);
    const conversation = { family: 6, source, destination, protocol, ports, ttl, ipLength } as const;
    return behind(header, body, {
      etherType: 0x86dd,
      conversations: [...built.conversations, conversation],
    });
  }

  /** What IP carries as a tunnel. */
  tunnel(): Transport {
    const { chance } = this;
    const plain = (protocol: number, built: Built): Transport => ({ protocol, ports: [0, 0], built });
    const udp = (port: number, built: Built, both = false): Transport => {
      const from = 20_000 + chance.below(30_000);
      const ports: [number, number] = both && chance.yes() ? [port, from] : [from, port];
      const length = u16(8 + built.bytes.length);
      return {
        protocol: 17,
        ports,
        built: behind([...u16(ports[0]), ...u16(ports[1]), ...length, 0, 0], built),
      };
    };
    const number = chance.below(2 ** 24);
    switch (chance.below(13)) {
      case 0: {
        const inner = this.network();
        return plain(inner.etherType === 0x0800 ? 4 : 41, inTunnel(inner, 'ipip', -1));
      }
      case 1: {
        const [withSum, withKey, withSequence] = [chance.yes(), chance.yes(), chance.yes()];
        const bare = this.network();
        const inner = chance.yes()
          ? this.ethernet(this.tagged(bare))
          : chance.yes(0.3)
            ? this.mpls(bare)
            : bare;
        const header = [
          (withSum ? 0x80 : 0) | (withKey ? 0x20 : 0) | (withSequence ? 0x10 : 0),
          ...[0, ...u16(inner.etherType), ...(withSum ? [0, 0, 0, 0] : [])],
          ...[...(withKey ? u32(number) : []), ...(withSequence ? u32(1) : [])],
        ];
        return plain(47, behind(header, inTunnel(inner, 'gre', withKey ? number : -1)));
      }
      case 2: {
        const inner = this.ethernet(this.network());
        return plain(47, behind([0, 0, 0x88, 0xbe], inTunnel(inner, 'erspan', -1)));
      }
      case 3: {
        const session = chance.below(1024);
        const header = [0x10, 0, 0x88, 0xbe, ...u32(1), 0x10, 5, ...u16(session), 0, 0, 0, 0];
        return plain(47, behind(header, inTunnel(this.ethernet(this.network()), 'erspan', session)));
      }
      case 4: {
        const session = chance.below(1024);
        const platform = chance.yes();
        const header = [0x10, 0, 0x22, 0xeb, ...u32(1), 0x20, 5, ...u16(session), ...u32(0), 0, 0, 0];
        const rest = platform ? [1, ...Array<number>(8).fill(0)] : [0];
        const inner = inTunnel(this.ethernet(this.network()), 'erspan', session);
        return plain(47, behind([...header, ...rest], inner));
      }
      case 5: {
        const inner = inTunnel(this.ethernet(this.tagged(this.network())), 'vxlan', number);
        const header = [8, 0, 0, 0, ...u32(number * 256)];
        return udp(chance.pick([4789, 8472]), behind(header, inner));
      }
      case 6: {
        const inner = chance.yes() ? this.ethernet(this.network()) : this.network();
        const options = chance.below(4);
        const header = [options, 0, ...u16(inner.etherType), ...u32(number * 256)];
        const optionBytes = Array.from({ length: options }, () => [1, 1, 0x20, 0]).flat();
        return udp(6081, behind([...header, ...optionBytes], inTunnel(inner, 'geneve', number)));
      }
      case 7: {
        const inner = this.network();
        const extensions = chance.yes() ? chance.below(3) : 0;
        const optional = extensions > 0 || chance.yes();
        const more = Array.from({ length: extensions }, (_, i) => [
          1,
          0x10,
          0,
          i + 1 < extensions ? 0x85 : 0,
        ]);
        const fields = [...(optional ? [...u16(3), 0, extensions > 0 ? 0x85 : 0] : []), ...more.flat()];
        const flags = 0x30 | (extensions > 0 ? 4 : 0) | (optional ? 2 : 0);
        const header = [flags, 255, ...u16(fields.length + inner.bytes.length), ...u32(number)];
        return udp(2152, behind([...header, ...fields], inTunnel(inner, 'gtp-u', number)), true);
      }
      case 8: {
        const inner = this.ipv6(chance.yes() ? this.transport() : this.icmp(6));
        const origin = chance.yes() ? [0, 0, ...u16(0xfff), ...u32(0x12345678)] : [];
        const authentication = chance.yes() ? [0, 1, 0, 0, ...Array<number>(9).fill(0)] : [];
        return udp(3544, behind([...authentication, ...origin], inTunnel(inner, 'teredo', -1)), true);
      }
      case 9: {
        const inner = inTunnel(this.wlan(this.network()), 'capwap', -1);
        return udp(5247, behind([0, 0x10, 0x43, 0x00, 0, 0, 0, 0], inner), true);
      }
      case 10: {
        const inner = this.ppp(this.network());
        const session = chance.below(65536);
        const withLength = chance.yes();
        const size = 2 + (withLength ? 2 : 0) + 4 + inner.bytes.length;
        const header = [withLength ? 0x40 : 0, 2, ...(withLength ? u16(size) : []), 0, 7, ...u16(session)];
        return udp(1701, behind(header, inTunnel(inner, 'l2tp', session)), true);
      }
      case 11: {
        const inner = this.ppp(this.network());
        const call = chance.below(65536);
        const acknowledges = chance.yes();
        const header = [0x30, acknowledges ? 0x81 : 1, 0x88, 0x0b, ...u16(inner.bytes.length), ...u16(call)];
        const numbers = [...u32(1), ...(acknowledges ? u32(2) : [])];
        return plain(47, behind([...header, ...numbers], inTunnel(inner, 'gre', call)));
      }
      default:
        return plain(137, this.mpls(this.network()));
    }
  }

  /** What Ethernet carries: tags, labels or a session, then IP; or just that. */
  tagged(inner: Built): Built {
    const { chance } = this;
    let built = inner;
    const kind = chance.below(12);
    if (kind <= 1) built = this.mpls(built);
    if (kind === 2) built = this.pppoe(built);
    if (kind === 3) built = behind([0, 0, 0, 1, 0, 0, ...u16(built.etherType)], built, { etherType: 0x893f });
    if (kind === 4) built = behind([1, 1, 0, 1, 0, 9, ...u16(built.etherType)], built, { etherType: 0x8909 });
    if (kind === 5) {
      const addresses = [2, 0, 0, 0, 0, 5, 2, 0, 0, 0, 0, 6];
      const header = [0, 0, 0, 9, ...addresses, ...u16(built.etherType)];
      built = behind(header, built, { etherType: 0x88e7 });
    }
    if (kind === 6) {
      const header = [0x20, 0, ...u32(1), 2, 0, 0, 0, 0, 5, 0, 1, ...u16(built.etherType)];
      const sealed = { ...built, bytes: join(built.bytes, chance.bytes(16)) };
      built = behind(header, sealed, { etherType: 0x88e5 });
    }
    for (let tags = chance.yes(0.3) ? 1 + chance.below(3) : 0; tags > 0; tags--) {
      const id = chance.yes(0.2) ? 0 : 1 + chance.below(4094);
      const vlans = id === 0 ? built.vlans : [id, ...built.vlans];
      built = behind([...u16(id | (chance.below(8) << 13)), ...u16(built.etherType)], built, { vlans });
      built = { ...built, etherType: chance.pick([0x8100, 0x88a8, 0x9100]) };
    }
    return built;
  }

  mpls(inner: Built): Built {
    const { chance } = this;
    const labels = 1 + chance.below(3);
    const asEthernet = chance.yes(0.4);
    const carried = asEthernet ? behind([0, 0, ...u16(chance.below(65536))], this.ethernet(inner)) : inner;
    // Nothing says what is behind labels; other readers can be told by the upper half.
    const label = asEthernet ? 2 ** 19 + chance.below(2 ** 19) : 16 + chance.below(2 ** 19 - 16);
    const stack = Array.from({ length: labels }, (_, i) =>
      u32(((i + 1 === labels ? label : 17) << 12) | (i + 1 === labels ? 0x100 : 0) | 64),
    ).flat();
    return behind(stack, inTunnel(carried, 'mpls', label), { etherType: 0x8847 });
  }

  pppoe(inner: Built): Built {
    const session = this.chance.below(65536);
    const ppp = behind(inner.etherType === 0x0800 ? [0, 0x21] : [0, 0x57], inner);
    const header = [0x11, 0, ...u16(session), ...u16(ppp.bytes.length)];
    return behind(header, inTunnel(ppp, 'pppoe', session), { etherType: 0x8864 });
  }

  ppp(inner: Built): Built {
    const { chance } = this;
    const protocol = inner.etherType === 0x0800 ? 0x21 : 0x57;
    const address = chance.yes() ? [0xff, 3] : [];
    return behind([...address, ...(chance.yes(0.3) ? [protocol] : [0, protocol])], inner);
  }

  ethernet(inner: Built): Built {
    const addresses = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
    // Now and then with a length in the place of the type, and LLC.
    const hasType = inner.bytes.length > 1400 || this.chance.yes(0.9);
    const type = hasType
      ? u16(inner.etherType)
      : [...u16(8 + inner.bytes.length), 0xaa, 0xaa, 3, 0, 0, 0, ...u16(inner.etherType)];
    return behind([...addresses, ...type], inner, { etherType: 0x6558 });
  }

  wlan(inner: Built): Built {
    const { chance } = this;
    const isQos = chance.yes();
    const ways = 1 + chance.below(3);
    const header = [
      ...[isQos ? 0x88 : 0x08, ways, 0, 0, ...Array<number>(18).fill(2), 0x10, 0],
      ...(ways === 3 ? Array<number>(6).fill(2) : []),
      ...(isQos ? [0, 0] : []),
    ];
    return behind([...header, 0xaa, 0xaa, 3, 0, 0, 0, ...u16(inner.etherType)], inner);
  }

  link(inner: Built): { readonly linkType: number; readonly built: Built } {
    const { chance } = this;
    const family = inner.etherType === 0x0800 ? 2 : chance.pick([10, 24, 28, 30]);
    const padding = Array<number>(chance.below(12)).fill(0);
    const linkType = chance.pick([
      ...[1, 1, 1, 1, 0, 108, 12, 101, 9, 50, 51, 104, 113, 276, 105, 127, 239, 117, 192],
      inner.etherType === 0x0800 ? 228 : 229,
    ]);
    const padded = (built: Built): Built => ({ ...built, bytes: join(built.bytes, padding) });
    switch (linkType) {
      case 1:
        return { linkType, built: padded(this.ethernet(this.tagged(inner))) };
      case 0:
        return { linkType, built: behind(chance.yes() ? u32(family) : u32(family).reverse(), inner) };
      case 108:
        return { linkType, built: behind(u32(family), inner) };
      case 9:
      case 50:
        return { linkType, built: behind([0xff, 3], this.pppWithoutAddress(inner)) };
      case 51:
        return { linkType, built: this.pppoe(inner) };
      case 104:
        return { linkType, built: behind([0x0f, 0, ...u16(inner.etherType)], inner) };
      case 113: {
        const tagged = this.tagged(inner);
        const header = [0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, ...u16(tagged.etherType)];
        return { linkType, built: behind(header, tagged) };
      }
      case 276: {
        const tagged = this.tagged(inner);
        const header = [...u16(tagged.etherType), 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0];
        return { linkType, built: behind(header, tagged) };
      }
      case 105:
        return { linkType, built: this.wlan(inner) };
      case 127: {
        const hasTime = chance.yes();
        const hasSum = chance.yes();
        const flags = hasSum ? 0x10 : 0;
        const words = [hasTime ? 3 : 2, 0, 0, 0];
        const fields = hasTime ? [...Array<number>(8).fill(1), flags] : [flags];
        const length = 8 + fields.length;
        const built = behind([0, 0, length, 0, ...words, ...fields], this.wlan(inner));
        return { linkType, built: hasSum ? { ...built, bytes: join(built.bytes, [1, 2, 3, 4]) } : built };
      }
      case 239: {
        const header = [inner.etherType === 0x0800 ? 2 : 10, 0, 0, 5];
        const attribute = [8, 0, 1, 0, 0x08, 0, 0, 0];
        const size = inner.bytes.length + 4;
        const payload = [size & 0xff, size >> 8, 9, 0];
        return { linkType, built: behind([...header, ...attribute, ...payload], inner) };
      }
      case 117: {
        const header = [61, inner.etherType === 0x0800 ? 2 : 24, 0, 0, ...Array<number>(60).fill(0)];
        return { linkType, built: behind(header, inner) };
      }
      case 192: {
        const built = behind([0, 0, 8, 0, 1, 0, 0, 0], this.ethernet(this.tagged(inner)));
        return { linkType, built: padded(built) };
      }
      default:
        return { linkType, built: inner };
    }
  }

  pppWithoutAddress(inner: Built): Built {
    return behind(inner.etherType === 0x0800 ? [0, 0x21] : [0, 0x57], inner);
  }

  address4(): Uint8Array {
    return Uint8Array.from([198, 18 + this.chance.below(2), this.chance.below(256), this.chance.below(256)]);
  }

  address6(): Uint8Array {
    return join([0x20, 0x01, 0x0d, 0xb8], this.chance.bytes(12));
  }
}

/** The checksum of an IP header (RFC 791 §3.1) whose own field is 0. */
function checksum(header: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < header.length; i += 2) sum += (header[i]! << 8) | header[i + 1]!;
  sum = (sum & 0xffff) + (sum >>> 16);
  return ~(sum + (sum >>> 16)) & 0xffff;
}
