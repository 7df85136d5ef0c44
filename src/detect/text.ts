import type { End, Process } from '../flow/flow.ts';
import type { Reason } from '../flow/verdict.ts';
import { formatAddress } from '../net/address.ts';

/** The declared name of an end, or its address when nothing declared has it. */
export function nameOf({ address, identity }: End): string {
  const named = identity !== undefined && identity.kind !== 'unknown' && identity.kind !== 'loopback';
  return named ? identity.name : formatAddress(address);
}

/** The declared name with the address behind it, or the address alone. */
export function fullNameOf(end: End): string {
  const name = nameOf(end);
  const address = formatAddress(end.address);
  if (name === address) return name;
  return end.identity?.via === undefined
    ? `${name} (${address})`
    : `${name} (by ${end.identity.via}, ${address})`;
}

/** A process as `curl[1234]`, with its arguments when they are known. */
export function processText({ comm, pid, command }: Process): string {
  return command === undefined ? `${comm}[${pid}]` : `${comm}[${pid}]: ${command}`;
}

/** A reason as a sentence with the place it rests on, e.g. `NetworkPolicy a/b isolates ... (policy.yaml:12).` */
export function reasonText({ text, span }: Reason): string {
  return span === undefined ? `${text}.` : `${text} (${span.file}:${span.start.line}).`;
}

/** Ports in ascending order with runs as ranges, at most `maxRanges` of them: `22, 80-90 and 7 more`. */
export function portsText(ports: Iterable<number>, total: number, maxRanges = 12): string {
  const sorted = [...new Set(ports)].sort((x, y) => x - y);
  const ranges: [first: number, last: number][] = [];
  for (const port of sorted) {
    const open = ranges.at(-1);
    if (open !== undefined && open[1] === port - 1) open[1] = port;
    else ranges.push([port, port]);
  }
  const shown = ranges.slice(0, maxRanges);
  const count = shown.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  const texts = shown.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`));
  return listText(texts, Math.max(total, sorted.length) - count);
}

/** `a, b and 3 more`; `rest` is how many are not in the list. */
export function listText(items: readonly string[], rest: number): string {
  return rest > 0 ? `${items.join(', ')} and ${rest} more` : items.join(', ');
}

/** `1 port`, `2 ports`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

const units = ['kB', 'MB', 'GB', 'TB'] as const;

/** `999 bytes`, `1.5 kB`, `12.3 MB`: bytes in decimal units, as `picket flows` takes them. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} bytes`;
  let [value, unit] = [bytes / 1000, 0];
  while (value >= 999.5 && unit + 1 < units.length) [value, unit] = [value / 1000, unit + 1];
  return `${value < 99.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
