/**
 * Reads a capture as Picket does: node bench/flow-ours.ts FILE [reader|packets|flows]. Prints what it counted as JSON. `reader` only finds
 * the frames, `packets` decodes them, `flows` (as when nothing is said) makes flows of them and an object of each that ends.
 */
import type { Frame, FrameSink } from '../src/flow/capture/frame.ts';
import { CaptureReader } from '../src/flow/capture/read-capture.ts';
import type { Flow } from '../src/flow/flow.ts';
import { Packet } from '../src/flow/packet/packet.ts';
import { PacketDecoder } from '../src/flow/packet/packet-decoder.ts';
import { PacketFlows } from '../src/flow/table/packet-flows.ts';
import { PacketQueue } from '../src/flow/table/packet-queue.ts';
import { fileChunks } from '../src/sensor/capture/file-chunks.ts';
import { PacketFile } from '../src/sensor/capture/packet-file.ts';

const [file, stage = 'flows'] = process.argv.slice(2) as [string, string?];
let [packets, bytes, records, opened] = [0, 0, 0, 0];

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

async function inOneThread(sink: FrameSink): Promise<number> {
  const reader = new CaptureReader(sink);
  for await (const chunk of fileChunks(file, undefined)) reader.push(chunk);
  return reader.counters.frames;
}

async function flows(): Promise<number> {
  const table = new PacketFlows(
    { activeMs: 300_000 },
    {
      opened: () => {
        opened++;
      },
      ended: (all, slot) => {
        const { sent, received }: Flow = all.flow(slot);
        records++;
        packets += (sent?.packets ?? 0) + (received?.packets ?? 0);
        bytes += (sent?.bytes ?? 0) + (received?.bytes ?? 0);
      },
    },
  );
  const queue = new PacketQueue(table);
  const { counters } = await new PacketFile(file).read((rows, from) => queue.takeRows(rows, from));
  table.end();
  return counters.frames;
}

const begun = performance.now();
const frames =
  stage === 'flows' ? await flows() : await inOneThread(stage === 'reader' ? reader() : decoded());
const work = performance.now() - begun;
console.log(JSON.stringify({ frames, packets, bytes, records, opened, ms: Math.round(work) }));
