import { readFileSync } from 'node:fs';
import type { Frame } from '../../src/flow/capture/frame.ts';
import { CaptureReader } from '../../src/flow/capture/read-capture.ts';
import type { Site } from './site.ts';
import { ipChecksum } from './trace.ts';

/** How a recorded attack is laid into a day. */
export interface Laying {
  /** When it begins, ms since midnight. */
  readonly at: number;
  /** Whose address stands for one that was recorded. */
  readonly address: (recorded: number) => number;
  /**
   * When each conversation begins, ms after the first, given its number and when it did in the recording. What happens within a conversation
   * is not touched. As it was recorded, when absent.
   */
  readonly begins?: (number: number, recorded: number) => number;
  /** Packets a second, evenly, where the machine that recorded may have been too busy for those that the tool was told to send. */
  readonly rate?: number;
}

const ipStart = 14;
const leastBytes = ipStart + 20;
const [icmp, tcp, udp] = [1, 6, 17];
/** Types of ICMP that quote the packet they are about. */
const quoting: ReadonlySet<number> = new Set([3, 11, 12]);

/** Lays what was recorded into the day, and returns how many packets that were and when the last one is, ms since midnight. */
export function lay(
  path: string,
  site: Site,
  { at, address, begins, rate }: Laying,
): { packets: number; until: number } {
  const conversations = new Map<string, { readonly first: number; readonly begins: number }>();
  let [first, until, packets] = [Number.NaN, at, 0];
  const take = (frame: Frame) => {
    const bytes = Uint8Array.from(frame.bytes.subarray(frame.start, frame.end));
    const view = new DataView(bytes.buffer);
    if (bytes.length < leastBytes || view.getUint16(12) !== 0x0800) return;
    const time = frame.seconds * 1000 + frame.nanoseconds / 1e6;
    if (Number.isNaN(first)) first = time;
    const key = keyOf(view);
    let conversation = conversations.get(key);
    if (conversation === undefined) {
      const recorded = time - first;
      conversation = { first: time, begins: at + (begins?.(conversations.size, recorded) ?? recorded) };
      conversations.set(key, conversation);
    }
    rewrite(view, address);
    const now =
      rate === undefined ? conversation.begins + time - conversation.first : at + (packets * 1000) / rate;
    site.trace.frame(site.time(now), bytes, frame.wireLength);
    until = Math.max(until, now);
    packets++;
  };
  const reader = new CaptureReader(take);
  reader.push(readFileSync(path));
  reader.end();
  return { packets, until };
}

/** Both directions have the same key; an error of ICMP has that of what it is about. */
function keyOf(view: DataView): string {
  const quoted = quotedAt(view);
  const start = quoted ?? ipStart;
  const protocol = view.getUint8(start + 9);
  const ports = start + 4 * (view.getUint8(start) & 15);
  const hasPorts = (protocol === tcp || protocol === udp) && ports + 4 <= view.byteLength;
  const [from, to] = [view.getUint32(start + 12), view.getUint32(start + 16)];
  const [fromPort, toPort] = hasPorts ? [view.getUint16(ports), view.getUint16(ports + 2)] : [0, 0];
  const ends = [`${from}:${fromPort}`, `${to}:${toPort}`].sort();
  return `${protocol} ${ends.join(' ')}`;
}

/** Where the header stands that an error of ICMP quotes (RFC 792). */
function quotedAt(view: DataView): number | undefined {
  if (view.getUint8(ipStart + 9) !== icmp) return undefined;
  const message = ipStart + 4 * (view.getUint8(ipStart) & 15);
  const quoted = message + 8;
  return quoting.has(view.getUint8(message)) && quoted + 20 <= view.byteLength ? quoted : undefined;
}

function rewrite(view: DataView, address: (recorded: number) => number): void {
  const quoted = quotedAt(view);
  for (const start of quoted === undefined ? [ipStart] : [ipStart, quoted]) {
    for (const place of [start + 12, start + 16]) view.setUint32(place, address(view.getUint32(place)));
    view.setUint16(start + 10, ipChecksum(view, start));
  }
}
