import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventTypeNumber } from '../../event/event-types.ts';
import type { RawEvent, ThreadRecord } from '../../event/raw-event.ts';
import type { RecordingItem } from '../../event/recording/item.ts';
import { filesOfRecording, readRecordingFile } from './read-file.ts';
import { minRecordingBytes, RecordingFile, type RecordingFileOptions } from './recording-file.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'picket-recording-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const [writeType, closeType] = ['write', 'close'].map((name) => eventTypeNumber(name) as number) as [
  number,
  number,
];
const noise = randomBytes(1 << 20);

function close(number: number): RawEvent {
  return { type: closeType, time: BigInt(number), cpu: 0, tid: 7, params: [0, number] };
}

/** An event of some bytes that cannot be packed. */
function written(number: number, bytes: number): RawEvent {
  const at = (number * 7919) % (noise.length - bytes);
  const data = new Uint8Array(noise.subarray(at, at + bytes));
  return { type: writeType, time: BigInt(number), cpu: 0, tid: 7, params: [bytes, data, 3, bytes] };
}

function open(path: string, more: Partial<RecordingFileOptions> = {}): RecordingFile {
  return new RecordingFile({
    path,
    maxBytes: minRecordingBytes,
    hostname: 'edge-1',
    writer: 'test',
    snapshot: () => ({ threads: [], accounts: [], containers: [] }),
    ...more,
  });
}

const thread = (args: string[]): ThreadRecord => ({
  ...{ tid: 7, pid: 7, ptid: 1, comm: 'a', exe: '/a', args, cwd: '/', uid: 0, gid: 0, descriptors: [] },
});
const read = (path: string): RecordingItem[] =>
  filesOfRecording(path).flatMap((one) => [...readRecordingFile(one)]);
const numbersOf = (items: readonly RecordingItem[]) =>
  items.flatMap((item) => (item.kind === 'event' ? [item.number] : []));
const kinds = (items: readonly RecordingItem[]) => items.map(({ kind }) => kind);
const pause = () => new Promise((resolve) => setImmediate(resolve));
/** Resolves when this many events have been written or lost. */
async function settled(file: RecordingFile, count: number): Promise<void> {
  while (file.status().events + file.status().lost < count) await pause();
}
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const lostIn = (items: readonly RecordingItem[]) =>
  items.reduce(
    (sum, item) => (item.kind === 'lost' ? sum + [...item.counts.values()].reduce((a, b) => a + b) : sum),
    0,
  );

test('what was recorded is read, after what was there, and the file is for its owner alone', async () => {
  const path = join(folder, 'a.picket');
  const file = open(path, {
    snapshot: () => ({
      threads: [thread(['-x'])],
      accounts: [{ kind: 'user', id: 0, name: 'root' }],
      containers: [{ id: 'abc' }],
    }),
  });
  file.event(close(1), 1);
  file.lost(new Map([['openat', 5]]));
  file.event(close(2), 2);
  file.container({ id: 'def', image: 'nginx' });
  await file.close();
  await file.close();
  file.event(close(3), 3);
  const items = read(path);
  expect(kinds(items)).toEqual([
    'start',
    'account',
    'container',
    'thread',
    'event',
    'lost',
    'event',
    'container',
    'end',
  ]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(file.status()).toMatchObject({
    events: 2,
    lost: 0,
    errors: 0,
    segments: 1,
    bytes: statSync(path).size,
  });
});

test('the newest bytes are kept, in segments that each begin with what was there', async () => {
  const path = join(folder, 'a.picket');
  let number = 0;
  const file = open(path, {
    snapshot: () => ({ threads: [thread([`after ${number}`])], accounts: [], containers: [] }),
  });
  for (; number < 4000; ) {
    file.event(written(number + 1, 8000), number + 1);
    number++;
    if (number % 20 === 0) await settled(file, number - 40);
  }
  await file.close();
  const files = filesOfRecording(path);
  expect(files.length).toBeGreaterThan(4);
  const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  expect(total).toBeLessThanOrEqual(minRecordingBytes);
  expect(total).toBeGreaterThan(minRecordingBytes / 2);
  expect(file.status()).toMatchObject({ events: 4000, lost: 0, bytes: total, segments: files.length });
  const all = numbersOf(read(path));
  expect(all).toEqual(upTo(4000).slice(-all.length));
  for (const one of files) {
    const items = [...readRecordingFile(one)];
    expect(kinds(items).slice(0, 3)).toEqual(['start', 'thread', 'event']);
    expect(items.at(-1)).toEqual({ kind: 'end' });
    // As of before its first event.
    expect(items[1]).toMatchObject({ thread: { args: [`after ${(numbersOf(items)[0] as number) - 1}`] } });
  }
}, 60_000);

test('where the disk does not keep up events are lost, counted, and told at their place', async () => {
  const path = join(folder, 'a.picket');
  const file = open(path, { maxBytes: 256 * 1024 * 1024 });
  // Nothing is written as long as this does not wait.
  for (let number = 1; number <= 3000; number++) file.event(written(number, 8000), number);
  await pause();
  while (file.status().events < 1000) await pause();
  for (let number = 3001; number <= 3010; number++) file.event(close(number), number);
  await file.close();
  const { events, lost, errors } = file.status();
  expect(lost).toBeGreaterThan(1000);
  expect(events + lost).toBe(3010);
  expect(errors).toBe(0);
  const items = read(path);
  expect(numbersOf(items)).toHaveLength(events);
  expect(lostIn(items)).toBe(lost);
  const first = items.findIndex(({ kind }) => kind === 'lost');
  expect(numbersOf(items.slice(0, first)).at(-1)).toBe(numbersOf(items.slice(0, first)).length);
  expect(numbersOf(items).slice(-10)).toEqual(upTo(3010).slice(-10));
  expect(kinds(items)).not.toContain('fault');
});

describe('what stands there already', () => {
  test('a recording becomes a closed segment, which counts towards the bytes', async () => {
    const path = join(folder, 'a.picket');
    for (const number of [1, 2]) {
      const file = open(path);
      file.event(close(number), number);
      await file.close();
    }
    expect(readdirSync(folder).sort()).toEqual(['a.picket', 'a.picket.000001']);
    expect(numbersOf(read(path))).toEqual([2]);
    expect(numbersOf(read(`${path}.000001`))).toEqual([1]);
  });

  test('what is no recording is left as it is', () => {
    const path = join(folder, 'a.picket');
    writeFileSync(path, 'my diary');
    expect(() => open(path)).toThrow(/a\.picket is there and is no recording of Picket/);
    expect(readFileSync(path, 'utf8')).toBe('my diary');
    symlinkSync(path, join(folder, 'link'));
    expect(() => open(join(folder, 'link'))).toThrow(/is no recording of Picket/);
    writeFileSync(join(folder, 'b.picket.000004'), 'my diary');
    expect(() => open(join(folder, 'b.picket'))).toThrow(/b\.picket\.000004 is there and is no recording/);
    expect(() => open(join(folder, 'none', 'b.picket'))).toThrow(/there is no folder/);
    expect(() => open(join(folder, 'c.picket'), { maxBytes: 1000 })).toThrow(/at least 8388608 bytes/);
  });
});

test('a file that is taken away is begun anew with the next segment', async () => {
  const path = join(folder, 'a.picket');
  const file = open(path);
  for (let number = 1; number <= 600; number++) {
    file.event(written(number, 8000), number);
    if (number === 60) rmSync(path);
    if (number % 10 === 0) await settled(file, number - 40);
  }
  await file.close();
  expect(file.status().errors).toBe(0);
  expect(numbersOf(read(path)).at(-1)).toBe(600);
});

const isRoot = process.getuid?.() === 0;
test.skipIf(!isRoot)(
  'a full disk costs what does not fit; when there is room again a new segment begins (needs root)',
  async () => {
    const mount = join(folder, 'small');
    spawnSync('mkdir', [mount]);
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mount]).status).toBe(0);
    try {
      const path = join(mount, 'a.picket');
      let number = 0;
      const file = open(path, {
        snapshot: () => ({ threads: [thread([`after ${number}`])], accounts: [], containers: [] }),
      });
      const burst = async (count: number) => {
        for (let index = 0; index < count; index++) {
          file.event(written(number + 1, 8000), number + 1);
          number++;
          if (number % 10 === 0) {
            file.flush();
            await pause();
          }
        }
        await settled(file, number);
      };
      await burst(300);
      const { events, lost, errors, lastError } = file.status();
      expect(lost).toBeGreaterThan(100);
      expect(events + lost).toBe(300);
      expect(errors).toBeGreaterThan(0);
      expect(lastError).toMatch(/ENOSPC/);
      spawnSync('mount', ['-o', 'remount,size=20m', mount]);
      await new Promise((resolve) => setTimeout(resolve, 1100));
      await burst(20);
      await burst(20);
      await file.close();
      const items = read(path);
      expect(numbersOf(items).at(-1)).toBe(340);
      const begun = items.findLastIndex(({ kind }) => kind === 'start');
      expect(items[begun]).not.toMatchObject({ start: { segment: 0 } });
      const [first] = numbersOf(items.slice(begun));
      expect(items[begun + 1]).toMatchObject({ thread: { args: [`after ${(first as number) - 1}`] } });
      expect(lostIn(items)).toBe(file.status().lost);
    } finally {
      spawnSync('umount', [mount]);
    }
  },
);

test('of a writer that is killed everything is there that was handed on', async () => {
  const path = join(folder, 'a.picket');
  const fixture = fileURLToPath(new URL('./writer.fixture.ts', import.meta.url));
  const child = spawn(process.execPath, [fixture, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let last = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    if (last >= 5000) child.kill('SIGKILL');
  }
  const items = [...readRecordingFile(path)];
  const numbers = numbersOf(items);
  expect(numbers.length).toBeGreaterThanOrEqual(last);
  expect(numbers).toEqual(upTo(numbers.length));
  expect(items.at(-1)).toMatchObject({ kind: 'fault', message: expect.stringMatching(/not closed|cut off/) });
});
