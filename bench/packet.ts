/**
 * Packets out of frames, against tcpdump and tshark: `node bench/packet.ts [--quick]`. The frames lie in memory for the decoder; the others
 * read the same frames from a file and print what they find, which is the least that they can be asked for.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PerformanceObserver } from 'node:perf_hooks';
import { Frame } from '../src/flow/capture/frame.ts';
import { CaptureReader } from '../src/flow/capture/read-capture.ts';
import { joined, pcapHeader, pcapRecord } from '../src/flow/capture/write-capture.fixture.ts';
import { Packet } from '../src/flow/packet/packet.ts';
import { type Built, behind, PacketBuilder } from '../src/flow/packet/packet-builder.fixture.ts';
import { PacketDecoder } from '../src/flow/packet/packet-decoder.ts';
import { type Contender, compare, quick } from './measure.ts';

const count = quick ? 20_000 : 100_000;
/** As many as others read from a file: they take long, and little of it is for starting them. */
const peerCount = 20_000;
const folder = mkdtempSync(join(tmpdir(), 'picket-bench-'));

/** Ethernet, IPv4 without options, TCP: as most packets are. */
function plain(builder: PacketBuilder): Uint8Array {
  for (;;) {
    const transport = builder.transport();
    if (transport.protocol !== 6) continue;
    const built = builder.ipv4(transport);
    if (built.bytes[0] === 0x45) return builder.ethernet(built).bytes;
  }
}

/** One to three tunnels of any kind, one in another, with tags and labels. */
function tunnelled(builder: PacketBuilder, seed: number): Uint8Array {
  let built: Built;
  let linkType: number;
  do ({ linkType, built } = builder.frame(1 + (seed % 3)));
  while (linkType !== 1 || built.tunnels.length === 0);
  return behind([], built).bytes;
}

function frames(make: (builder: PacketBuilder, seed: number) => Uint8Array, count: number): Uint8Array {
  const builder = new PacketBuilder(7);
  // Conversations have more than one packet: tcpdump keeps all that it saw in lists that grow long otherwise.
  const records = Array.from({ length: 5000 }, (_, i) => pcapRecord({ bytes: make(builder, i) }));
  return joined([pcapHeader(), ...Array.from({ length: count }, (_, i) => records[i % records.length]!)]);
}

/** Decodes frames whose places are known. */
function decoderOver(capture: Uint8Array, tunnels: boolean): () => number {
  const places = new Uint32Array(count * 2);
  let at = 0;
  const reader = new CaptureReader((frame) => {
    places[at++] = frame.start;
    places[at++] = frame.end;
  });
  reader.push(capture);
  reader.end();
  const decoder = new PacketDecoder({ tunnels });
  const [frame, packet] = [new Frame(), new Packet()];
  frame.bytes = capture;
  frame.linkType = 1;
  return () => {
    let sum = 0;
    for (let i = 0; i < at; i += 2) {
      frame.start = places[i]!;
      frame.end = places[i + 1]!;
      frame.wireLength = frame.end - frame.start;
      if (decoder.decode(frame, packet) === 0) sum += packet.sourcePort + packet.payloadLength;
    }
    return sum;
  };
}

function withReader(capture: Uint8Array): () => number {
  const packet = new Packet();
  const decoder = new PacketDecoder();
  let sum = 0;
  const sink = (frame: Frame) => {
    if (decoder.decode(frame, packet) === 0) sum += packet.sourcePort + packet.payloadLength;
  };
  return () => {
    sum = 0;
    const reader = new CaptureReader(sink);
    reader.push(capture);
    reader.end();
    return sum;
  };
}

/** Several times over, so that the engine has compiled what it runs. */
function often(name: string, run: () => number): Contender {
  const times = 10;
  return {
    name,
    operations: count * times,
    run: () => {
      let sum = 0;
      for (let i = 0; i < times; i++) sum += run();
      return sum;
    },
  };
}

function peer(name: string, program: string, parameters: readonly string[]): Contender[] {
  if (spawnSync(program, ['--version']).error) return [];
  return [
    {
      name,
      operations: peerCount,
      run: () =>
        spawnSync(program, parameters, { maxBuffer: 2 ** 30, stdio: ['ignore', 'pipe', 'ignore'] }).stdout
          .length,
    },
  ];
}

/**
 * Prints the time of the processor for a packet, which says more than that of the clock where others run beside, and how often memory was
 * collected meanwhile: not at all, as nothing is allocated for a packet.
 */
async function processorTime(decode: () => number): Promise<void> {
  let collections = 0;
  const observer = new PerformanceObserver((list) => {
    collections += list.getEntries().length;
  });
  decode();
  observer.observe({ entryTypes: ['gc'] });
  let best = Number.POSITIVE_INFINITY;
  let packets = 0;
  for (; packets < (quick ? 2_000_000 : 10_000_000); packets += count) {
    const begun = process.cpuUsage();
    decode();
    const { user, system } = process.cpuUsage(begun);
    best = Math.min(best, ((user + system) * 1000) / count);
  }
  await new Promise((resolve) => setTimeout(resolve, 10));
  observer.disconnect();
  console.log(
    `  ${packets} packets more: ${best.toFixed(0)} ns of the processor for one at best, ${collections} collections of memory`,
  );
}

const mixes = [
  ['plain Ethernet, IPv4, TCP', plain],
  ['one to three tunnels in one another', tunnelled],
] as const;
try {
  for (const [title, make] of mixes) {
    const capture = frames(make, count);
    const file = join(folder, 'frames.pcap');
    writeFileSync(file, frames(make, peerCount));
    const decode = decoderOver(capture, true);
    await compare(`a packet: ${title}`, [
      often('PacketDecoder', decode),
      often('PacketDecoder, outer conversations', decoderOver(capture, false)),
      often('CaptureReader and PacketDecoder', withReader(capture)),
      ...peer('tcpdump -q, from a file to text', 'tcpdump', ['-ttnnq', '-r', file]),
      ...peer('tshark, five fields', 'tshark', [
        ...['-n', '-r', file, '-T', 'fields', '-e', 'ip.src', '-e', 'ip.dst'],
        ...['-e', 'tcp.srcport', '-e', 'tcp.dstport', '-e', 'tcp.flags'],
      ]),
    ]);
    await processorTime(decode);
  }
} finally {
  rmSync(folder, { recursive: true });
}
