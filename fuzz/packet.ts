/**
 * Throws damaged frames at the packet decoder: node fuzz/packet.ts [--seconds N] [--seed S]. Nothing may be thrown, nothing read outside
 * of the frame, counters must add up, and places stay within the frame.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Frame } from '../src/flow/capture/frame.ts';
import { CaptureReader } from '../src/flow/capture/read-capture.ts';
import { DropReason } from '../src/flow/packet/drop-reason.ts';
import { fragmented } from '../src/flow/packet/fragments.fixture.ts';
import { Packet } from '../src/flow/packet/packet.ts';
import { Chance, PacketBuilder } from '../src/flow/packet/packet-builder.fixture.ts';
import { PacketDecoder } from '../src/flow/packet/packet-decoder.ts';
import { fuzz, fuzzOptions } from './support/run.ts';

interface Sample {
  readonly linkType: number;
  readonly bytes: Uint8Array;
}

/** Frames of stored captures, where they are at hand. */
const stored: Sample[] = [];
const shared = process.env.PICKET_SHARED ?? fileURLToPath(new URL('../../shared', import.meta.url));
const folder = `${shared}/data/flow/packet`;
for (const name of existsSync(folder) ? readdirSync(folder) : []) {
  if (!/\.pcap(ng)?$/.test(name)) continue;
  let count = 0;
  const reader = new CaptureReader((frame) => {
    if (count++ < 40)
      stored.push({ linkType: frame.linkType, bytes: frame.bytes.slice(frame.start, frame.end) });
  });
  reader.push(readFileSync(`${folder}/${name}`));
  reader.end();
}

const linkTypes = [
  ...[0, 1, 9, 12, 14, 50, 51, 101, 104, 105, 108, 113, 117, 127, 192, 228, 229, 239, 276],
  ...[147, 65_535, -1],
];

function* damaged(seed: number): Generator<Sample[]> {
  const chance = new Chance(seed);
  const builder = new PacketBuilder(seed);
  const samples: Sample[] = [];
  for (let count = 0; count < 50; count++) {
    const kind = chance.below(10);
    if (kind === 0) {
      const datagram = fragmented(chance, chance.yes() ? 4 : 6, chance.below(4), chance.below(4));
      for (const bytes of datagram.fragments) samples.push({ linkType: 101, bytes: damage(chance, bytes) });
    } else if (kind < 4 && stored.length > 0) {
      const { linkType, bytes } = chance.pick(stored);
      samples.push({ linkType, bytes: damage(chance, bytes.slice()) });
    } else if (kind === 4)
      samples.push({ linkType: chance.pick(linkTypes), bytes: chance.bytes(chance.below(120)) });
    else {
      const { linkType, built } = builder.frame(chance.below(10));
      samples.push({
        linkType: chance.yes(0.05) ? chance.pick(linkTypes) : linkType,
        bytes: damage(chance, built.bytes.slice()),
      });
    }
  }
  yield samples;
}

/** Changes some bytes, mostly near the beginning or to numbers that lengths have at their limits; cuts off the end. */
function damage(chance: Chance, bytes: Uint8Array): Uint8Array {
  const near = chance.yes() ? Math.min(bytes.length, 100) : bytes.length;
  for (let changes = chance.below(6); changes > 0 && near > 0; changes--)
    bytes[chance.below(near)] = chance.yes()
      ? chance.pick([0, 1, 4, 0x45, 0x60, 0x7f, 0xff])
      : chance.below(256);
  return chance.yes(0.3) ? bytes.subarray(0, chance.below(bytes.length + 1)) : bytes;
}

/** Bytes that report every read outside of them. */
function guarded(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Proxy(bytes, {
    get(target, key) {
      if (typeof key === 'string' && /^-?\d+$/.test(key) && !(Number(key) >= start && Number(key) < end))
        throw new RangeError(`read outside of the frame: ${key}, which is ${start} to ${end}`);
      return Reflect.get(target, key, target);
    },
  });
}

const frame = new Frame();
const packet = new Packet();

fuzz(
  fuzzOptions(),
  2000,
  damaged,
  (samples) => {
    const decoders = [
      new PacketDecoder({ fragments: { capacity: 8 } }),
      new PacketDecoder({ tunnels: false, fragments: { capacity: 1 } }),
    ];
    for (const decoder of decoders) {
      const held = decoder.stateBytes;
      for (const [i, { linkType, bytes }] of samples.entries()) {
        const [start, end] = [7, 7 + bytes.length];
        const buffer = new Uint8Array(end + 40).fill(0x45);
        buffer.set(bytes, start);
        frame.bytes = i % 4 === 0 ? guarded(buffer, start, end) : buffer;
        frame.start = start;
        frame.end = end;
        frame.seconds = i;
        frame.wireLength = i % 3 === 0 ? bytes.length : i % 3 === 1 ? bytes.length * 2 : 0;
        frame.linkType = linkType;
        try {
          if (decoder.decode(frame, packet) === DropReason.Decoded) check(start, end);
        } catch (error) {
          console.error(`link type ${linkType}: ${Buffer.from(bytes).toString('hex')}`);
          throw error;
        }
      }
      const counted = decoder.counts.reduce((sum, count) => sum + count);
      if (counted !== samples.length) throw new Error(`${samples.length} frames, ${counted} counted`);
      if (decoder.stateBytes !== held) throw new Error('the memory held has grown');
    }
  },
  (samples) => `${samples.length} frames`,
);

function check(start: number, end: number): void {
  const { payloadStart, payloadEnd, payloadLength, family, vlanCount, ipLength } = packet;
  if (payloadStart < start || payloadEnd > end || payloadStart > payloadEnd)
    throw new Error(`payload from ${payloadStart} to ${payloadEnd} in ${start} to ${end}`);
  if (payloadLength < payloadEnd - payloadStart) throw new Error('more payload captured than there was');
  if ((family !== 4 && family !== 6) || vlanCount > 4 || ipLength < 20) throw new Error('no such packet');
  if (packet.sourcePort > 65_535 || packet.tcpFlags > 511 || packet.protocol > 255)
    throw new Error('no such number');
}
