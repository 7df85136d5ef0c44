import { type Address, addressToBytes } from '../../net/address.ts';
import { EntryKind } from './entry.ts';

/** One direction of an entry. */
export interface TupleSpec {
  readonly source: Address;
  readonly destination: Address;
  readonly protocol: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly icmp?: { readonly type: number; readonly code: number; readonly id: number };
  readonly zone?: number;
}

/** What a message says; times in nanoseconds. */
export interface EntrySpec {
  readonly kind: number;
  readonly original: TupleSpec;
  readonly reply?: TupleSpec;
  readonly status?: number;
  readonly tcpState?: number;
  readonly sctpState?: number;
  readonly timeout?: number;
  readonly mark?: number;
  readonly zone?: number;
  readonly id?: number;
  readonly counters?: readonly [
    sentPackets: bigint,
    sentBytes: bigint,
    receivedPackets: bigint,
    receivedBytes: bigint,
  ];
  readonly start?: bigint;
  readonly stop?: bigint;
  readonly eventAt?: bigint;
  readonly helper?: string;
  readonly sequence?: number;
}

/** Messages of netlink that are no entries. */
export const control = {
  done: (sequence: number, flags = 2) => message(3, flags, sequence, number(0, 4).toReversed()),
  error: (sequence: number, errno: number) =>
    message(2, 0, sequence, [...number(2 ** 32 - errno, 4).toReversed(), ...new Array<number>(16).fill(0)]),
  overrun: () => message(4, 0, 0, []),
};

/** The message as the kernel writes it (ctnetlink_fill_info and ctnetlink_conntrack_event in nf_conntrack_netlink.c). */
export function entryMessage(spec: EntrySpec): Uint8Array {
  const { original, reply, counters } = spec;
  const flags = [0x600, 0, 0, 2][spec.kind]!;
  const type = spec.kind === EntryKind.Destroy ? 0x102 : 0x100;
  const family = original.source.family === 4 ? 2 : 10;
  const bytes = [
    ...[family, 0, 0, 0],
    ...tuple(1, original),
    ...(reply ? tuple(2, reply) : []),
    ...optional(12, spec.id, 4),
    ...optional(3, spec.status, 4),
    ...optional(7, spec.timeout, 4),
    ...(counters ? [...counts(9, counters[0], counters[1]), ...counts(10, counters[2], counters[3])] : []),
    ...(spec.start === undefined
      ? []
      : nested(20, [
          ...attribute(1, number(spec.start, 8)),
          ...(spec.stop === undefined ? [] : attribute(2, number(spec.stop, 8))),
        ])),
    ...(spec.tcpState === undefined
      ? []
      : nested(4, nested(1, [...attribute(1, [spec.tcpState]), ...attribute(4, [1, 0])]))),
    ...(spec.sctpState === undefined ? [] : nested(4, nested(3, attribute(1, [spec.sctpState])))),
    ...(spec.helper === undefined ? [] : nested(5, attribute(1, [...Buffer.from(`${spec.helper}\0`)]))),
    ...optional(8, spec.mark, 4),
    ...optional(18, spec.zone, 2),
    // Labels, which nobody asks for.
    ...attribute(22, new Array<number>(16).fill(7)),
    ...(spec.eventAt === undefined ? [] : attribute(27, number(spec.eventAt, 8))),
  ];
  return message(type, flags, spec.sequence ?? 0, bytes);
}

function tuple(type: number, spec: TupleSpec): number[] {
  const ipv4 = spec.source.family === 4;
  const { icmp } = spec;
  const offset = ipv4 ? 4 : 7;
  return nested(type, [
    ...nested(1, [
      ...attribute(ipv4 ? 1 : 3, [...addressToBytes(spec.source)]),
      ...attribute(ipv4 ? 2 : 4, [...addressToBytes(spec.destination)]),
    ]),
    ...nested(2, [
      ...attribute(1, [spec.protocol]),
      ...optional(2, spec.sourcePort, 2),
      ...optional(3, spec.destinationPort, 2),
      ...(icmp
        ? [
            ...attribute(offset, number(icmp.id, 2)),
            ...attribute(offset + 1, [icmp.type]),
            ...attribute(offset + 2, [icmp.code]),
          ]
        : []),
    ]),
    ...optional(3, spec.zone, 2),
  ]);
}

function counts(type: number, packets: bigint, bytes: bigint): number[] {
  return nested(type, [...attribute(1, number(packets, 8)), ...attribute(2, number(bytes, 8))]);
}

function optional(type: number, value: number | undefined, bytes: number): number[] {
  return value === undefined ? [] : attribute(type, number(value, bytes));
}

function nested(type: number, value: readonly number[]): number[] {
  return attribute(type | 0x8000, value);
}

function attribute(type: number, value: readonly number[]): number[] {
  const length = value.length + 4;
  const padding = new Array<number>(-length & 3).fill(0);
  return [length & 0xff, length >> 8, type & 0xff, type >> 8, ...value, ...padding];
}

/** In network byte order. */
function number(value: number | bigint, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) =>
    Number((BigInt(value) >> BigInt((bytes - 1 - i) * 8)) & 0xffn),
  );
}

function message(type: number, flags: number, sequence: number, body: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(16 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, sequence, true);
  bytes.set(body, 16);
  return bytes;
}
