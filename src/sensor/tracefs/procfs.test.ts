import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  cgroupPath,
  commandLine,
  listProcesses,
  monotonicMs,
  namespaceInode,
  networkNamespace,
  printable,
  readProcess,
  startOf,
  suspendedMs,
} from './procfs.ts';

describe('texts', () => {
  test('command lines become one printable line of at most 256 characters', () => {
    expect(commandLine('curl\0-s\0http://x/\0')).toBe('curl -s http://x/');
    expect(commandLine('a\u001b[31m\u202eb\n\0')).toBe('a\ufffd[31m\ufffdb\ufffd');
    expect(commandLine('')).toBe('');
    const long = commandLine(`${'x'.repeat(255)}😀${'y'.repeat(50)}`);
    expect(long).toHaveLength(256);
    expect(long.isWellFormed()).toBe(true);
  });

  test('what steers a terminal is replaced, the rest stays', () => {
    expect(printable('grüße 東京 \t\u0085\u2028')).toBe('grüße 東京 \ufffd\ufffd\ufffd');
  });

  test('cgroups: the unified hierarchy, else the first', () => {
    expect(cgroupPath('12:pids:/a\n0::/user.slice\n')).toBe('/user.slice');
    expect(cgroupPath('12:pids:/a:b\n')).toBe('/a:b');
    expect(cgroupPath('')).toBeUndefined();
  });

  test('namespace links', () => {
    expect(namespaceInode('net:[4026531840]')).toBe(4026531840);
    expect(namespaceInode('net:4026531840')).toBeUndefined();
  });
});

describe('this process', () => {
  test('is found with name, arguments and namespace', () => {
    const self = readProcess(process.pid)!;
    expect(self.pid).toBe(process.pid);
    expect(self.comm).toBe(readFileSync('/proc/self/comm', 'utf8').trimEnd());
    expect(self.command).toContain('node');
    expect(self.netns).toBe(networkNamespace(process.pid));
    expect(listProcesses()).toContain(process.pid);
  });

  test('began when it did, on the monotonic clock', () => {
    const began = startOf('self')! - suspendedMs();
    expect(Math.abs(began + process.uptime() * 1000 - monotonicMs())).toBeLessThan(200);
  });

  test('a process that does not exist is unknown', () => {
    expect(readProcess(2 ** 22 + 1)).toBeUndefined();
    expect(startOf(2 ** 22 + 1)).toBeUndefined();
    expect(networkNamespace(2 ** 22 + 1)).toBeUndefined();
  });
});
