import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { jsonLines } from '../../flow/logs/read.fixture.ts';
import { ExitCode } from '../command.ts';
import { testIo } from '../io.fixture.ts';
import { runProgram } from '../program.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'picket-backtest-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function picket(...args: string[]) {
  const io = { ...testIo({}, ''), cwd: folder };
  const code = await runProgram(['backtest', ...args], () => io);
  return { code, ...io.written };
}

const start = Date.UTC(2026, 0, 5) / 1000;
const golden = (name: string) => `../render/backtest/__golden__/${name}.golden.txt`;

/**
 * Days of four hosts, in records of Zeek: each calls a service every hour, and one of them dials one that is gone, every ten minutes of the
 * first day and every forty of the second.
 */
function log(name: string, days: number): void {
  const records: object[] = [];
  for (let minute = 0; minute < days * 1440; minute += 10) {
    for (let host = 1; minute % 60 === 0 && host <= 4; host++)
      records.push(call(minute, host, '198.51.100.1', true));
    const every = minute < 1440 ? 10 : 40;
    if (minute % every === 0) records.push(call(minute + 1, 1, '198.51.100.99', false));
  }
  writeFileSync(join(folder, name), jsonLines(records));
}

function call(minute: number, host: number, to: string, isAnswered: boolean): object {
  return {
    ts: start + minute * 60,
    uid: `C${minute}-${host}-${isAnswered}`,
    'id.orig_h': `10.1.0.${host}`,
    'id.orig_p': 40_000 + minute,
    'id.resp_h': to,
    'id.resp_p': 8443,
    proto: 'tcp',
    duration: 0.5,
    conn_state: isAnswered ? 'SF' : 'S0',
    history: isAnswered ? 'ShADadFf' : 'S',
    orig_pkts: 6,
    orig_ip_bytes: 600,
    resp_pkts: isAnswered ? 5 : 0,
    resp_ip_bytes: isAnswered ? 5000 : 0,
  };
}

describe('a detector over recorded days', () => {
  test('is tried with its own range, and the value that keeps to the budget is told', async () => {
    log('conn.log', 2);
    const { code, out, err } = await picket('failing-dial-out', '--on', 'conn.log');
    expect(err).toBe('');
    expect(code).toBe(ExitCode.clean);
    await expect(out).toMatchFileSnapshot(golden('backtest'));
  });

  test('as JSON, by the committed schema', async () => {
    log('conn.log', 2);
    const { out } = await picket('failing-dial-out', 'conn.log', '-o', 'json', '--values', '10,30,100');
    const schema = JSON.parse(readFileSync('docs/reference/schema/backtest.schema.json', 'utf8')) as object;
    const validate = new Ajv2020().compile(schema);
    const result = JSON.parse(out) as { tried: { value: number; alerts: number }[]; hostDays: number };
    expect(validate(result), JSON.stringify(validate.errors)).toBe(true);
    expect(result.tried.map(({ value }) => value)).toEqual([10, 30, 100]);
    expect(result.hostDays).toBe(8);
    const alerts = result.tried.map((one) => one.alerts);
    expect(alerts).toEqual([...alerts].sort((one, other) => other - one));
    expect(alerts[0]).toBeGreaterThan(alerts[1]!);
    expect(alerts[2]).toBe(0);
  });

  test('that are too few says how many it takes', async () => {
    log('conn.log', 1);
    const { code, out } = await picket('failing-dial-out', '--on', 'conn.log', '--budget', '1/month');
    expect(code).toBe(ExitCode.problems);
    await expect(out).toMatchFileSnapshot(golden('backtest-short'));
  });

  test('of addresses that are not ours says how to name them', async () => {
    log('conn.log', 1);
    const text = readFileSync(join(folder, 'conn.log'), 'utf8').replaceAll('10.1.0.', '203.0.113.');
    writeFileSync(join(folder, 'public.log'), text);
    const { err, code } = await picket('failing-dial-out', '--on', 'public.log');
    expect(err).toContain('no host of ours is in it; name public networks of yours with --inside');
    expect(code).toBe(ExitCode.problems);
    const named = await picket('failing-dial-out', '--on', 'public.log', '--inside', '203.0.113.0/24');
    expect(named.out).toContain('4 hosts of ours, 4.0 host-days');
  });
});

describe('used wrongly', () => {
  test.each([
    [[], 'no detector named'],
    [['beacons', '--on', 'x'], 'there is no detector beacons'],
    [['beakon', '--on', 'x'], 'did you mean beacon?'],
    [['beacon'], 'no recording named'],
    [['policy-violation', '--on', 'x'], 'policy-violation has no threshold'],
    [['beacon', '--on', 'x', '--budget', '1'], '1 is no budget'],
    [['beacon', '--on', 'x', '--budget', '0/day'], '0/day is no budget'],
    [['beacon', '--on', 'x', '--values', '0.5,7'], '--values: 7 is no score of beacon'],
    [['beacon', '--on', 'x', '--option', 'holdMs'], 'which values of holdMs are to be tried is not known'],
    [['beacon', '--on', 'x', '--option', 'nonsense'], 'beacon has no option nonsense that is a number'],
    [['beacon', '--on', 'x', '--inside', 'home'], '--inside: is no prefix'],
  ])('%s', async (args, message) => {
    const { code, err } = await picket(...args);
    expect(code).toBe(ExitCode.usage);
    expect(err).toContain(message);
  });

  test('on a file that holds no flows', async () => {
    writeFileSync(join(folder, 'notes.txt'), 'nothing\n');
    const { code, err } = await picket('beacon', '--on', 'notes.txt');
    expect(code).toBe(ExitCode.usage);
    expect(err).toContain('notes.txt holds no flows of a form that is known');
  });
});
