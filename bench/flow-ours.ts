/**
 * Reads a capture as Picket does: node bench/flow-ours.ts FILE [reader|packets|flows]. Prints what it counted as JSON. `reader` only finds
 * the frames, `packets` decodes them, `flows` (as when nothing is said) makes flows of them, in the thread that
 * `picket replay` has for large captures, and an object of each that ends.
 */
import { readCaptureInThread } from '../src/cli/replay/capture-thread.ts';
import { fileChunks } from '../src/cli/replay/file-chunks.ts';
import type { Frame, FrameSink } from '../src/flow/capture/frame.ts';
import { CaptureReader } from '../src/flow/capture/read-capture.ts';
import type { Flow } from '../src/flow/flow.ts';
import { Packet } from '../src/flow/packet/packet.ts';
import { PacketDecoder } from '../src/flow/packet/packet-decoder.ts';

const [file, stage = 'flows'] = process.argv.slice(2) as [string, string?];
let [packets, bytes, records] = [0, 0, 0];

function reader(): FrameSink {
  return ({ wireLength }: Frame) => {
    packets++;
    bytes += wireLength;
  };
}

function decoded(): FrameSink {
  const [decoder, packet] = [new PacketDecoder(), new Packet()];
  return (frame) => {
    if (decoder.decode(frame, packet) !== 0) return;
    packets++;
    bytes += packet.ipLength;
  };
}

async function read(push: (chunk: Uint8Array) => void): Promise<void> {
  for await (const chunk of fileChunks(file, undefined)) push(chunk);
}

async function frames(sink: FrameSink): Promise<number> {
  const reader = new CaptureReader(sink);
  await read((chunk) => reader.push(chunk));
  return reader.counters.frames;
}

async function flows(): Promise<number> {
  const { counters } = await readCaptureInThread({
    path: file,
    pack: undefined,
    table: { activeMs: 300_000 },
    teller: {},
    flow: ({ sent, received }: Flow) => {
      records++;
      packets += (sent?.packets ?? 0) + (received?.packets ?? 0);
      bytes += (sent?.bytes ?? 0) + (received?.bytes ?? 0);
    },
  });
  return counters.records - counters.described;
}

const begun = performance.now();
const count = stage === 'flows' ? await flows() : await frames(stage === 'reader' ? reader() : decoded());
const work = performance.now() - begun;
console.log(JSON.stringify({ frames: count, packets, bytes, records, ms: Math.round(work) }));
