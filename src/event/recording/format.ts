import type { DescriptorType } from '../raw-event.ts';

/*
 * Picket's own recordings. A file is a row of chunks; each can be read without the others:
 *
 *   0  4  sync: 89 50 4B 54
 *   4  1  version of the format, 1
 *   5  1  coding of the body: 0 as it is, 1 Zstandard (RFC 8878)
 *   6  2  0
 *   8  4  number of the chunk in its segment, from 0
 *  12  4  length of the body as it stands
 *  16  4  CRC-32 of the body as it stands
 *  20  4  CRC-32 of the bytes before this
 *  24     body
 *
 * A body, once unpacked, is a row of records: 4 bytes with the kind in the lowest 8 bits and the length of what follows in the
 * others, then that. A type of event is defined by name, with the names of its parameters, before its first event of each chunk: numbers
 * of types and places of parameters mean nothing beyond the chunk. What stands behind the known parts of a record, and records of unknown
 * kinds, are passed over. Integers are little-endian.
 */

export const sync = 0x544b5089;
export const formatVersion = 1;
export const headerLength = 24;
export const coding = { plain: 0, zstd: 1 } as const;

/** Kinds of records. Numbers are never given anew. */
export const recordKind = {
  start: 1,
  type: 2,
  event: 3,
  thread: 4,
  account: 5,
  container: 6,
  lost: 7,
  end: 8,
} as const;

/** A record that is longer is not written, and counted as lost. */
export const maxRecordBytes: number = 1024 * 1024;
/** The longest body, unpacked or not, that is read. */
export const maxBodyBytes: number = 4 * 1024 * 1024;

/** Types of descriptors by their numbers in recordings; new ones go to the end. */
export const descriptorTypes: readonly DescriptorType[] = [
  'unknown',
  'file',
  'directory',
  'ipv4',
  'ipv6',
  'fifo',
  'unix',
  'event',
  'unsupported',
  'signal',
  'eventpoll',
  'inotify',
  'timerfd',
  'netlink',
  'bpf',
  'userfaultfd',
  'io_uring',
  'memfd',
  'pidfd',
];

/** Tells whether bytes begin as a recording of Picket does. */
export function isRecording(bytes: Uint8Array): boolean {
  return bytes[0] === 0x89 && bytes[1] === 0x50 && bytes[2] === 0x4b && bytes[3] === 0x54;
}
