import { spawn } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LogFile, type LogFileOptions } from './log-file.ts';

let folder: string;
let path: string;
let open: LogFile[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'picket-audit-log-'));
  path = join(folder, 'audit.log');
});
afterEach(async () => {
  await Promise.all(open.map((log) => log.stop()));
  open = [];
  rmSync(folder, { recursive: true, force: true });
});

function follow(options: LogFileOptions = {}, onBatch?: () => Promise<void>) {
  const [lines, warnings]: [string[], string[]] = [[], []];
  const log = new LogFile(
    path,
    {
      lines: (batch) => {
        lines.push(...batch);
        return onBatch?.();
      },
      warn: (text) => warnings.push(text),
    },
    { pollMs: 50, lingerMs: 300, ...options },
  );
  open.push(log);
  return { log, lines, warnings };
}

async function until(what: string, holds: () => boolean, ms = 8000): Promise<void> {
  const end = performance.now() + ms;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((wake) => setTimeout(wake, 5));
  }
}

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `${from + index}`);
const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');

describe('where it begins', () => {
  test('at the end, behind the line that is being written', async () => {
    writeFileSync(path, 'old\nhalf');
    const { lines } = follow();
    appendFileSync(path, ' of it\nnew\n');
    await until('the line', () => lines.length > 0);
    expect(lines).toEqual(['new']);
  });

  test('at the beginning when that is asked for', async () => {
    writeFileSync(path, 'old\n');
    const { lines } = follow({ fromStart: true });
    await until('the line', () => lines.length > 0);
    expect(lines).toEqual(['old']);
  });

  test('at the beginning of a file that comes later, also of a folder that comes later', async () => {
    path = join(folder, 'later', 'audit.log');
    const { log, lines } = follow();
    expect(log.status()).toEqual({ state: 'running', detail: `waits for ${path}`, lost: 0, undecodable: 0 });
    mkdirSync(join(folder, 'later'));
    writeFileSync(path, 'a\n');
    await until('the line', () => lines.length > 0);
    expect(lines).toEqual(['a']);
    expect(log.status().detail).toBe(path);
  });
});

test('a line is given when its end is there', async () => {
  writeFileSync(path, '');
  const { lines } = follow();
  appendFileSync(path, 'a\nb');
  await until('a', () => lines.length === 1);
  await new Promise((wake) => setTimeout(wake, 150));
  appendFileSync(path, 'c\n\n');
  await until('bc', () => lines.length === 2);
  expect(lines).toEqual(['a', 'bc']);
});

test('lines that are too long are counted, those around them given', async () => {
  const { log, lines } = follow({ maxLineBytes: 1000 });
  writeFileSync(path, `a\n${'x'.repeat(1_000_000)}\nb\n`);
  await until('both', () => lines.length === 2);
  expect(lines).toEqual(['a', 'b']);
  expect(log.status().undecodable).toBe(1);
});

test('what cannot be read is told once, and read when it can be', async () => {
  mkdirSync(path);
  const { log, lines, warnings } = follow();
  await new Promise((wake) => setTimeout(wake, 200));
  expect(log.status()).toMatchObject({ state: 'failed', detail: expect.stringContaining('no regular file') });
  expect(warnings).toHaveLength(1);
  rmSync(path, { recursive: true });
  writeFileSync(path, 'a\n');
  await until('the line', () => lines.length > 0);
  expect(log.status().state).toBe('running');
});

test('a link that is set to another file is followed', async () => {
  writeFileSync(join(folder, 'one'), 'x\n');
  writeFileSync(join(folder, 'two'), 'y\n');
  symlinkSync('one', path);
  const { lines } = follow();
  appendFileSync(join(folder, 'one'), '1\n');
  await until('the first', () => lines.length === 1);
  symlinkSync('two', join(folder, 'new'));
  renameSync(join(folder, 'new'), path);
  await until('the second', () => lines.length === 2);
  expect(lines).toEqual(['1', 'y']);
});

test('the sink is waited for', async () => {
  writeFileSync(path, '');
  let [working, most] = [0, 0];
  const { log, lines } = follow({}, async () => {
    most = Math.max(most, ++working);
    await new Promise((wake) => setTimeout(wake, 3));
    working--;
  });
  for (let at = 0; at < 100_000; at += 10_000) appendFileSync(path, text(numbers(at, at + 10_000)));
  await log.stop();
  expect(most).toBe(1);
  expect(lines).toEqual(numbers(0, 100_000));
});

describe('renaming and making anew', () => {
  test('who writes on to the renamed file is heard; the last line needs no end', async () => {
    writeFileSync(path, '');
    const { log, lines } = follow();
    appendFileSync(path, '1\n');
    renameSync(path, `${path}.1`);
    writeFileSync(path, '');
    await until('the new file', () => log.rotations === 1);
    appendFileSync(`${path}.1`, '2\n3');
    await until('the last line', () => lines.length === 3);
    appendFileSync(path, '4\n');
    await until('the first of the new', () => lines.length === 4);
    expect(lines).toEqual(['1', '2', '3', '4']);
  });

  test('files that came and went unseen are found by their names; older ones and copies that are packed are not', async () => {
    writeFileSync(`${path}.2`, 'ancient\n');
    writeFileSync(path, '');
    const { lines } = follow();
    appendFileSync(path, '0\n');
    // All in one turn: nobody can look between.
    for (let number = 1; number <= 40; number++) {
      renameSync(path, join(folder, `audit-2026-01-02T03-04-${number}.log`));
      writeFileSync(path, `${number}\n`);
    }
    writeFileSync(`${path}.1.gz`, 'packed\n');
    await until('all', () => lines.length >= 41);
    await new Promise((wake) => setTimeout(wake, 300));
    expect(lines.map(Number).sort((a, b) => a - b)).toEqual(numbers(0, 41).map(Number));
  });

  const writer = `
    const fs = require('node:fs');
    const [path, lines, every, style] = process.argv.slice(1);
    let fd = fs.openSync(path, 'a');
    for (let number = 0; number < lines; number++) {
      fs.writeSync(fd, number + ' ' + 'x'.repeat(number % 300) + '\\n');
      if (number % every !== every - 1) continue;
      const old = path.replace('.log', '-' + String(number).padStart(9, '0') + '.log');
      fs.renameSync(path, old);
      if (style === 'reopen') { fs.closeSync(fd); fd = fs.openSync(path, 'a'); }
      else {
        // As with logrotate: the new file is there before the writer is told, who writes some lines more to the old one.
        fs.closeSync(fs.openSync(path, 'a'));
        for (let more = 0; more < 5; more++) fs.writeSync(fd, ++number + '\\n');
        fs.closeSync(fd);
        fd = fs.openSync(path, 'a');
      }
    }`;

  test.each([
    ['reopen', 997],
    ['reopen', 20_000],
    ['signal', 5000],
  ])(
    'another process writes 100000 lines and rotates (%s, every %i): every line once',
    { timeout: 60_000 },
    async (style, every) => {
      writeFileSync(path, '');
      const { log, lines, warnings } = follow();
      const child = spawn(process.execPath, ['-e', writer, path, '100000', String(every), style]);
      const code = await new Promise((resolve) => child.once('exit', resolve));
      expect(code).toBe(0);
      await until('all lines', () => lines.length >= 100_000, 20_000);
      await log.stop();
      const got = lines.map((line) => Number(line.split(' ')[0])).sort((a, b) => a - b);
      expect(got.length).toBe(new Set(got).size);
      expect(got).toEqual(numbers(0, got.length).map(Number));
      expect(got.length).toBeGreaterThanOrEqual(100_000);
      expect(warnings).toEqual([]);
      expect(readdirSync(folder).length).toBeGreaterThan(4);
    },
  );
});

describe('cutting', () => {
  const cut = () => {
    copyFileSync(path, `${path}.1`);
    truncateSync(path);
  };

  test('is told and counted, and what comes after is read; the copy is not', async () => {
    writeFileSync(path, '');
    const { log, lines, warnings } = follow();
    appendFileSync(path, '1\n2\nhal');
    await until('two', () => lines.length === 2);
    cut();
    appendFileSync(path, '3\n');
    await until('three', () => lines.length === 3);
    expect(lines).toEqual(['1', '2', '3']);
    expect(log.truncations).toBe(1);
    expect(log.status()).toMatchObject({ lost: 1, detail: `${path}, cut once` });
    expect(warnings).toEqual([
      expect.stringMatching(/was cut: lines written just before may have been missed/),
    ]);
  });

  test('is seen though the file has grown beyond where it was', async () => {
    writeFileSync(path, '');
    const { log, lines } = follow();
    appendFileSync(path, text(numbers(0, 100)));
    await until('hundred', () => lines.length === 100);
    cut();
    appendFileSync(path, text(numbers(1000, 3000)));
    await until('all', () => lines.length === 2100);
    expect(log.truncations).toBe(1);
    expect(lines.slice(100)).toEqual(numbers(1000, 3000));
  });

  test('under load: nothing twice, nothing garbled, and each loss has a cut that was counted', async () => {
    writeFileSync(path, '');
    const { log, lines } = follow();
    let written = 0;
    for (let round = 0; round < 30; round++) {
      for (let part = 0; part < 20; part++) {
        appendFileSync(path, text(numbers(written, written + 100).map((line) => `line ${line}`)));
        written += 100;
        await new Promise((wake) => setImmediate(wake));
      }
      cut();
    }
    await log.stop();
    const got = lines.map((line) => Number(/^line (\d+)$/.exec(line)?.[1]));
    expect(got.every((number, index) => index === 0 || number > (got[index - 1] as number))).toBe(true);
    const gaps = got.filter((number, index) => index > 0 && number !== (got[index - 1] as number) + 1).length;
    expect(gaps).toBeLessThanOrEqual(log.truncations);
    expect(log.truncations).toBeGreaterThan(0);
  });
});
