import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FailedError } from '../command.ts';
import { testIo } from '../io.fixture.ts';
import { openSink } from './sink.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'picket-sink-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('what is large goes out in pieces, and nothing of it is lost', () => {
  const parts: string[] = [];
  const sink = openSink({ ...testIo(), out: (text) => void parts.push(text) });
  const line = `${'ä'.repeat(999)}\n`;
  for (let at = 0; at < 1000; at++) sink.write(line);
  expect(parts.length).toBeGreaterThan(10);
  sink.end();
  expect(Math.max(...parts.map(({ length }) => length))).toBeLessThan(100_000);
  expect(parts.join('')).toBe(line.repeat(1000));
});

test('a file is written relative to the working folder, and only once there is something to write', () => {
  const io = { ...testIo(), cwd: folder };
  const sink = openSink(io, 'out.txt');
  expect(() => readFileSync(join(folder, 'out.txt'))).toThrow();
  sink.write('ä\n');
  sink.end();
  expect(readFileSync(join(folder, 'out.txt'), 'utf8')).toBe('ä\n');
  expect(io.written.out).toBe('');
});

test('an empty result is an empty file', () => {
  openSink({ ...testIo(), cwd: folder }, 'out.txt').end();
  expect(readFileSync(join(folder, 'out.txt'), 'utf8')).toBe('');
});

test('a file that cannot be written is a failure that names it', () => {
  const sink = openSink({ ...testIo(), cwd: folder }, 'absent/out.txt');
  sink.write('x');
  expect(() => sink.end()).toThrow(FailedError);
  expect(() => sink.end()).toThrow(/^absent\/out\.txt cannot be written/);
});
