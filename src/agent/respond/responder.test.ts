import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import type { Alert } from '../../detect/detector.ts';
import { flowOf } from '../../detect/flow.fixture.ts';
import { cannotEnforce, Namespace } from '../../enforce/namespace.fixture.ts';
import { readManifests } from '../../manifest/read.ts';
import { readAssertions } from '../../posture/assertions/read.ts';
import { compilePosture } from '../../posture/compile.ts';
import { readPlaybooks } from '../../respond/playbooks.ts';
import { AuditFile } from '../../store/audit/audit-file.ts';
import { openMemoryStore } from '../../store/memory.ts';
import { Responder } from './responder.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

const acting = `site: edge
hosts: {office: 203.0.113.0/28}
respond:
  playbooks:
  - {name: scans, match: detector=port-scan, dryRun: false, do: [{block: source, for: 1h}]}
  - {name: floods, match: detector=syn-flood, dryRun: false, approval: false, do: [{limit: source, rate: 5/second, for: 1h}]}
  - {name: tries, match: detector=beacon, do: [{block: destination, for: 1h}]}
  protect: [198.18.7.0/24]
`;
const musts =
  'assertions:\n- {name: office prints, reason: paper, must: {from: office, to: shop/web, port: 631}}\n';
const pod =
  'apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec: {containers: [{name: a, image: b}]}\n';

let alerts = 0;
const alert = (from: string, more: Partial<Alert> = {}): Alert => ({
  id: `alert-${++alerts}`,
  detector: 'port-scan',
  severity: 'high',
  at: Date.now(),
  firstAt: Date.now(),
  lastAt: Date.now(),
  count: 1,
  lost: 0,
  entity: from,
  fingerprint: from,
  title: `${from} tried 100 ports`,
  explanation: '',
  evidence: [],
  techniques: [],
  flows: [flowOf(from, '198.51.100.2', 22, { openedAt: Date.now() })],
  ...more,
});

interface More {
  readonly site?: string;
  readonly folder?: string;
}

/** A responder that works on a namespace of its own. */
function setUp(space: Namespace, { site = acting, folder }: More = {}) {
  const at = folder ?? mkdtempSync(join(tmpdir(), 'picket-respond-'));
  if (folder === undefined) folders.push(at);
  const file = (name: string, text: string) => ({ name, bytes: new TextEncoder().encode(text) });
  const files = [file('picket.yaml', site), file('picket-test.yaml', musts), file('pod.yaml', pod)];
  const set = readManifests(files);
  const { playbooks, diagnostics } = readPlaybooks(set.site?.respond);
  expect([...set.diagnostics, ...diagnostics].filter(({ severity }) => severity === 'error')).toEqual([]);
  const store = openMemoryStore();
  const told: string[] = [];
  let ahead = 0;
  const responder = new Responder({
    folder: at,
    runner: space.runner,
    store,
    declared: { playbooks, posture: compilePosture(set), assertions: readAssertions(files).assertions },
    hints: () => ({ sshConnection: undefined, resolvConf: [], admins: [], ownPorts: [] }),
    notice: (text) => told.push(text),
    now: () => Date.now() + ahead,
  });
  const states = () => responder.list().map(({ id, state }) => `${id} ${state}`);
  return {
    responder,
    store,
    told,
    folder: at,
    states,
    rules: () => space.run('nft', ['list', 'ruleset']),
    events: () =>
      new AuditFile(at).verify().records.map((one) => ('id' in one ? `${one.event} ${one.id}` : one.event)),
    pass: (ms: number) => {
      ahead += ms;
    },
    settled: async (...wanted: string[]) => {
      const until = performance.now() + 20_000;
      while (states().join() !== wanted.join() && performance.now() < until) await pause(20);
      expect(states()).toEqual(wanted);
    },
  };
}

describe.skipIf(cannotEnforce !== undefined)(
  `responses to alerts${cannotEnforce ? ` (skipped: ${cannotEnforce})` : ''}`,
  () => {
    test('nothing is done before somebody agrees; then it is, and all of it is written down', async () => {
      using space = new Namespace('approve');
      const { responder, rules, settled, events, told } = setUp(space);
      await responder.start();
      const scan = alert('203.0.113.90');
      responder.alert(scan);
      await settled('r1 waiting');
      responder.alert({ ...scan, count: 2 });
      responder.alert(alert('203.0.113.90'));
      await pause(300);
      await settled('r1 waiting');
      expect([rules(), told.at(-1)]).toEqual([
        '',
        expect.stringContaining('waits: picket respond approve r1'),
      ]);
      expect(responder.status()).toMatchObject({ waiting: 1, acts: true });

      expect(await responder.approve('r1', 'anna')).toEqual({
        ok: true,
        text: 'r1 is in force: block 203.0.113.90 for 1h',
      });
      expect(rules()).toMatch(/203\.0\.113\.90 timeout 30s .*comment "r1"/);
      await settled('r1 applied');
      expect(rules()).toMatch(/203\.0\.113\.90 timeout 1h .*comment "r1"/);
      expect(events()).toEqual(['opened', 'decided', 'approved r1', 'begun r1', 'probed r1', 'applied r1']);
      expect(await responder.approve('r1', 'anna')).toMatchObject({
        ok: false,
        text: 'r1 is applied, not waiting',
      });
      expect(await responder.undo('r1', 'anna', 'ours')).toMatchObject({ ok: true });
      expect([rules(), responder.list()[0]]).toMatchObject([
        '',
        { state: 'undone', why: 'ours', by: 'anna' },
      ]);
      await responder.stop();
      expect(new AuditFile(folders.at(-1)!).verify().problems).toEqual([]);
    });

    test('a dry run only tells; a playbook that asks nobody acts at once', async () => {
      using space = new Namespace('alone');
      const { responder, rules, settled } = setUp(space);
      const flows = [flowOf('198.51.100.2', '203.0.113.99', 443)];
      responder.alert(alert('198.51.100.2', { detector: 'beacon', flows }));
      await settled('r1 proposed');
      expect(rules()).toBe('');
      expect(await responder.approve('r1', 'anna')).toMatchObject({ ok: false });
      responder.alert(alert('203.0.113.98', { detector: 'syn-flood' }));
      await settled('r1 proposed', 'r2 applied');
      expect(rules()).toMatch(/203\.0\.113\.98 timeout 1h .*comment "r2" : "r2"/);
      await responder.stop();
    });

    test('refused: a must that would break, what is protected, what has talked before the attack', async () => {
      using space = new Namespace('refuse');
      space.run('ip', ['address', 'add', '198.51.100.2/24', 'dev', 'lo']);
      const { responder, settled, store, rules } = setUp(space);
      responder.alert(alert('203.0.113.7'));
      responder.alert(alert('198.18.7.7'));
      responder.alert(alert('198.51.100.2'));
      const old = flowOf('192.0.2.5', '198.51.100.2', 443, {
        state: 'established',
        openedAt: Date.now() - 660_000,
      });
      store.putFlow(old);
      responder.alert(alert('192.0.2.5'));
      await settled('r1 refused', 'r2 refused', 'r3 refused', 'r4 refused');
      expect(responder.list().map(({ why }) => why)).toEqual([
        'the assertion "office prints" would break (203.0.113.7/32 → shop/web: paper)',
        '198.18.7.7 is protected: an address that the site file protects',
        '198.51.100.2 is protected: an address of this machine',
        'it would have cut 1 of 1 conversations of the last days, and may 5 % (limits.percent)',
      ]);
      expect(rules()).toBe('');
      await responder.stop();
    });

    test('what is protected by now is let in again while it is on probation', async () => {
      using space = new Namespace('again');
      const { responder, settled, rules } = setUp(space);
      responder.alert(alert('203.0.113.90'));
      await settled('r1 waiting');
      space.run('ip', ['address', 'add', '203.0.113.90/24', 'dev', 'lo']);
      const { ok, text } = await responder.approve('r1', 'anna');
      // What was known of the machine may have been read anew just now.
      if (!ok) expect(text).toBe('r1 is refused: 203.0.113.90 is protected: an address of this machine');
      await settled(ok ? 'r1 undone' : 'r1 refused');
      expect(responder.list()[0]?.why).toMatch(/protected.*an address of this machine/);
      await responder.stop();
      expect(rules()).not.toContain('203.0.113.90');
    }, 30_000);

    test('no answer is a no, and so is a no', async () => {
      using space = new Namespace('lapse');
      const { responder, settled, pass } = setUp(space);
      responder.alert(alert('203.0.113.90'));
      responder.alert(alert('203.0.113.91'));
      await settled('r1 waiting', 'r2 waiting');
      expect(await responder.deny('r2', 'anna', 'ours')).toMatchObject({ ok: true });
      pass(900_001);
      expect(await responder.approve('r1', 'late')).toMatchObject({
        ok: false,
        text: 'r1: the time to answer is over',
      });
      responder.tick();
      await settled('r1 refused', 'r2 refused');
      expect(responder.list().map(({ why, by }) => [why, by])).toEqual([
        ['nobody answered in time', 'picket'],
        ['ours', 'anna'],
      ]);
      await responder.stop();
    });

    test('what is no longer reached afterwards takes it back at once', async () => {
      using space = new Namespace('probe');
      // Reached from this process, by its own namespace: what the probe looks at goes away while the response is on probation.
      const server: Server = createServer((socket) => socket.destroy());
      const port = await new Promise<number>((resolve) =>
        server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
      );
      const site = acting.replace('respond:', `respond:\n  probes: ['127.0.0.1:${port}']`);
      const { responder, settled, rules } = setUp(space, { site });
      responder.alert(alert('203.0.113.90'));
      await settled('r1 waiting');
      const isFirst = new Promise<void>((resolve) =>
        server.once('connection', () => server.close(() => resolve())),
      );
      expect(await responder.approve('r1', 'anna')).toMatchObject({ ok: true });
      await isFirst;
      await settled('r1 undone');
      expect(responder.list()[0]?.why).toBe(`no longer reached: 127.0.0.1:${port}`);
      expect(rules()).not.toContain('203.0.113.90');
      await responder.stop();
    });

    test('a panic ends everything and holds it, also what waits, until somebody resumes', async () => {
      using space = new Namespace('panic');
      const { responder, settled, rules } = setUp(space);
      const before = rules();
      responder.alert(alert('203.0.113.98', { detector: 'syn-flood' }));
      responder.alert(alert('203.0.113.90'));
      await settled('r1 applied', 'r2 waiting');
      expect(await responder.panic('anna', 'enough')).toMatchObject({
        ok: true,
        text: expect.stringMatching(/^2 resp/),
      });
      await settled('r1 undone', 'r2 refused');
      expect(rules()).toBe(before);
      responder.alert(alert('203.0.113.97', { detector: 'syn-flood' }));
      await settled('r1 undone', 'r2 refused', 'r3 refused');
      expect(responder.list()[2]?.why).toMatch(/^nothing is done since the panic at /);
      expect(await responder.resume('anna')).toMatchObject({ ok: true });
      responder.alert(alert('203.0.113.96', { detector: 'syn-flood' }));
      await settled('r1 undone', 'r2 refused', 'r3 refused', 'r4 applied');
      await responder.stop();
    });

    test('a new start takes back what was on probation, and knows what is in force and what is gone', async () => {
      using space = new Namespace('start');
      const { responder, settled, folder } = setUp(space);
      for (const last of [96, 97, 98]) responder.alert(alert(`203.0.113.${last}`, { detector: 'syn-flood' }));
      await settled('r1 applied', 'r2 applied', 'r3 applied');
      await responder.stop();
      space.run('nft', ['delete element inet picket_respond limit4 { 203.0.113.97 : "r2" }']);
      const log = new AuditFile(folder);
      const { response } = log.verify().records.find((one) => one.event === 'decided') as Extract<
        ReturnType<AuditFile['append']>,
        { event: 'decided' }
      >;
      const cut = {
        ...response,
        id: 'r4',
        action: { kind: 'block' as const, prefix: '203.0.113.95/32', seconds: 60 },
      };
      log.append({ event: 'decided', response: { ...cut, state: 'applying' } });
      space.run('nft', ['add element inet picket_respond block4 { 203.0.113.95 timeout 30s comment "r4" }']);

      const again = setUp(space, { folder });
      await again.responder.start();
      expect(again.states()).toEqual(['r1 applied', 'r2 undone', 'r3 applied', 'r4 undone']);
      expect(again.rules()).not.toContain('203.0.113.95');
      expect(again.told.join()).toContain('r4 (');
      again.pass(3_600_001);
      space.run('nft', ['flush map inet picket_respond limit4']);
      again.responder.tick();
      await again.settled('r1 expired', 'r2 undone', 'r3 expired', 'r4 undone');
      await again.responder.stop();
      expect(again.rules()).toBe('');
    });

    test('a flood of alerts is bounded, and what was not looked at is counted and written down', async () => {
      using space = new Namespace('flood');
      const { responder, events } = setUp(space);
      for (let n = 0; n < 5000; n++)
        responder.alert(
          alert(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`, {
            detector: 'beacon',
            flows: [flowOf('198.51.100.2', `10.0.${n >> 8}.${n & 255}`, 443)],
          }),
        );
      await responder.stop();
      const { skipped, decided } = responder.status();
      expect(decided.proposed).toBeLessThanOrEqual(240);
      expect(skipped).toBeGreaterThanOrEqual(5000 - 256);
      expect(responder.list().length).toBeLessThanOrEqual(240);
      responder.tick();
      await responder.stop();
      expect(events()).toContain('skipped');
    }, 60_000);
  },
);
