import type { RecordedAccount } from '../scap/lists.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import type { LostWhere, RecordingStart } from './item.ts';

export function writeStart(to: ByteWriter, { id, segment, hostname, time, writer }: RecordingStart): void {
  to.text(id);
  to.varint(segment);
  to.u64(time);
  to.text(writer);
  to.u8(hostname === undefined ? 0 : 1);
  if (hostname !== undefined) to.text(hostname);
}

export function readStart(from: ByteReader): RecordingStart {
  const [id, segment, time, writer] = [from.text(), from.varint(), from.u64(), from.text()];
  return { id, segment, time, writer, hostname: from.u8() === 0 ? undefined : from.text() };
}

export function writeAccount(to: ByteWriter, { kind, id, name, home, shell }: RecordedAccount): void {
  to.u8((kind === 'user' ? 0 : 1) | (home === undefined ? 0 : 2) | (shell === undefined ? 0 : 4));
  to.number(id);
  to.text(name);
  if (home !== undefined) to.text(home);
  if (shell !== undefined) to.text(shell);
}

export function readAccount(from: ByteReader): RecordedAccount {
  const bits = from.u8();
  const [id, name] = [from.number(), from.text()];
  return {
    kind: (bits & 1) === 0 ? 'user' : 'group',
    id,
    name,
    ...((bits & 2) !== 0 && { home: from.text() }),
    ...((bits & 4) !== 0 && { shell: from.text() }),
  };
}

export function writeLost(to: ByteWriter, where: LostWhere, counts: ReadonlyMap<string, number>): void {
  to.u8(where === 'before' ? 0 : 1);
  to.varint(counts.size);
  for (const [type, count] of counts) {
    to.text(type);
    to.number(count);
  }
}

export function readLost(from: ByteReader): { where: LostWhere; counts: ReadonlyMap<string, number> } {
  const where = from.u8() === 0 ? 'before' : 'recorder';
  const counts = new Map<string, number>();
  for (let count = from.count(2); count > 0; count--) counts.set(from.text(), from.number());
  return { where, counts };
}
