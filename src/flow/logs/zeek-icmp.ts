import { Protocol } from '../../net/protocol.ts';

/**
 * Types of ICMP and ICMPv6 that Zeek pairs with an answer; it writes the answer's type where other types have their code
 * (RFC 792, RFC 950, RFC 1256; RFC 4443, RFC 4861, RFC 4620).
 */
const pairs = {
  icmp: new Map([
    [8, 0],
    [13, 14],
    [15, 16],
    [17, 18],
    [10, 9],
    [0, 8],
    [14, 13],
    [16, 15],
    [18, 17],
    [9, 10],
  ]),
  icmpv6: new Map([
    [128, 129],
    [130, 131],
    [133, 134],
    [135, 136],
    [139, 140],
    [144, 145],
    [129, 128],
    [131, 130],
    [134, 133],
    [136, 135],
    [140, 139],
    [145, 144],
  ]),
};

/** Returns type and code of an ICMP conversation by the two "ports" that Zeek gives it. */
export function icmpFromZeek(
  protocol: number,
  origin: number,
  response: number,
): { readonly type: number; readonly code: number } | undefined {
  if (origin > 255 || response > 255) return undefined;
  const paired = (protocol === Protocol.Icmpv6 ? pairs.icmpv6 : pairs.icmp).get(origin);
  return { type: origin, code: paired === response ? 0 : response };
}

/** Returns the two "ports" that Zeek gives an ICMP conversation. */
export function icmpToZeek(
  protocol: number,
  { type, code }: { readonly type: number; readonly code: number },
): readonly [number, number] {
  const paired = (protocol === Protocol.Icmpv6 ? pairs.icmpv6 : pairs.icmp).get(type);
  return [type, code === 0 && paired !== undefined ? paired : code];
}
