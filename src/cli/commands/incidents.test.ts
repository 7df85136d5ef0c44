import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ask, freePort, type TestView, testView } from '../../agent/http.fixture.ts';
import { type HttpService, serve } from '../../agent/http.ts';
import { alertToJson } from '../../detect/json.ts';
import { parseAlertFilter } from '../../flow/filter.ts';
import { attack, deed, Watch } from '../../incident/alerts.fixture.ts';
import { incidentFromJson } from '../../incident/json.ts';
import { openSqliteStore } from '../../store/sqlite.ts';
import { alert, noon } from '../../store/store.fixture.ts';
import type { Store } from '../../store/store.ts';
import { ExitCode } from '../command.ts';
import { testIo } from '../io.fixture.ts';
import { runProgram } from '../program.ts';

let state: string;
let store: Store;

/** Ids as an agent gives them. */
const idOf = (n: number) => `${n}f2a9c41-0b1d-4c6e-8f00-00000000000${n}`;

beforeAll(() => {
  state = mkdtempSync(join(tmpdir(), 'picket-test-incidents-'));
  store = openSqliteStore(join(state, 'picket.db'));
  let ids = 0;
  const watch = new Watch({ newId: () => idOf(++ids) }).see([
    ...attack,
    deed(10, '203.0.113.9', 'Impact', 'shop', {
      title: 'SYN flood: shop is sent handshakes',
      severity: 'low',
    }),
    deed(11, '203.0.113.77', 'Discovery', 'shop', { title: 'Port scan\u001b[31m of shop' }),
  ]);
  const correlator = watch.correlator;
  correlator.act(idOf(1), {
    kind: 'note',
    at: noon,
    by: 'ann',
    text: 'The plant says that nobody worked there.',
  });
  correlator.act(idOf(2), { kind: 'resolve', at: noon, by: 'bob', text: 'ours', falsePositive: true });
  watch.settle();
  for (const one of watch.incidents.values()) store.putIncident(one);
  store.putAlert(alert(1, { id: watch.whole[0]!.alerts[0]!.id, incident: idOf(1) }));
  store.flush();
});
afterAll(() => {
  store.close();
  rmSync(state, { recursive: true, force: true });
});

async function picket(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const io = testIo(env);
  const code = await runProgram(args, () => io);
  return { code, ...io.written };
}

const incidents = (...args: string[]) => picket(['incidents', ...args, '--state', state]);
const golden = (name: string) => `../__golden__/incidents-${name}.golden.txt`;

describe('picket incidents list', () => {
  test('those that nobody has resolved, as a table', async () => {
    const { code, out } = await incidents('list');
    expect(code).toBe(ExitCode.problems);
    await expect(out).toMatchFileSnapshot(golden('list'));
    expect(out).not.toContain('\u001b');
  });

  test('all of them, or those of a state', async () => {
    await expect((await incidents('list', '--all')).out).toMatchFileSnapshot(golden('list-all'));
    expect((await incidents('list', '--status', 'resolved')).out).toContain('false positive');
    expect(await incidents('list', '--status', 'acknowledged')).toMatchObject({
      code: ExitCode.clean,
      out: '',
      err: 'no incidents\n',
    });
  });

  test('whole ones for other tools', async () => {
    const { out } = await incidents('list', '-o', 'json', '-n', '1');
    const { schemaVersion, incidents: found } = JSON.parse(out);
    expect(schemaVersion).toBe(1);
    expect(found.map(incidentFromJson)).toEqual([store.incidents({ limit: 1 })[0]?.value]);
    const lines = (await incidents('list', '-a', '-o', 'jsonl')).out.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).id).sort()).toEqual([1, 2, 3].map(idOf));
  });
});

describe('picket incidents show', () => {
  test('the story, the stages, who took part, the history, evidence, notes and the score', async () => {
    const { code, out } = await incidents('show', '1f2a9c41');
    expect(code).toBe(ExitCode.clean);
    await expect(out).toMatchFileSnapshot(golden('show'));
  });

  test('how it was resolved, and nothing that steers the terminal', async () => {
    await expect((await incidents('show', '2f2a')).out).toMatchFileSnapshot(golden('show-false-positive'));
    expect((await incidents('show', '3f2a')).out).not.toContain('\u001b');
  });

  test('as JSON', async () => {
    const { out } = await incidents('show', idOf(1), '-o', 'json');
    expect(incidentFromJson(JSON.parse(out))).toEqual(store.incident(idOf(1)));
  });

  test('one that is not there, and a beginning that is too short', async () => {
    expect(await incidents('show', '9999')).toMatchObject({ code: ExitCode.failed });
    expect((await incidents('show', '1f')).err).toContain('there is no incident 1f');
  });
});

test('picket incidents export has its alerts with their flows, and says how many are missing', async () => {
  const to = join(state, 'incident.json');
  const { code, err } = await incidents('export', '1f2a9c41', '--to', to);
  expect([code, err]).toEqual([ExitCode.clean, '5 of its alerts are not kept any more\n']);
  const { incident, alerts, missingAlerts } = JSON.parse(readFileSync(to, 'utf8'));
  expect(incident.id).toBe(idOf(1));
  expect(alerts).toHaveLength(1);
  expect(alerts[0].flows).toHaveLength(1);
  expect(missingAlerts).toBe(5);
});

test('picket alerts names the incident of an alert', async () => {
  const { out } = await picket(['alerts', '--state', state]);
  expect(out).toContain('· incident 1f2a9c41');
});

describe('what the agent is asked to do', () => {
  let view: TestView;
  let service: HttpService;
  let url: string;

  beforeAll(async () => {
    view = testView();
    view.incidents.alert(alert(1, { entity: '203.0.113.9', flows: [] }));
    view.incidents.tick(noon);
    const listen = [{ host: '127.0.0.1', port: 0, console: false }];
    service = await serve({ view, consoleDir: '/nonexistent', listen });
    url = service.urls[0] ?? '';
  });
  afterAll(() => service.close());

  const at = (...args: string[]) => picket(['incidents', ...args, '--agent', url], { USER: 'ann' });

  test('acknowledge, note, resolve, reopen', async () => {
    expect(await at('ack', 'i1')).toMatchObject({ code: ExitCode.clean, out: '' });
    expect(view.incidents.get('i1')).toMatchObject({ state: 'acknowledged' });
    expect((await at('note', 'i1', 'asked', 'the', 'plant')).code).toBe(ExitCode.clean);
    expect((await at('resolve', 'i1', 'the port is shut', '--by', 'bob')).err).toContain(
      'incident i1 is resolved',
    );
    expect(view.incidents.get('i1')).toMatchObject({
      resolution: { kind: 'resolved', by: 'bob', reason: 'the port is shut' },
      notes: [{ by: 'ann', text: 'asked the plant' }],
    });
    expect((await at('reopen', 'i1', 'it came back')).code).toBe(ExitCode.clean);
    expect(view.incidents.get('i1')?.timeline.at(-1)?.text).toBe('reopened by ann: it came back');
  });

  test('a false positive gives an exception that fits its alerts and no others', async () => {
    const { code, out } = await at('resolve', 'i1', '--false-positive', 'our own: "scanner"');
    expect(code).toBe(ExitCode.clean);
    const { detect } = parse(out);
    expect(detect.exceptions).toEqual([
      {
        detector: 'port-scan',
        filter: 'entity=203.0.113.9',
        reason: 'our own: "scanner"',
        until: expect.stringMatching(/^20\d\d-\d\d-\d\d$/),
      },
    ]);
    const filter = parseAlertFilter(detect.exceptions[0].filter);
    expect(filter.ok && filter.matches(alertToJson(alert(1, { entity: '203.0.113.9' })))).toBe(true);
    expect(filter.ok && filter.matches(alertToJson(alert(1, { entity: '203.0.113.90' })))).toBe(false);
  });

  test.each([
    [['ack', 'i1'], ExitCode.failed, 'it is resolved: reopen it first'],
    [['ack', 'i9'], ExitCode.failed, 'there is no incident i9'],
    [['note', 'i1', ' '], ExitCode.usage, 'a note needs a text'],
    [['resolve', 'i1', 'x', '--false-positive', 'y'], ExitCode.usage, 'the reason is given twice'],
  ] as const)('%j is refused', async (args, code, message) => {
    const answer = await at(...args);
    expect(answer.code).toBe(code);
    expect(answer.err).toContain(message);
  });

  test('an agent that is not there, and what is no agent', async () => {
    const port = await freePort();
    const gone = await picket(['incidents', 'ack', 'i1', '--agent', `http://127.0.0.1:${port}/`]);
    expect(gone).toMatchObject({ code: ExitCode.failed, err: expect.stringContaining('no agent answers') });
    const none = await picket(['incidents', 'ack', 'i1'], { PICKET_AGENT: 'ftp://x' });
    expect(none).toMatchObject({ code: ExitCode.usage });
    expect((await ask(`${url}healthz`)).status).toBe(200);
  });
});
