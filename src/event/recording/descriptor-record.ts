import type { DescriptorRecord } from '../raw-event.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { descriptorTypes } from './format.ts';
import { readEnd, readInetTuple, readUnixTuple, writeEnd, writeTuple } from './value.ts';

/** What follows the name, in this order. */
const has = {
  inetTuple: 1 << 0,
  unixTuple: 1 << 1,
  listening: 1 << 2,
  protocol: 1 << 3,
  domain: 1 << 4,
  client: 1 << 5,
  server: 1 << 6,
  device: 1 << 7,
  inode: 1 << 8,
  rawName: 1 << 9,
  connected: 1 << 10,
  unconnected: 1 << 11,
} as const;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const numberOf = new Map(descriptorTypes.map((type, number) => [type, number]));

export function writeDescriptor(to: ByteWriter, one: DescriptorRecord): void {
  const { tuple, listening, protocol, domain, role, device, inode, rawName, connected } = one;
  let bits = 0;
  if (tuple !== undefined) bits |= tuple.kind === 'inet' ? has.inetTuple : has.unixTuple;
  if (listening !== undefined) bits |= has.listening;
  if (protocol !== undefined) bits |= has.protocol;
  if (domain !== undefined) bits |= has.domain;
  if (role !== undefined) bits |= role === 'client' ? has.client : has.server;
  if (device !== undefined) bits |= has.device;
  if (inode !== undefined) bits |= has.inode;
  if (rawName !== undefined) bits |= has.rawName;
  if (connected !== undefined) bits |= connected ? has.connected : has.unconnected;
  to.number(one.fd);
  to.u8(numberOf.get(one.type) ?? 0);
  to.u16(bits);
  to.text(one.name);
  if (tuple !== undefined) writeTuple(to, tuple);
  if (listening !== undefined) writeEnd(to, listening);
  if (protocol !== undefined) to.number(protocol);
  if (domain !== undefined) to.number(domain);
  if (device !== undefined) to.number(device);
  if (inode !== undefined) to.number(inode);
  if (rawName !== undefined) to.text(rawName);
}

/** Throws a RangeError on what is no descriptor. */
export function readDescriptor(from: ByteReader): DescriptorRecord {
  const fd = from.number();
  const type = descriptorTypes[from.u8()] ?? 'unknown';
  const bits = from.u16();
  const one: Mutable<DescriptorRecord> = { fd, type, name: from.text() };
  if ((bits & has.inetTuple) !== 0) one.tuple = readInetTuple(from);
  else if ((bits & has.unixTuple) !== 0) one.tuple = readUnixTuple(from);
  if ((bits & has.listening) !== 0) one.listening = readEnd(from);
  if ((bits & has.protocol) !== 0) one.protocol = from.number();
  if ((bits & has.domain) !== 0) one.domain = from.number();
  if ((bits & (has.client | has.server)) !== 0) one.role = (bits & has.client) !== 0 ? 'client' : 'server';
  if ((bits & has.device) !== 0) one.device = from.number();
  if ((bits & has.inode) !== 0) one.inode = from.number();
  if ((bits & has.rawName) !== 0) one.rawName = from.text();
  if ((bits & (has.connected | has.unconnected)) !== 0) one.connected = (bits & has.connected) !== 0;
  return one;
}
