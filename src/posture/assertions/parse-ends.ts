import { parseAddress } from '../../net/address.ts';
import { AddressSet } from '../../net/address-set.ts';
import { PortSet } from '../../net/port-set.ts';
import { parsePrefix } from '../../net/prefix.ts';
import type { EndPattern } from './model.ts';
import type { SelectorInput } from './schema.ts';

/** Returns the pattern that a text writes, or what is wrong with it. */
export function parseEnd(text: string): EndPattern | string {
  if (text === 'internet') return { kind: 'internet' };
  if (text === 'any') return { kind: 'any' };
  const address = parseAddress(text);
  if (address !== undefined) return { kind: 'addresses', range: AddressSet.of(address) };
  const prefix = parsePrefix(text);
  if (prefix !== undefined) return { kind: 'addresses', range: AddressSet.ofPrefixes([prefix]) };
  if (/^[\d.]+\/\d*$/.test(text) || /^[\da-f:]*:[\da-f:.]*(?:\/\d*)?$/i.test(text)) {
    return 'looks like an address or a range, and is none';
  }
  if (text.includes(' ')) return { kind: 'entry', glob: text };
  const parts = text.split('/');
  if (parts.includes('') || parts.length > 3) {
    return 'is no end: write namespace/workload or Kind/namespace/workload';
  }
  if (text === '*') return { kind: 'name', glob: '*/*' };
  return parts.length === 1 ? { kind: 'word', word: text } : { kind: 'name', glob: text };
}

/** Returns the pattern of pods by labels. */
export function selectorEnd({ namespace, name, kind, labels = {} }: SelectorInput): EndPattern {
  const selector = Object.entries(labels).map(([key, value]) => {
    return { key, operator: 'In' as const, values: new Set([value]) };
  });
  return { kind: 'labels', namespace, name, workloadKind: kind, selector };
}

/** Returns e.g. `{namespace: shop, labels: {app: web}}`. */
export function selectorText({ labels, ...fields }: SelectorInput): string {
  const parts = Object.entries(fields).map(([key, value]) => `${key}: ${value}`);
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}: ${value}`);
  return `{${[...parts, ...(pairs.length > 0 ? [`labels: {${pairs.join(', ')}}`] : [])].join(', ')}}`;
}

/** Ports as an assertion writes them. */
export interface ParsedPorts {
  readonly numbers: PortSet;
  readonly names: readonly string[];
}

/** Every port that a connection can have; port 0 is reserved (RFC 6335). */
export const anyPort: PortSet = PortSet.range(1, 65_535);

/** Returns the ports that the items write: numbers, ranges, names (RFC 6335) and `any`; or what is wrong. */
export function parsePorts(items: readonly (number | string)[]): ParsedPorts | string {
  let numbers = PortSet.empty;
  const names: string[] = [];
  for (const item of items) {
    const text = String(item).trim();
    const set = text === 'any' ? anyPort : text === 'none' ? undefined : PortSet.parse(text);
    if (set !== undefined) {
      if (set.contains(0)) return `\`${text}\`: ports are numbers from 1 to 65535`;
      numbers = numbers.union(set);
    } else if (/^[\d\s,-]+$/.test(text)) {
      return `\`${text}\` is no range of ports from 1 to 65535`;
    } else if (/^[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$/.test(text)) {
      names.push(text);
    } else {
      return `\`${text}\` is neither a port, a range, nor a name that a port can have`;
    }
  }
  return { numbers, names };
}
