import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { writePcap } from '../../flow/capture/write-capture.fixture.ts';
import { type CaptureProgress, readCaptureFile } from './read-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'picket-read-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** 3 MB whose content gzip cannot make small, so that all ways take several pieces. */
const frames = Array.from({ length: 3000 }, (_, index) => ({
  bytes: Uint8Array.from(
    { length: 1000 },
    (_, at) => (Math.imul(index * 1000 + at, 2654435761) >>> 13) & 0xff,
  ),
  seconds: index,
}));
const capture = writePcap(frames);

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** Checks frames as they come. */
function checker() {
  const seen = { count: 0, isRight: true };
  const sink = ({
    bytes,
    start,
    end,
    seconds,
  }: {
    bytes: Uint8Array;
    start: number;
    end: number;
    seconds: number;
  }) => {
    const expected = frames[seen.count]!;
    seen.isRight &&=
      seconds === seen.count && Buffer.compare(bytes.subarray(start, end), expected.bytes) === 0;
    seen.count++;
  };
  return { seen, sink };
}

test.each([
  ['a file', capture],
  ['a file packed by gzip', gzipSync(capture)],
  [
    'a file packed in two parts',
    Buffer.concat([gzipSync(capture.subarray(0, 999_999)), gzipSync(capture.subarray(999_999))]),
  ],
])('%s gives all its frames, and tells how far it is', async (name, bytes) => {
  const { seen, sink } = checker();
  const progress: CaptureProgress[] = [];
  const { reader, unpacking } = await readCaptureFile(file(name, bytes), sink, {
    onProgress: (state) => progress.push(state),
  });
  expect(seen).toEqual({ count: 3000, isRight: true });
  expect([unpacking, reader.problem]).toEqual([undefined, undefined]);
  expect(reader.counters.bytes).toBe(capture.length);
  expect(progress.length).toBeGreaterThan(2);
  expect(progress.at(-1)).toEqual({ bytes: bytes.length, total: bytes.length, frames: 3000 });
  expect(progress.map(({ bytes }) => bytes)).toEqual(
    progress.map(({ bytes }) => bytes).toSorted((a, b) => a - b),
  );
});

test('a packed file that is cut off or damaged gives what can be unpacked, and says why not more', async () => {
  const packed = gzipSync(capture);
  const cut = await readCaptureFile(file('cut', packed.subarray(0, packed.length / 2)), () => {});
  expect(cut.unpacking).toBe('unexpected end of file');
  expect(cut.reader.counters.frames).toBeGreaterThan(1000);
  expect(cut.reader.problem?.reason).toBe('cut-off');
  const damaged = Uint8Array.from(packed);
  damaged.fill(0xff, packed.length / 2, packed.length / 2 + 400);
  expect((await readCaptureFile(file('damaged', damaged), () => {})).unpacking).toBeDefined();
});

test('reading ends where it is told to, and where nothing more can be read', async () => {
  const abort = new AbortController();
  const path = file('long', capture);
  const { reader } = await readCaptureFile(path, () => {}, {
    signal: abort.signal,
    onProgress: () => abort.abort(),
  });
  expect(reader.problem).toBeUndefined();
  expect(reader.counters.frames).toBeGreaterThan(500);
  expect(reader.counters.frames).toBeLessThan(1500);
  let pieces = 0;
  const text = file('text', new Uint8Array(5_000_000).fill(0x41));
  const other = await readCaptureFile(text, () => {}, { onProgress: () => pieces++ });
  expect(other.reader.problem?.reason).toBe('not-a-capture');
  expect(pieces).toBe(1);
});

test('an empty file, none at all, a folder', async () => {
  const { reader } = await readCaptureFile(file('empty', new Uint8Array(0)), () => {});
  expect(reader.problem).toMatchObject({
    reason: 'not-a-capture',
    message: '0 bytes are too short for a capture',
  });
  await expect(readCaptureFile(join(folder, 'none'), () => {})).rejects.toThrow('ENOENT');
  await expect(readCaptureFile(folder, () => {})).rejects.toThrow('EISDIR');
});

test('an error of the sink comes out', async () => {
  for (const bytes of [capture, gzipSync(capture)]) {
    const failing = readCaptureFile(file('failing', bytes), () => {
      throw new Error('on purpose');
    });
    await expect(failing).rejects.toThrow('on purpose');
  }
});

test.each([
  ['as it is', capture],
  ['packed', gzipSync(capture)],
])('standard input, %s', async (_, bytes) => {
  const module = fileURLToPath(new URL('read-file.ts', import.meta.url));
  const code = `const { readCaptureFile } = await import(${JSON.stringify(module)});
    let sum = 0;
    const { reader } = await readCaptureFile('-', (frame) => { sum += frame.seconds; });
    console.log(reader.counters.frames, sum, reader.problem);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (data) => {
    said += data;
  });
  // One byte alone, then the rest.
  child.stdin.write(bytes.subarray(0, 1));
  setTimeout(() => child.stdin.end(bytes.subarray(1)), 100);
  await once(child, 'close');
  expect(said.trim()).toBe('3000 4498500 undefined');
});

test('a named pipe', async () => {
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const { seen, sink } = checker();
  const reading = readCaptureFile(path, sink);
  createWriteStream(path).end(gzipSync(capture));
  const { reader } = await reading;
  expect(seen).toEqual({ count: 3000, isRight: true });
  expect(reader.problem).toBeUndefined();
});
