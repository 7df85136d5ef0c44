import type { Range } from '../manifest/locations.ts';
import { addressBits, parseAddress } from '../net/address.ts';
import { parsePrefix } from '../net/prefix.ts';
import type { Endpoint, InterfaceAddress } from './model.ts';

/** Returns the address of `10.0.0.1/24` with its length, that of a single address without one; undefined for other text. */
export function parseInterfaceAddress(text: string): InterfaceAddress | undefined {
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  const length = slash < 0 ? address && addressBits(address.family) : parsePrefix(text)?.length;
  return address === undefined || length === undefined ? undefined : { address, length };
}

/** Returns the host and port of `name:port`, `192.0.2.1:port` or `[2001:db8::1]:port`, or undefined. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const [, bracketed, plain, port] = /^(?:\[([^[\]]+)\]|([^:[\]\s<>]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(port) > 65535 || Number(port) === 0) return undefined;
  if (bracketed !== undefined && parseAddress(bracketed)?.family !== 6) return undefined;
  return { host, port: Number(port) };
}

/** The items of a list with commas, each without the blanks around it; empty ones are left out. */
export function items(text: string, { start, end }: Range): Range[] {
  const found: Range[] = [];
  for (let from = start; from <= end; ) {
    const comma = text.indexOf(',', from);
    const to = comma < 0 || comma > end ? end : comma;
    const item = trimmed(text, from, to);
    if (item.start < item.end) found.push(item);
    from = to + 1;
  }
  return found;
}

/** Returns the stretch without the blanks around it. */
export function trimmed(text: string, from: number, to: number): Range {
  let [start, end] = [from, to];
  while (start < end && text[start]!.trim() === '') start++;
  while (end > start && text[end - 1]!.trim() === '') end--;
  return { start, end };
}
