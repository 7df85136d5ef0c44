import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { Dice } from '../src/segmentation/generate.oracle.ts';

/** What a generated capture holds, as the generator counted it. */
export interface TrafficTotals {
  readonly packets: number;
  /** Conversations: both directions are one. */
  readonly flows: number;
  /** Bytes from the IP header on, and of whole frames. */
  readonly ipBytes: number;
  readonly frameBytes: number;
  readonly ipv6Flows: number;
  readonly vlanFlows: number;
}

/** The same packets captured whole, and the first 96 bytes of each. */
export interface Traffic {
  readonly full: string;
  readonly cut: string;
  readonly totals: TrafficTotals;
}

export const cutLength = 96;
/** Changes whenever other bytes are generated, so that no old capture is taken for a new one. */
const version = 1;
/** Conversations at a time. */
const concurrent = 4000;
const packetsPerSecond = 5000;
const firstSecond = 1_700_000_000;
const bufferBytes = 4 * 1024 * 1024;
const syn = 0x02;
const ack = 0x10;
const finAck = 0x11;
const pushAck = 0x18;

interface Conversation {
  readonly protocol: number;
  readonly isV6: boolean;
  readonly vlan: number;
  /** Last bytes of both addresses, and ports. */
  readonly client: number;
  readonly server: number;
  readonly clientPort: number;
  readonly serverPort: number;
  /** Packets that it has in all. */
  readonly packets: number;
  sent: number;
  readonly sequence: [client: number, server: number];
}

function conversation(dice: Dice): Conversation {
  const kind = dice.random();
  const protocol = kind < 0.7 ? 6 : kind < 0.94 ? 17 : 1;
  const isV6 = dice.chance(0.18);
  const size = dice.random();
  const packets =
    protocol === 1 || size < 0.5
      ? 2 + dice.below(8)
      : size < 0.9
        ? 8 + dice.below(40)
        : Math.min(5000, 40 + Math.floor(40 / (dice.random() + 0.005)));
  return {
    protocol: protocol === 1 && isV6 ? 58 : protocol,
    isV6,
    vlan: dice.chance(0.1) ? 1 + dice.below(40) : 0,
    client: dice.below(50_000),
    server: dice.below(2000),
    clientPort: 32_768 + dice.below(28_000),
    serverPort: dice.pick([443, 443, 443, 80, 53, 22, 5432, 8080, 9092, 123]),
    packets,
    sent: 0,
    sequence: [dice.below(2 ** 31), dice.below(2 ** 31)],
  };
}

/** Puts frames together, and where they go. */
class TrafficWriter {
  readonly #files: readonly {
    readonly fd: number;
    readonly most: number;
    readonly buffer: Uint8Array;
    at: number;
  }[];
  readonly #frame = new Uint8Array(1600);
  readonly #view = new DataView(this.#frame.buffer);

  constructor(paths: readonly (readonly [path: string, most: number])[], dice: Dice) {
    this.#files = paths.map(([path, most]) => ({
      fd: openSync(path, 'w'),
      most,
      buffer: new Uint8Array(bufferBytes),
      at: 0,
    }));
    for (let at = 0; at < this.#frame.length; at++) this.#frame[at] = dice.below(256);
    for (const file of this.#files) {
      const head = new DataView(file.buffer.buffer, 0, 24);
      for (const [index, word] of [0xa1b2c3d4, 0x0004_0002, 0, 0, file.most, 1].entries())
        head.setUint32(index * 4, word, true);
      file.at = 24;
    }
  }

  /** Writes one packet of a conversation; returns its bytes from the IP header on, and of the frame. */
  write(
    of: Conversation,
    fromClient: boolean,
    flags: number,
    payload: number,
    microseconds: number,
  ): [number, number] {
    const [bytes, view] = [this.#frame, this.#view];
    const [source, destination] = fromClient ? [of.client, of.server] : [of.server, of.client];
    view.setUint32(0, 0x0200_5e00);
    view.setUint16(4, fromClient ? 1 : 2);
    view.setUint32(6, 0x0200_5e00);
    view.setUint16(10, fromClient ? 2 : 1);
    let at = 12;
    if (of.vlan !== 0) {
      view.setUint32(at, 0x8100_0000 | of.vlan);
      at += 4;
    }
    view.setUint16(at, of.isV6 ? 0x86dd : 0x0800);
    at += 2;
    const ip = at;
    const isTcp = of.protocol === 6;
    const head = isTcp ? 20 : 8;
    const length = head + payload;
    const sides: readonly [number, number] = fromClient ? [0xc633, 0xcb00] : [0xcb00, 0xc633];
    if (of.isV6) {
      view.setUint32(at, 0x6000_0000);
      view.setUint16(at + 4, length);
      view.setUint16(at + 6, (of.protocol << 8) | 60);
      for (const [index, last] of [source, destination].entries()) {
        view.setUint32(at + 8 + index * 16, 0x2001_0db8);
        view.setUint32(at + 12 + index * 16, sides[index]!);
        view.setUint32(at + 16 + index * 16, 0);
        view.setUint32(at + 20 + index * 16, last);
      }
      at += 40;
    } else {
      view.setUint16(at, 0x4500);
      view.setUint16(at + 2, 20 + length);
      view.setUint32(at + 4, 0x0000_4000);
      view.setUint16(at + 8, (60 << 8) | of.protocol);
      view.setUint16(at + 10, 0);
      view.setUint32(at + 12, ((fromClient ? 0xc612 : 0xc613) << 16) + source);
      view.setUint32(at + 16, ((fromClient ? 0xc613 : 0xc612) << 16) + destination);
      let sum = 0;
      for (let word = 0; word < 20; word += 2) sum += view.getUint16(at + word);
      sum = (sum & 0xffff) + (sum >>> 16);
      view.setUint16(at + 10, ~(sum + (sum >>> 16)));
      at += 20;
    }
    if (of.protocol === 1 || of.protocol === 58) {
      const request = of.isV6 ? 128 : 8;
      const answer = of.isV6 ? 129 : 0;
      view.setUint32(at, (fromClient ? request : answer) << 24);
      view.setUint32(at + 4, (of.clientPort << 16) | (of.sent >>> 1));
    } else {
      view.setUint16(at, fromClient ? of.clientPort : of.serverPort);
      view.setUint16(at + 2, fromClient ? of.serverPort : of.clientPort);
      if (isTcp) {
        const [mine, other] = fromClient ? ([0, 1] as const) : ([1, 0] as const);
        view.setUint32(at + 4, of.sequence[mine]);
        view.setUint32(at + 8, (flags & ack) === 0 ? 0 : of.sequence[other]);
        view.setUint16(at + 12, 0x5000 | flags);
        view.setUint16(at + 14, 0xffff);
        view.setUint32(at + 16, 0);
        of.sequence[mine] = (of.sequence[mine] + payload + ((flags & 3) !== 0 ? 1 : 0)) >>> 0;
      } else view.setUint32(at + 4, length << 16);
    }
    const end = Math.max(at + head + payload, 60);
    for (const file of this.#files) {
      const captured = Math.min(end, file.most);
      if (file.at + 16 + captured > bufferBytes) this.#flush(file);
      const record = new DataView(file.buffer.buffer, file.at, 16);
      record.setUint32(0, firstSecond + Math.floor(microseconds / 1e6), true);
      record.setUint32(4, Math.floor(microseconds % 1e6), true);
      record.setUint32(8, captured, true);
      record.setUint32(12, end, true);
      file.buffer.set(bytes.subarray(0, captured), file.at + 16);
      file.at += 16 + captured;
    }
    return [at + head + payload - ip, end];
  }

  #flush(file: { readonly fd: number; readonly buffer: Uint8Array; at: number }): void {
    writeSync(file.fd, file.buffer, 0, file.at);
    file.at = 0;
  }

  close(): void {
    for (const file of this.#files) {
      this.#flush(file);
      closeSync(file.fd);
    }
  }
}

/** Writes the next packet of a conversation; returns its bytes from the IP header on, and of the frame. */
function next(of: Conversation, writer: TrafficWriter, dice: Dice, microseconds: number): [number, number] {
  const index = of.sent;
  const result = ((): [number, number] => {
    if (of.protocol !== 6) {
      const isQuery = (index & 1) === 0;
      const payload = of.protocol === 17 ? (isQuery ? 30 + dice.below(60) : 60 + dice.below(1100)) : 56;
      return writer.write(of, isQuery, 0, payload, microseconds);
    }
    if (index === 0) return writer.write(of, true, syn, 0, microseconds);
    if (index === 1) return writer.write(of, false, syn | ack, 0, microseconds);
    if (index === 2) return writer.write(of, true, ack, 0, microseconds);
    const left = of.packets - index;
    if (left === 3) return writer.write(of, true, finAck, 0, microseconds);
    if (left === 2) return writer.write(of, false, finAck, 0, microseconds);
    if (left === 1) return writer.write(of, true, ack, 0, microseconds);
    const kind = dice.random();
    if (kind < 0.3) return writer.write(of, true, ack, 0, microseconds);
    if (kind < 0.45) return writer.write(of, true, pushAck, 1 + dice.below(900), microseconds);
    return writer.write(of, false, ack, kind < 0.85 ? 1400 : dice.below(1400), microseconds);
  })();
  of.sent++;
  return result;
}

/**
 * Returns captures of so many packets, from `folder` where they are there already. The same number gives the same bytes on every machine:
 * conversations of TCP, UDP and ICMP of very different lengths, 4000 at a time, a fifth of them IPv6, a tenth in VLANs.
 */
export function traffic(folder: string, packets: number): Traffic {
  const name = (kind: string) => join(folder, `v${version}-${packets}-${kind}`);
  const [full, cut, told] = [name('full.pcap'), name('cut.pcap'), name('totals.json')];
  if (existsSync(told)) return { full, cut, totals: JSON.parse(readFileSync(told, 'utf8')) };
  mkdirSync(folder, { recursive: true });
  const dice = new Dice(1);
  const paths = [full, cut].map((path) => `${path}.part`);
  const writer = new TrafficWriter(
    [
      [paths[0]!, 262_144],
      [paths[1]!, cutLength],
    ],
    dice,
  );
  const open: Conversation[] = Array.from({ length: Math.min(concurrent, packets >> 4) }, () =>
    conversation(dice),
  );
  let [flows, ipBytes, frameBytes, ipv6Flows, vlanFlows] = [0, 0, 0, 0, 0];
  for (let count = 0; count < packets; count++) {
    const place = dice.below(open.length);
    const of = open[place]!;
    if (of.sent === 0) {
      flows++;
      if (of.isV6) ipv6Flows++;
      if (of.vlan !== 0) vlanFlows++;
    }
    const [ip, frame] = next(of, writer, dice, (count * 1e6) / packetsPerSecond);
    ipBytes += ip;
    frameBytes += frame;
    if (of.sent === of.packets) open[place] = conversation(dice);
  }
  writer.close();
  for (const path of paths) renameSync(path, path.slice(0, -'.part'.length));
  const totals = { packets, flows, ipBytes, frameBytes, ipv6Flows, vlanFlows };
  writeFileSync(told, JSON.stringify(totals));
  return { full, cut, totals };
}
