/** Whether messages of a type carry an identifier: echo, timestamp, information, mask, extended echo (RFC 8335). */
export function hasIcmpId(type: number): boolean {
  return type === 0 || type === 8 || (type >= 13 && type <= 18) || type === 42 || type === 43;
}

/** The same of ICMPv6: echo, extended echo. */
export function hasIcmpv6Id(type: number): boolean {
  return type === 128 || type === 129 || type === 160 || type === 161;
}
