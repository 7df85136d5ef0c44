/**
 * Reads a capture as Picket does: node bench/flow-ours.ts FILE [reader|packets|flows]. Prints what it counted as JSON. `reader` only finds
 * the frames, `packets` decodes them, `flows` (as when nothing is said) makes flows of them and an object of each that ends.
 */
import type { Frame, FrameSink } from '../src/flow/capture/frame.ts';
import type { Flow } from '../src/flow/flow.ts';
import { Packet } from '../src/flow/packet/packet.ts';
import { PacketDecoder } from '../src/flow/packet/packet-decoder.ts';
import { PacketFlows } from '../src/flow/table/packet-flows.ts';
import { readCaptureFile } from '../src/sensor/capture/read-file.ts';

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

let finish = () => {};

function flows(): FrameSink {
  const [decoder, packet] = [new PacketDecoder(), new Packet()];
  const count = ({ sent, received }: Flow) => {
    records++;
    packets += (sent?.packets ?? 0) + (received?.packets ?? 0);
    bytes += (sent?.bytes ?? 0) + (received?.bytes ?? 0);
  };
  const table = new PacketFlows(
    { activeMs: 300_000 },
    {
      opened: () => {
        opened++;
      },
      ended: (all, slot) => count(all.flow(slot)),
    },
  );
  finish = () => table.end();
  return (frame) => {
    if (decoder.decode(frame, packet) === 0) table.add(packet, frame.bytes);
  };
}

const sink = stage === 'reader' ? reader() : stage === 'packets' ? decoded() : flows();
const begun = performance.now();
const { reader: capture } = await readCaptureFile(file, sink);
finish();
const work = performance.now() - begun;
const { frames } = capture.counters;
console.log(JSON.stringify({ frames, packets, bytes, records, opened, ms: Math.round(work) }));
