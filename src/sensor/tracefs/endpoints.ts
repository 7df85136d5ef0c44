import type { Columns } from './batch-builder.ts';
import type { Field } from './format.ts';
import { readNetworkWord, readUint } from './record-fields.ts';

const afInet = 2;
const afInet6 = 10;

/** Writes both ends of the record at `at` into row `row`. */
export type WriteEnds = (columns: Columns, row: number, bytes: Uint8Array, at: number) => void;

/** How an IPv6 address stands to IPv4: 0 not at all, 1 unspecified (::), 2 IPv4-mapped (RFC 4291, 2.5.5.2). */
function mappedKind(bytes: Uint8Array, p: number): 0 | 1 | 2 {
  for (let i = p; i < p + 10; i++) if (bytes[i] !== 0) return 0;
  const marker = (bytes[p + 10]! << 8) | bytes[p + 11]!;
  if (marker === 0xffff) return 2;
  return marker === 0 && readNetworkWord(bytes, p + 12) === 0 ? 1 : 0;
}

function writePair4(columns: Columns, row: number, bytes: Uint8Array, local: number, remote: number): void {
  columns.family[row] = 4;
  columns.localAddress[row * 4 + 3] = readNetworkWord(bytes, local);
  columns.remoteAddress[row * 4 + 3] = readNetworkWord(bytes, remote);
}

/** A pair is IPv4 when one address is IPv4-mapped and the other is too or is unspecified (not bound yet). */
function writePair6(columns: Columns, row: number, bytes: Uint8Array, local: number, remote: number): void {
  if (mappedKind(bytes, local) * mappedKind(bytes, remote) >= 2) {
    writePair4(columns, row, bytes, local + 12, remote + 12);
    return;
  }
  columns.family[row] = 6;
  for (let lane = 0; lane < 4; lane++) {
    columns.localAddress[row * 4 + lane] = readNetworkWord(bytes, local + lane * 4);
    columns.remoteAddress[row * 4 + lane] = readNetworkWord(bytes, remote + lane * 4);
  }
}

function offsetOf(fields: ReadonlyMap<string, Field>, name: string, size: number): number | undefined {
  const field = fields.get(name);
  return field?.size === size ? field.offset : undefined;
}

/** `sport`, `dport`, `saddr[4]`, `daddr[4]`, `saddr_v6[16]`, `daddr_v6[16]`: ports in host order. */
function tupleWriter(fields: ReadonlyMap<string, Field>): WriteEnds | undefined {
  const sport = fields.get('sport');
  const dport = fields.get('dport');
  const family = fields.get('family');
  const saddr = offsetOf(fields, 'saddr', 4);
  const daddr = offsetOf(fields, 'daddr', 4);
  const saddr6 = offsetOf(fields, 'saddr_v6', 16);
  const daddr6 = offsetOf(fields, 'daddr_v6', 16);
  if (!sport || !dport || saddr === undefined || daddr === undefined) return undefined;
  if (saddr6 === undefined || daddr6 === undefined) return undefined;
  return (columns, row, bytes, at) => {
    columns.localPort[row] = readUint(bytes, at, sport);
    columns.remotePort[row] = readUint(bytes, at, dport);
    // Layouts without a family hold IPv4 as IPv4-mapped in the IPv6 fields too.
    if (family && readUint(bytes, at, family) === afInet) {
      writePair4(columns, row, bytes, at + saddr, at + daddr);
    } else {
      writePair6(columns, row, bytes, at + saddr6, at + daddr6);
    }
  };
}

/** `saddr[28]` and `daddr[28]`: each a sockaddr_in or sockaddr_in6, so ports are in network order. */
function sockaddrWriter(fields: ReadonlyMap<string, Field>): WriteEnds | undefined {
  const saddr = offsetOf(fields, 'saddr', 28);
  const daddr = offsetOf(fields, 'daddr', 28);
  if (saddr === undefined || daddr === undefined) return undefined;
  return (columns, row, bytes, at) => {
    const local = at + saddr;
    const remote = at + daddr;
    const family = bytes[local]! | (bytes[local + 1]! << 8);
    if (family === afInet) writePair4(columns, row, bytes, local + 4, remote + 4);
    else if (family === afInet6) writePair6(columns, row, bytes, local + 8, remote + 8);
    else return;
    columns.localPort[row] = (bytes[local + 2]! << 8) | bytes[local + 3]!;
    columns.remotePort[row] = (bytes[remote + 2]! << 8) | bytes[remote + 3]!;
  };
}

/**
 * Returns what writes both ends of a socket event into the columns, for either layout that kernels use, or undefined
 * when the event has neither (include/trace/events/sock.h and tcp.h, net_probe_common.h). The event's source is this
 * kernel's own end in all of them: for a reset without a socket the kernel itself swaps the ends of the packet that
 * it answers.
 */
export function endsWriter(fields: ReadonlyMap<string, Field>): WriteEnds | undefined {
  return sockaddrWriter(fields) ?? tupleWriter(fields);
}
