import { crc32 as zlibCrc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eventTypeNumber, eventTypes, parametersOf } from '../event-types.ts';
import type { RawEvent } from '../raw-event.ts';
import { arbitraryEvent, arbitraryThread } from './arbitrary.fixture.ts';
import { crc32 } from './crc32.ts';
import { RecordingDecoder } from './decoder.ts';
import { RecordingEncoder } from './encoder.ts';
import { headerLength, maxRecordBytes } from './format.ts';
import type { RecordingItem } from './item.ts';

const unpack = (body: Uint8Array, most: number) => zstdDecompressSync(body, { maxOutputLength: most });
const start = {
  id: 'abc',
  segment: 0,
  hostname: 'edge-1',
  time: 1_700_000_000_000_000_000n,
  writer: 'picket',
};
const openType = eventTypeNumber('openat') as number;

function open(index: number): RawEvent {
  const params = [3 + (index % 9), -100, `/var/log/app/${index}.log`, 1, 0, 64_769, 131_072 + index];
  return {
    type: openType,
    time: 1_700_000_000_000_000_000n + BigInt(index),
    cpu: index % 4,
    tid: 4711,
    params,
  };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** The chunks of a recording of these items. */
function chunksOf(items: readonly RecordingItem[], perChunk = 3, packed = false): Uint8Array[] {
  const encoder = new RecordingEncoder();
  const chunks: Uint8Array[] = [];
  const take = () => {
    const chunk = encoder.take(packed ? (body) => zstdCompressSync(body) : undefined);
    if (chunk !== undefined) chunks.push(chunk.bytes);
  };
  for (const [index, item] of items.entries()) {
    expect(put(encoder, item)).toBe(true);
    if (index % perChunk === perChunk - 1) take();
  }
  take();
  return chunks;
}

function put(encoder: RecordingEncoder, item: RecordingItem): boolean {
  switch (item.kind) {
    case 'start':
      return encoder.start(item.start);
    case 'event':
      return encoder.event(item.raw, item.number);
    case 'thread':
      return encoder.thread(item.thread);
    case 'account':
      return encoder.account(item.account);
    case 'container':
      return encoder.container(item.container);
    case 'lost':
      return encoder.lost(item.where, item.counts);
    case 'end':
      return encoder.end();
    default:
      return false;
  }
}

function read(pieces: Iterable<Uint8Array>): RecordingItem[] {
  const decoder = new RecordingDecoder(unpack);
  const items: RecordingItem[] = [];
  for (const piece of pieces) items.push(...decoder.push(piece));
  items.push(...decoder.finish());
  return items;
}

const events = (count: number): RecordingItem[] =>
  Array.from({ length: count }, (_, index) => ({ kind: 'event', number: index + 1, raw: open(index) }));
const whole = (count: number): RecordingItem[] => [
  { kind: 'start', start },
  ...events(count),
  { kind: 'end' },
];
const faultsOf = (items: readonly RecordingItem[]) => items.filter(({ kind }) => kind === 'fault');
const numbersOf = (items: readonly RecordingItem[]) =>
  items.flatMap((item) => (item.kind === 'event' ? [item.number] : []));

test('the checksum is that of zlib', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => crc32(bytes) === zlibCrc32(bytes)));
});

test('any events and threads are read as they were written, compressed or not, in pieces of any size', () => {
  const item = fc.oneof(
    fc.record({ kind: fc.constant('event' as const), number: fc.maxSafeNat(), raw: arbitraryEvent }),
    fc.record({ kind: fc.constant('thread' as const), thread: arbitraryThread }),
  );
  fc.assert(
    fc.property(
      fc.array(item, { maxLength: 12 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }),
      (given, packed, perChunk, sizes) => {
        const items: RecordingItem[] = [{ kind: 'start', start }, ...given, { kind: 'end' }];
        const bytes = joined(chunksOf(items, perChunk, packed));
        const pieces: Uint8Array[] = [];
        for (let at = 0, index = 0; at < bytes.length; index++) {
          const size = sizes[index % sizes.length] as number;
          pieces.push(bytes.slice(at, at + size));
          at += size;
        }
        expect(read(pieces)).toEqual(items);
      },
    ),
    { numRuns: 300 },
  );
});

test('accounts, containers and losses stand at their places', () => {
  const items: RecordingItem[] = [
    { kind: 'start', start },
    {
      kind: 'account',
      account: { kind: 'user', id: 1000, name: 'app', home: '/home/app', shell: '/bin/sh' },
    },
    { kind: 'account', account: { kind: 'group', id: 1000, name: 'app' } },
    ...events(1),
    { kind: 'lost', where: 'before', counts: new Map([['openat', 12]]) },
    {
      kind: 'container',
      container: {
        id: '0123456789ab',
        image: 'docker.io/library/nginx:1.27',
        privileged: false,
        mounts: [{ source: '/a', destination: '/b', mode: 'ro', writable: false, propagation: 'private' }],
        labels: { app: 'web' },
        startTime: 1_700_000_000_000_000_001n,
        addresses: ['198.51.100.7'],
      },
    },
    {
      kind: 'lost',
      where: 'recorder',
      counts: new Map([
        ['openat', 1],
        ['close', 2],
      ]),
    },
    { kind: 'end' },
  ];
  expect(read(chunksOf(items))).toEqual(items);
});

describe('a later Picket reads it', () => {
  /** Numbers from behind, parameters the other way round, one more type and one more parameter. */
  const types = [...eventTypes, 'teleport'].reverse();
  const names = {
    types,
    parameters: (type: number) => {
      const today = eventTypeNumber(types[type] ?? '');
      const own = today === undefined ? ['where'] : parametersOf(today).map(({ name }) => name);
      return [...own, 'mood'].reverse();
    },
  };

  test('with other numbers of types and other places of parameters', () => {
    const encoder = new RecordingEncoder({ names });
    encoder.start(start);
    const [raw, unknown] = [open(1), types.indexOf('teleport')];
    const shuffled = (one: RawEvent): RawEvent => ({
      ...one,
      type: types.indexOf('openat'),
      params: ['merry', ...one.params.toReversed()],
      observed: { bases: [undefined, undefined, undefined, undefined, undefined, '/srv'] },
    });
    encoder.event(shuffled(raw), 7);
    encoder.event({ ...raw, type: unknown, params: ['glad', '/moon'] }, 8);
    encoder.event({ ...raw, type: unknown, params: ['glad', '/moon'] }, 9);
    encoder.event(shuffled(raw), 10);
    encoder.end();
    const items = read([encoder.take()!.bytes]);
    const expected = { ...raw, observed: { bases: [undefined, undefined, '/srv'] } };
    expect(items).toEqual([
      { kind: 'start', start },
      { kind: 'event', number: 7, raw: expected },
      {
        kind: 'fault',
        offset: 0,
        message: 'events of type teleport, which this Picket does not know, are left out',
      },
      { kind: 'event', number: 10, raw: expected },
      { kind: 'end' },
    ]);
  });

  test('a value that is not of its parameter’s kind is left out, and told', () => {
    const raw = { ...open(0), params: [3, -100, { kind: 'unix', path: '/x' } as const, 1] };
    const [, fault, event] = read(
      chunksOf([{ kind: 'start', start }, { kind: 'event', number: 1, raw }, { kind: 'end' }]),
    );
    expect(fault).toMatchObject({ message: expect.stringMatching(/^openat: the parameter name is not/) });
    expect(event).toMatchObject({ raw: { params: [3, -100, undefined, 1] } });
  });
});

describe('damage', () => {
  const chunks = chunksOf(whole(40), 6);
  const bytes = joined(chunks);
  const starts = chunks.map((_, index) => joined(chunks.slice(0, index)).length);

  test('none is told where there is none', () => {
    expect(faultsOf(read([bytes]))).toEqual([]);
    expect(numbersOf(read([bytes]))).toHaveLength(40);
  });

  test('one chunk is lost where one byte of it is wrong, and told with its place', () => {
    for (const [index, begin] of starts.entries()) {
      const length = (chunks[index] as Uint8Array).length;
      for (const at of [begin, begin + 5, begin + 13, begin + 21, begin + headerLength, begin + length - 1]) {
        const broken = bytes.slice();
        broken[at]! ^= 0x55;
        const items = read([broken]);
        const [fault, ...others] = faultsOf(items) as Extract<RecordingItem, { kind: 'fault' }>[];
        expect(fault).toMatchObject({
          offset: begin,
          message: expect.stringMatching(`^${length} bytes could not be read`),
        });
        expect(others.length).toBe(index === chunks.length - 1 ? 0 : 1);
        const lost = read([joined(chunks.toSpliced(index, 1))]);
        expect(numbersOf(items)).toEqual(numbersOf(lost));
      }
    }
  });

  test('a file that is cut off anywhere gives what is whole before', () => {
    for (let length = 0; length < bytes.length; length++) {
      const items = read([bytes.subarray(0, length)]);
      const complete = starts.filter((begin, index) => begin + chunks[index]!.length <= length).length;
      expect(numbersOf(items)).toEqual(numbersOf(read([joined(chunks.slice(0, complete))])));
      expect(faultsOf(items).length).toBe(1);
    }
  });

  test('bytes that are missing or too many cost no more than the chunks that they are in', () => {
    fc.assert(
      fc.property(
        fc.nat(bytes.length - 1),
        fc.integer({ min: 1, max: 900 }),
        fc.uint8Array({ maxLength: 50 }),
        (at, cut, put) => {
          const end = Math.min(bytes.length, at + cut);
          // What is put there may be what was there.
          fc.pre(Buffer.compare(put, bytes.subarray(at, end)) !== 0);
          const items = read([joined([bytes.subarray(0, at), put, bytes.subarray(end)])]);
          const untouched = chunks.filter((chunk, index) => {
            const begin = starts[index] as number;
            return begin + chunk.length <= at || begin >= end;
          });
          const wanted = new Set(numbersOf(read([joined(untouched)])));
          expect(numbersOf(items).filter((number) => wanted.has(number))).toEqual([...wanted]);
          if (wanted.size < 40) expect(faultsOf(items).length).toBeGreaterThan(0);
        },
      ),
    );
  });

  test('a chunk within a chunk costs no more than the file is long', () => {
    const nested = new Uint8Array(400_000);
    const [first] = chunksOf([{ kind: 'start', start }]);
    const header = first!.slice(0, headerLength);
    for (let at = 0; at + headerLength < nested.length; at += headerLength) nested.set(header, at);
    expect(numbersOf(read([nested]))).toEqual([]);
  });

  test('no bytes at all, and bytes of something else', () => {
    expect(read([])).toEqual([{ kind: 'fault', offset: 0, message: 'the recording is empty' }]);
    expect(read([new TextEncoder().encode('hello')])).toMatchObject([
      { kind: 'fault', offset: 0, message: '5 bytes could not be read: it is cut off or damaged there' },
    ]);
  });
});

test('an event that is too large is refused, and leaves nothing behind', () => {
  const encoder = new RecordingEncoder();
  encoder.start(start);
  const { size } = encoder;
  const raw = { ...open(0), params: [3, -100, 'x'.repeat(maxRecordBytes + 1)] };
  expect(encoder.event(raw, 1)).toBe(false);
  expect(encoder.event({ ...raw, type: 60_000 }, 1)).toBe(false);
  expect(encoder.event(open(0), 1)).toBe(true);
  expect(encoder.size).toBeGreaterThan(size);
  expect(numbersOf(read([encoder.take()!.bytes]))).toEqual([1]);
});

test('a thread that is too large keeps its names', () => {
  const encoder = new RecordingEncoder();
  const thread = { tid: 1, pid: 1, ptid: 0, comm: 'a', exe: '/a', args: [], cwd: '/', uid: 0, gid: 0 };
  expect(encoder.thread({ ...thread, env: ['x'.repeat(maxRecordBytes)], descriptors: [] })).toBe(true);
  expect(encoder.thread({ ...thread, args: ['x'.repeat(maxRecordBytes)], descriptors: [] })).toBe(false);
  expect(read([encoder.take()!.bytes])[0]).toEqual({
    kind: 'thread',
    thread: { ...thread, descriptors: [] },
  });
});
