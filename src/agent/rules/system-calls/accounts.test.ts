import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { Accounts } from './accounts.ts';

afterEach(() => {
  vi.useRealTimers();
});

test('names by number, of a changed file the new ones', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const folder = mkdtempSync(join(tmpdir(), 'picket-accounts-'));
  try {
    const path = join(folder, 'passwd');
    writeFileSync(path, 'root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/root:/bin/sh\n\n# no account\n');
    const { name } = new Accounts(path);
    expect([0, 1].map(name)).toEqual(['root', undefined]);
    writeFileSync(path, 'root:x:0:0:root:/root:/bin/sh\nann:x:1:1::/:/bin/sh\n');
    utimesSync(path, 5, 5);
    vi.advanceTimersByTime(10_000);
    expect([0, 1].map(name)).toEqual(['root', 'ann']);
    rmSync(path);
    vi.advanceTimersByTime(10_000);
    expect(name(1)).toBeUndefined();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
