import { type Address, parseAddress } from '../../net/address.ts';
import { Protocol, protocolNumber } from '../../net/protocol.ts';
import type { FlowState } from '../flow.ts';

/** Fields of an object whose shape nobody has promised. */
export type Fields = Readonly<Record<string, unknown>>;

const noFields: Fields = {};
/** Longest text that is taken over from a log. */
const maxText = 256;

/** Returns `value` when it is an object, else an empty one. */
export function fieldsOf(value: unknown): Fields {
  return isObject(value) ? value : noFields;
}

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns a text that is not empty, cut after 256 characters; undefined for anything else. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, maxText) : undefined;
}

/** Returns a whole number from 0 up, also from decimal text; it ends at 2^53 - 1. Undefined for anything else. */
export function countOf(value: unknown): number | undefined {
  const number =
    typeof value === 'number'
      ? value
      : typeof value === 'string' && /^\d{1,20}$/.test(value)
        ? Number(value)
        : -1;
  if (!(number >= 0)) return undefined;
  return Math.min(Math.floor(number), Number.MAX_SAFE_INTEGER);
}

/** Returns a whole number from 0 to `max`, also from decimal text; undefined for anything else. */
export function boundedOf(value: unknown, max: number): number | undefined {
  const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= max
    ? number
    : undefined;
}

/** Returns a port number; undefined for anything else. */
export function portOf(value: unknown): number | undefined {
  return boundedOf(value, 65_535);
}

/** Returns the address that a text writes, a zone left out; undefined for anything else. */
export function addressOf(value: unknown): Address | undefined {
  if (typeof value !== 'string') return undefined;
  const zone = value.indexOf('%');
  return parseAddress(zone < 0 ? value : value.slice(0, zone));
}

/** Returns the number of a protocol by number, text of a number, or name in any case; `icmp` is ICMPv6 between IPv6 addresses. */
export function protocolOf(value: unknown, family: number): number | undefined {
  const found =
    typeof value === 'number'
      ? boundedOf(value, 255)
      : typeof value === 'string'
        ? protocolNumber(value)
        : undefined;
  return found === Protocol.Icmp && family === 6 ? Protocol.Icmpv6 : found;
}

/** Whether it is ICMP of either version. */
export function isIcmp(protocol: number): boolean {
  return protocol === Protocol.Icmp || protocol === Protocol.Icmpv6;
}

/** Bits of the TCP header's flags (RFC 9293 §3.1, RFC 3540 for NS). */
export const Tcp = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ece: 64, cwr: 128, ns: 256 } as const;

/** Whether a flow in this state goes on no more, so that it has a time at which it ended. */
export function hasEnded(state: FlowState): boolean {
  return state !== 'established' && state !== 'attempted' && state !== 'unanswered';
}
