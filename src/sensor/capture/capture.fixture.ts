import { openSync, writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { Frame } from '../../flow/capture/frame.ts';
import {
  interfaceBlock,
  packetBlock,
  sectionBlock,
  ticksOf,
} from '../../flow/capture/write-capture.fixture.ts';
import { PacketRing, type PacketRingOptions } from './packet-ring.ts';

/**
 * A program that captures until SIGTERM: the first argument is where to write what it sees (pcapng, each interface and link type with a
 * description of its own), the second the options of the ring, the third how many milliseconds it does not read at first. Says `running`,
 * and its counters as JSON in the end.
 */
const [path, options, idle] = process.argv.slice(2) as [string, string, string | undefined];
const file = openSync(path, 'w');
writeSync(file, sectionBlock());
const known = new Map<string, number>();
const ring = new PacketRing(write, JSON.parse(options) as PacketRingOptions);

function write({
  bytes,
  start,
  end,
  seconds,
  nanoseconds,
  wireLength,
  linkType,
  interface: index,
}: Frame): void {
  const name = ring.interfaceName(index);
  const key = `${name} ${linkType}`;
  let of = known.get(key);
  if (of === undefined) {
    of = known.size;
    known.set(key, of);
    writeSync(file, interfaceBlock({ name, linkType, resolution: 9 }));
  }
  const ticks = ticksOf(seconds, nanoseconds, 1_000_000_000n);
  writeSync(file, packetBlock({ bytes: bytes.slice(start, end), wireLength, interface: of }, ticks));
}

let stopping = false;
process.once('SIGTERM', () => {
  stopping = true;
});
process.stdout.write('running\n');
const until = performance.now() + Number(idle ?? 0);
while (!stopping) {
  ring.wait(20);
  if (performance.now() >= until) ring.read(1000);
  await setImmediate();
}
// What came last is handed over when its block retires; neighbours may ask for one another meanwhile.
let counters = ring.counters();
for (let turn = 0; turn < 50; turn++) {
  ring.wait(30);
  ring.read(100_000);
  counters = ring.counters();
  const { received, frames, duplicates, unknownLink } = counters;
  if (turn >= 4 && received === frames + duplicates + unknownLink) break;
}
process.stdout.write(`${JSON.stringify(counters)}\n`);
ring.close();
