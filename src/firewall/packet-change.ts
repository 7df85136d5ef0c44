import { type Address, ipv4, ipv6 } from '../net/address.ts';
import type { IntegerRange } from '../net/integer-set.ts';
import { hasPorts, type Packet } from './packet.ts';
import type { Action, ConnectionStatus, Hook, NumberField, Table, Translation } from './ruleset.ts';

/** The address that an interface gives to what leaves or comes in by it; undefined where it is not known. */
export type InterfaceAddress = (packet: Packet, end: Translation['end'], hook: Hook) => Address | undefined;

/** Tells whether the packet belongs to no connection: it is not tracked, not yet, or in no state that tracking knows. */
export function isWithoutConnection({ state, maybeUntracked }: Packet): boolean {
  return !maybeUntracked && (state === 'INVALID' || state === 'UNTRACKED');
}

/**
 * Returns the packet after an action of a rule, the same object where nothing changes, or undefined where the rule ends
 * there without having matched: nft cannot read what a packet without connection does not have (NFT_BREAK).
 */
export function act(packet: Packet, action: Action, backend: Table['backend']): Packet | undefined {
  if (action.kind === 'untrack') return untrack(packet);
  if (action.kind === 'opaque') return forget(packet);
  const { field, keep, flip, from } = action;
  const lacks = (one: NumberField) => one === 'connection mark' && isWithoutConnection(packet);
  if (from && lacks(from.field)) return backend === 'nft' ? undefined : packet;
  if (lacks(field)) return packet;
  const other = from === undefined ? flip : packet.numbers?.[from.field];
  const old = keep === 0 ? 0 : packet.numbers?.[field];
  const known = old !== undefined && other !== undefined;
  const value = known ? ((old & keep) ^ (from === undefined ? other : other & from.mask)) >>> 0 : undefined;
  return withNumber(packet, field, value);
}

/** Returns the packet out of connection tracking, which is too late for one that belongs to a connection. */
export function untrack(packet: Packet): Packet {
  return isWithoutConnection(packet) && packet.state !== 'UNTRACKED'
    ? { ...packet, state: 'UNTRACKED' }
    : packet;
}

/** Returns the packet of which only that is still known which both say. The same object as the first where they agree. */
export function merge(one: Packet | undefined, other: Packet | undefined): Packet | undefined {
  if (one === undefined || one === other) return other;
  if (other === undefined) return one;
  let merged = one;
  for (const key of ['source', 'destination', 'port', 'sourcePort', 'outInterface', 'statuses'] as const) {
    if (!isSame(one[key], other[key])) merged = without(merged, key);
  }
  for (const field of new Set([...fieldsOf(one), ...fieldsOf(other)])) {
    if (one.numbers?.[field] !== other.numbers?.[field]) merged = withNumber(merged, field, undefined);
  }
  const translations = new Set([
    ...(one.translations ?? [undefined]),
    ...(other.translations ?? [undefined]),
  ]);
  if (translations.size > (merged.translations?.length ?? 1))
    merged = { ...merged, translations: [...translations] };
  if (one.state === other.state && one.maybeUntracked === other.maybeUntracked) return merged;
  return { ...merged, state: one.state === 'UNTRACKED' ? other.state : one.state, maybeUntracked: true };
}

/**
 * Returns the packet as a translation makes it (iptables-extensions(8), DNAT, SNAT, NETMAP): one address or port of
 * several is chosen by the kernel and not known, except that a port which is already among them stays where none is drawn. That the new ends
 * are not those of another connection is taken for granted.
 */
export function translate(
  packet: Packet,
  translation: Translation,
  hook: Hook,
  interfaceAddress: InterfaceAddress,
): Packet {
  const { end, addresses, ports, keepsHost, isRandom } = translation;
  const [address, port] =
    end === 'source' ? (['source', 'sourcePort'] as const) : (['destination', 'port'] as const);
  let changed: Packet = { ...packet, translations: [translation] };
  const put = (key: typeof address | typeof port, value: Address | number | undefined) => {
    if (!isSame(value, changed[key]) || value === undefined)
      changed = value === undefined ? without(changed, key) : { ...changed, [key]: value };
  };
  if (addresses === 'interface') put(address, interfaceAddress(packet, end, hook));
  else if (addresses !== undefined) {
    const { from, to } = addresses;
    const host = packet[address];
    if (isSame(from, to)) put(address, from);
    else put(address, keepsHost && host ? withHostOf(host, from, to) : undefined);
  }
  if (isRandom && hasPorts(packet.protocol)) put(port, isOne(ports) ? ports.from : undefined);
  else if (ports !== undefined && hasPorts(packet.protocol)) put(port, portOf(ports, packet[port]));
  if (isSame(changed[address], packet[address]) && changed[port] === packet[port]) return changed;
  const status = end === 'source' ? 'snat' : 'dnat';
  return changed.statuses === undefined ? changed : withStatus(changed, status);
}

function withStatus(packet: Packet, status: ConnectionStatus): Packet {
  return { ...packet, statuses: new Set([...(packet.statuses ?? []), status]) };
}

function isOne(ports: IntegerRange | undefined): ports is IntegerRange {
  return ports !== undefined && ports.from === ports.to;
}

function portOf({ from, to }: IntegerRange, now: number | undefined): number | undefined {
  if (from === to) return from;
  return now !== undefined && now >= from && now <= to ? now : undefined;
}

/** The bits in which the ends of the range differ are those of the host. */
function withHostOf(host: Address, from: Address, to: Address): Address {
  const lane = (key: 'a' | 'b' | 'c' | 'd') => from[key] ^ ((from[key] ^ host[key]) & (from[key] ^ to[key]));
  return from.family === 4 ? ipv4(lane('d')) : ipv6(lane('a'), lane('b'), lane('c'), lane('d'));
}

function withNumber(packet: Packet, field: NumberField, value: number | undefined): Packet {
  if (packet.numbers?.[field] === value) return packet;
  const { [field]: _, ...rest } = packet.numbers ?? {};
  return { ...packet, numbers: value === undefined ? rest : { ...rest, [field]: value } };
}

function fieldsOf({ numbers }: Packet): NumberField[] {
  return Object.keys(numbers ?? {}) as NumberField[];
}

/** Returns the packet at the beginning of a hook, where nothing has translated it yet. */
export function notTranslated({ translations: _, ...packet }: Packet): Packet {
  return packet;
}

/** Returns the packet without what a statement may have changed that is not followed: ends and numbers. */
export function forget(packet: Packet): Packet {
  const { source: _, destination: __, port: ___, sourcePort: ____, numbers: _____, ...rest } = packet;
  return rest;
}

function without<Key extends keyof Packet>(packet: Packet, key: Key): Packet {
  if (packet[key] === undefined) return packet;
  const { [key]: _, ...rest } = packet;
  return rest as unknown as Packet;
}

function isSame(x: unknown, y: unknown): boolean {
  if (x === y) return true;
  if (x instanceof Set && y instanceof Set) return x.size === y.size && [...x].every((one) => y.has(one));
  if (typeof x !== 'object' || typeof y !== 'object' || x === null || y === null) return false;
  return (['family', 'a', 'b', 'c', 'd'] as const).every(
    (lane) => (x as Address)[lane] === (y as Address)[lane],
  );
}
