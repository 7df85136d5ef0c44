/** Reads a capture and decodes its packets, in a thread of its own: see `../packet-file.ts`. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Frame } from '../../../flow/capture/frame.ts';
import { CaptureReader } from '../../../flow/capture/read-capture.ts';
import { countersOf } from '../../../flow/capture/tally.ts';
import { DropReason } from '../../../flow/packet/drop-reason.ts';
import { Packet } from '../../../flow/packet/packet.ts';
import { PacketDecoder } from '../../../flow/packet/packet-decoder.ts';
import { PacketRows } from '../../../flow/packet/packet-rows.ts';
import { chunkBytes, fileChunksInto } from '../file-chunks.ts';
import type { FromPacketFile, PacketBuffers, PacketFileSetup } from './messages.ts';

/** Pieces under way; more would only take memory. */
const credit = 3;
/**
 * A frame that lies across two pieces is not in the buffer of either: its payload is put behind them, as much as fits. Names stand in its
 * first 4 KiB.
 */
const spareBytes = 1 << 16;

const port = parentPort!;
const { path, pack } = workerData as PacketFileSetup;
const free: PacketBuffers[] = [];
let underWay = 0;
let resume: (() => void) | undefined;
port.on('message', (buffers: PacketBuffers) => {
  free.push(buffers);
  underWay--;
  resume?.();
});

function post(message: FromPacketFile, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

const decoder = new PacketDecoder();
const packet = new Packet();
let rows = new PacketRows();
let buffer = new Uint8Array(0);
/** What is read now: the beginning of {@link buffer}. */
let piece: Uint8Array = buffer;
let spareAt = 0;

function nextBuffer(): Uint8Array {
  const buffers = free.pop();
  rows = buffers === undefined ? new PacketRows() : new PacketRows(buffers.rows);
  buffer = new Uint8Array(buffers?.bytes ?? new ArrayBuffer(chunkBytes + spareBytes));
  spareAt = chunkBytes;
  return buffer;
}

function take(frame: Frame): void {
  if (decoder.decode(frame, packet) !== DropReason.Decoded) return;
  if (frame.bytes !== piece) movePayload(frame.bytes);
  rows.write(packet);
}

function movePayload(bytes: Uint8Array): void {
  const end = Math.min(packet.payloadEnd, packet.payloadStart + buffer.length - spareAt);
  buffer.set(bytes.subarray(packet.payloadStart, end), spareAt);
  packet.payloadEnd = spareAt + end - packet.payloadStart;
  packet.payloadStart = spareAt;
  spareAt = packet.payloadEnd;
}

async function work(): Promise<void> {
  const reader = new CaptureReader(take);
  let described = 0;
  for await (piece of fileChunksInto(path, pack, nextBuffer)) {
    reader.push(piece);
    const interfaces = reader.interfaces.slice(described);
    described += interfaces.length;
    const buffers = { rows: rows.buffer, bytes: buffer.buffer };
    post({ type: 'packets', ...buffers, count: rows.rows, interfaces }, [buffers.rows, buffers.bytes]);
    if (reader.hasEnded) break;
    underWay++;
    while (underWay >= credit)
      await new Promise<void>((resolve) => {
        resume = resolve;
      });
  }
  reader.end();
  post({
    type: 'ended',
    counters: countersOf(reader.counters),
    problem: reader.problem,
    decoded: decoder.counts,
  });
}

try {
  await work();
} catch (error) {
  post({ type: 'failed', message: (error as Error).message });
}
port.close();
