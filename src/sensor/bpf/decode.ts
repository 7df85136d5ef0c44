import { eventTypes } from '../../event/event-types.ts';
import type { RawEvent } from '../../event/raw-event.ts';
import { callOf } from './calls.ts';
import { callDecoder, type DecodedCall } from './decode/call.ts';
import { RecordReader } from './decode/record-reader.ts';
import { SensedEvent } from './decode/sensed-event.ts';
import { decodeEnd, decodeFork, decodeStart, taskTypes } from './decode/task.ts';
import { record } from './record.ts';

/** How records of each type are read. */
const decoders: readonly ((reader: RecordReader) => DecodedCall)[] = eventTypes.map((name, type) => {
  if (type === taskTypes.clone) return decodeFork;
  if (type === taskTypes.procexit) return decodeEnd;
  const call = callOf(name);
  if (call === undefined)
    return (reader) => ({ params: [reader.integer(reader.at + record.result)], observed: {} });
  const decode = callDecoder(type, call);
  if (type !== taskTypes.execve) return decode;
  // Starts that fail are told as calls.
  return (reader) => (reader.integer(reader.at + record.result) === 0 ? decodeStart(reader) : decode(reader));
});

/** Reads records of the ring buffer as events. */
export class RecordDecoder {
  /** Records that were too short for what they should hold. */
  undecodable = 0;
  /** Nanoseconds from the monotonic clock to the epoch. */
  epochOffset: bigint;
  readonly #reader: RecordReader;

  constructor(bytes: Uint8Array, epochOffset: bigint) {
    this.#reader = new RecordReader(bytes);
    this.epochOffset = epochOffset;
  }

  /** Returns the event of a record; undefined when it is damaged, which is counted. Nothing of the buffer is kept. */
  decode(at: number, length: number): RawEvent | undefined {
    const reader = this.#reader;
    const { view } = reader;
    const decode = reader.open(at, length) ? decoders[view.getUint16(at + record.type, true)] : undefined;
    if (decode === undefined) {
      this.undecodable++;
      return undefined;
    }
    const { params, observed } = decode(reader);
    return new SensedEvent(
      view.getUint16(at + record.type, true),
      view.getUint16(at + record.cpu, true),
      view.getUint32(at + record.tid, true),
      view.getUint32(at + record.time + 4, true),
      view.getUint32(at + record.time, true),
      this.epochOffset,
      params,
      observed,
    );
  }
}
