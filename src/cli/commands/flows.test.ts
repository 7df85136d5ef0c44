import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Flow } from '../../flow/flow.ts';
import { parseAddress } from '../../net/address.ts';
import { openSqliteStore } from '../../store/sqlite.ts';
import type { Store } from '../../store/store.ts';
import { ExitCode } from '../command.ts';
import { type TestIo, testIo } from '../io.fixture.ts';
import type { Io } from '../io.ts';
import { runProgram } from '../program.ts';

const noon = Date.UTC(2026, 5, 1, 12);
let state: string;
let store: Store;

/** Half an hour of a small site, the same at every run. */
function flow(n: number): Flow {
  const openedAt = noon + n * 4_000;
  const internal = n % 3 !== 0;
  const bytes = 200 + ((n * 7919) % 50_000) * (n % 11 === 0 ? 100 : 1);
  return {
    id: `f${n}`,
    protocol: n % 5 === 0 ? 17 : 6,
    source: {
      address: parseAddress(internal ? `198.51.100.${1 + (n % 4)}` : `2001:db8::${1 + (n % 6)}`)!,
      port: 30_000 + n,
      ...(internal && {
        identity: { kind: 'workload', name: `shop/${['web', 'cart', 'mail', 'a "b"'][n % 4]}` },
      }),
    },
    destination: {
      address: parseAddress('203.0.113.9')!,
      port: [443, 53, 5432][n % 3]!,
      identity: { kind: 'service', name: 'data/postgres' },
    },
    state: 'closed',
    seenBy: 'network',
    openedAt,
    closedAt: openedAt + (n % 4) * 40_000,
    reachedDestination: true,
    preexisting: false,
    verdict: { outcome: n % 10 === 0 ? 'deny' : 'allow', reasons: [] },
    sent: { packets: 1 + (n % 9), bytes },
    received: { packets: 1 + (n % 5), bytes: bytes * 3 },
    observation: { by: 'netflow-v9', exporter: `198.51.100.${250 + (n % 2)}` },
  };
}

beforeAll(() => {
  state = mkdtempSync(join(tmpdir(), 'picket-test-flows-'));
  store = openSqliteStore(join(state, 'picket.db'), { segmentRows: 100 });
  for (let n = 0; n < 450; n += 1) {
    store.putFlow(flow(n));
    if (n % 50 === 49) store.flush();
  }
  store.flush();
});
afterAll(() => {
  store.close();
  rmSync(state, { recursive: true, force: true });
});

async function flows(
  args: readonly string[],
  change: Partial<Io> = {},
): Promise<{ code: ExitCode } & TestIo['written']> {
  const io = { ...testIo(), ...change } as TestIo;
  const code = await runProgram(['flows', ...args, '--state', state], () => io);
  return { code, ...io.written };
}

const terminal = { outIsTerminal: true, env: { LANG: 'C.UTF-8' } };
const period = ['--since', '2026-06-01T12:00:00Z', '--until', '2026-06-01T12:20:00Z'];

describe('groups', () => {
  test.each<[string, string[], Partial<Io>?]>([
    ['by-src', ['--by', 'src', '--top', '4']],
    ['by-pair-port', ['--by', 'pair,port', '--top', '3', '--order', 'flows', 'verdict=deny']],
    ['by-exporter-count', ['--by', 'exporter,verdict', '--count', 'sources,destinations']],
    ['over-time', ['--by', 'src', '--top', '3', '--bucket', '1m', ...period], terminal],
    ['over-time-plain', ['--by', 'src', '--top', '3', '--bucket', '1m', ...period]],
    ['in-all', ['--bucket', '10m', 'bytes>100k'], terminal],
    ['hours', ['--by', 'hour,proto', '--from', 'hours']],
    ['csv', ['--by', 'src,port', '--top', '5', '-o', 'csv']],
    ['csv-over-time', ['--by', 'src', '--top', '2', '--bucket', '10m', '-o', 'csv']],
    ['json', ['--by', 'src,dst', '--top', '2', '--bucket', '15m', '-o', 'json']],
    ['jsonl', ['--by', 'port', '--count', 'sources', '-o', 'jsonl']],
    ['list-csv', ['bytes>5M', '-o', 'csv', '-n', '3']],
  ])('%s', async (name, args, change) => {
    const { code, out, err } = await flows(args, change);
    expect(code).toBe(ExitCode.clean);
    await expect(
      `$ picket flows ${args.join(' ')}\n${out}--\n${err}`.replaceAll('\r\n', '\n'),
    ).toMatchFileSnapshot(`../__golden__/flows-${name}.golden.txt`);
  });

  test('sums of a group are those of its flows', async () => {
    const { out } = await flows(['--by', 'src', '-o', 'json', '--top', '100']);
    const { groups, total } = JSON.parse(out);
    const all = Array.from({ length: 450 }, (_, n) => flow(n));
    expect(total.sent).toBe(all.reduce((sum, { sent }) => sum + sent!.bytes, 0));
    const cart = all.filter(({ source }) => source.identity?.name === 'shop/cart');
    expect(groups.find(({ src }: { src: string }) => src === 'shop/cart')).toMatchObject({
      flows: cart.length,
      received: cart.reduce((sum, { received }) => sum + received!.bytes, 0),
    });
  });
});

describe('wrong use says what was meant', () => {
  test.each<[string[], RegExp]>([
    [['--by', 'scr'], /"scr"[\s\S]*did you mean src\?/],
    [['--by', 'colour'], /"colour"[\s\S]*--by takes src, dst/],
    [['--by', 'pair,src'], /names src twice/],
    [['--by', 'src', '--top', '0'], /--top must be/],
    [['--by', 'src', '--order', 'size'], /bytes, packets, flows/],
    [['--bucket', '5'], /--bucket must be a span/],
    [['--by', 'src', '--count', 'ends'], /--count takes sources and destinations/],
    [['--by', 'src', 'byts>10k'], /no key "byts"[\s\S]*did you mean bytes\?/],
    [['--by', 'src', 'bytes>ten'], /"ten" is no quantity/],
    [['--by', 'src', '--follow'], /--follow shows single flows/],
    [['--follow', '-o', 'csv'], /cannot be written as csv/],
    [['--for', '5s'], /--for goes with --follow/],
  ])('%j', async (args, message) => {
    const { code, out, err } = await flows(args);
    expect({ code, out }).toEqual({ code: ExitCode.usage, out: '' });
    expect(err).toMatch(message);
  });

  test('too many buckets', async () => {
    store.putFlow({ ...flow(0), id: 'old', openedAt: 0, closedAt: 1 });
    store.flush();
    const { code, err } = await flows(['--bucket', '1s']);
    expect(code).toBe(ExitCode.usage);
    expect(err).toMatch(/more than 10000[\s\S]*longer --bucket/);
  });
});

test('--follow shows the newest and then what comes', async () => {
  const running = flows(['port=443', '-n', '2', '--follow', '--for', '3s', '-o', 'jsonl']);
  setTimeout(() => {
    store.putFlow({ ...flow(1_500), id: 'new' });
    store.putFlow({ ...flow(1_501), id: 'another port' });
    store.flush();
  }, 1_000);
  const { out } = await running;
  const ids = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).id);
  expect(ids.at(-1)).toBe('new');
  expect(ids).toHaveLength(3);
});
