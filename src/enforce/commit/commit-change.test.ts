import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Refused, StalePlan } from '../enforcer.ts';
import { cannotEnforce, Namespace } from '../namespace.fixture.ts';
import { NftablesEnforcer } from '../nftables.ts';
import { AlreadyEnded, ChangeLog, ChangePending } from './change-log.ts';
import { rollBack, settle, startChange } from './commit-change.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** A path with what a shell would take apart. */
function stateFolder(): string {
  const folder = join(mkdtempSync(join(tmpdir(), "picket it's-")), 'firewall');
  folders.push(join(folder, '..'));
  return folder;
}

const table = (port: number) =>
  `table inet picket {\n set block4 { type ipv4_addr; flags timeout; }\n chain input { type filter hook input priority -10; tcp dport ${port} drop; }\n}\n`;
const asked = { user: 'tester', reason: 'a test', acceptedRisks: [] };

function machine(space: Namespace, folder = stateFolder()) {
  const enforcer = new NftablesEnforcer(space.runner);
  const log = new ChangeLog(folder);
  const parts = { enforcer, log, runner: space.runner };
  return {
    ...parts,
    rules: () => space.run('nft', ['list', 'ruleset']),
    start: async (text: string, confirmWithin: number) =>
      startChange(parts, await enforcer.plan(await enforcer.read(), text), { ...asked, confirmWithin }),
    events: () =>
      log.journal.entries().map(({ change, event, by }) => `${change} ${event}${by ? ` by ${by}` : ''}`),
  };
}

async function waitFor(what: () => boolean, ms = 15_000): Promise<void> {
  const until = performance.now() + ms;
  while (!what()) {
    if (performance.now() > until) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe.skipIf(cannotEnforce !== undefined)(
  `a change that has to be confirmed${cannotEnforce ? ` (skipped: ${cannotEnforce})` : ''}`,
  () => {
    test('confirmed it stays, and is what the machine loads when it starts', async () => {
      using space = new Namespace('confirm');
      const { start, log, rules, events, enforcer, runner } = machine(space);
      const { pending, timer } = await start(table(23), 2);
      expect(timer.kind).toBe('process');
      expect(rules()).toContain('tcp dport 23 drop');
      log.confirm(pending, 'tester');
      expect(log.pending()).toBeUndefined();
      await waitFor(() => !existsSync(`/proc/${timer.name}`));
      expect(rules()).toContain('tcp dport 23 drop');
      expect(events()).toEqual(['1 started', '1 applied', '1 confirmed by tester']);
      expect(log.expected()?.ownDigest).toBe((await enforcer.read()).ownDigest);

      // A second change that nobody confirms is not what comes back with the machine.
      const second = await start(table(24), 60);
      using started = new Namespace('started-anew');
      started.run('nft', ['-f', join(log.folder, 'confirmed.nft')]);
      expect(started.run('nft', ['list', 'ruleset'])).toContain('tcp dport 23 drop');
      await rollBack({ enforcer, log }, second.pending, 'tester');
      await runner.run('kill', [second.timer.name]);
    });

    test('unconfirmed the old state comes back, with its blocks, and the journal tells', async () => {
      using space = new Namespace('timer');
      const { start, log, rules, events } = machine(space);
      log.confirm((await start(table(23), 30)).pending, 'tester');
      space.run('nft', ['add element inet picket block4 { 198.51.100.7 timeout 1h }']);
      const { pending } = await start('', 1);
      expect(rules()).not.toContain('inet picket');
      await waitFor(() => log.pending() === undefined && events().length === 6);
      expect(rules()).toContain('tcp dport 23 drop');
      expect(rules()).toMatch(/198\.51\.100\.7 timeout 1h expires 59m/);
      expect(events().slice(3)).toEqual(['2 started', '2 applied', '2 rolled back by timer']);
      expect(() => log.confirm(pending, 'late')).toThrow(AlreadyEnded);
      expect(rules()).toContain('tcp dport 23 drop');
    });

    test('one at a time', async () => {
      using space = new Namespace('one');
      const { start, log, enforcer, rules } = machine(space);
      const { pending } = await start(table(23), 30);
      const before = rules();
      await expect(start(table(24), 30)).rejects.toThrow(ChangePending);
      expect(rules()).toBe(before);
      await rollBack({ enforcer, log }, pending, 'tester');
      expect(rules()).toBe('');
      const changes = await Promise.allSettled([1, 2, 3].map((n) => start(table(30 + n), 30)));
      expect(changes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      await rollBack({ enforcer, log }, log.pending()!, 'tester');
    });

    test('what fails leaves nothing that waits', async () => {
      using space = new Namespace('fails');
      const { start, log, enforcer, runner, events, rules } = machine(space);
      log.confirm((await start(table(23), 30)).pending, 'tester');
      const change = await enforcer.plan(await enforcer.read(), table(24));
      space.run('nft', ['add rule inet picket input tcp dport 99 drop']);
      const started = startChange({ enforcer, log, runner }, change, { ...asked, confirmWithin: 30 });
      await expect(started).rejects.toThrow(StalePlan);
      expect(log.pending()).toBeUndefined();
      expect(rules()).toContain('tcp dport 99 drop');
      expect(events().slice(-2)).toEqual(['2 started', '2 failed']);
      const broken = {
        ...(await enforcer.plan(await enforcer.read(), table(24))),
        after: 'table inet picket { nonsense }',
      };
      await expect(
        startChange({ enforcer, log, runner }, broken, { ...asked, confirmWithin: 30 }),
      ).rejects.toThrow(Refused);
      expect(log.pending()).toBeUndefined();
    });

    test('without a timer nothing is changed', async () => {
      using space = new Namespace('no-timer');
      const { log, enforcer, runner, rules } = machine(space);
      const without = { find: runner.find.bind(runner), run: runner.run.bind(runner), detach: () => 1 };
      const change = await enforcer.plan(await enforcer.read(), table(23));
      const started = startChange({ enforcer, log, runner: without }, change, {
        ...asked,
        confirmWithin: 30,
      });
      await expect(started).rejects.toThrow(/does not start/);
      expect([rules(), log.pending()]).toEqual(['', undefined]);
    });

    test('after a start of the machine, and where the timer was killed', async () => {
      using space = new Namespace('settle');
      const { start, log, enforcer, runner, rules, events } = machine(space);
      const { pending, timer } = await start(table(23), 1);
      await runner.run('kill', ['-9', timer.name]);
      expect(await settle({ enforcer, log })).toBeUndefined();
      const file = join(log.folder, `pending-${pending.change}`, 'change.json');
      writeFileSync(file, JSON.stringify({ ...pending, untilUptime: pending.untilUptime - 60 }));
      expect(await settle({ enforcer, log })).toMatch(/its timer did not come/);
      expect(rules()).toBe('');
      const next = await start(table(23), 30);
      await runner.run('kill', ['-9', next.timer.name]);
      writeFileSync(
        join(log.folder, 'pending-2', 'change.json'),
        JSON.stringify({ ...next.pending, boot: 'another' }),
      );
      expect(await settle({ enforcer, log })).toMatch(/started anew/);
      expect(events().slice(-1)).toEqual(['2 rolled back by reboot']);
      expect(await settle({ enforcer, log })).toBeUndefined();
    });

    test('a timer that comes before the change is in force does not leave it there', async () => {
      using space = new Namespace('slow');
      const { log, enforcer, runner, rules, events } = machine(space);
      const change = await enforcer.plan(await enforcer.read(), table(23));
      const slow: typeof runner.run = async (program, args, options) => {
        const isLoad = program === 'nft' && args[0] === '-f';
        if (isLoad && log.pending() !== undefined) await waitFor(() => events().length === 2);
        return runner.run(program, args, options);
      };
      const slowRunner = { find: runner.find.bind(runner), run: slow, detach: runner.detach.bind(runner) };
      const parts = { enforcer: new NftablesEnforcer(slowRunner), log, runner: slowRunner };
      await expect(startChange(parts, change, { ...asked, confirmWithin: 0.2 })).rejects.toThrow(
        AlreadyEnded,
      );
      expect(rules()).toBe('');
      expect(events()).toEqual(['1 started', '1 rolled back by timer', '1 failed']);
    });

    test('confirmation and timer: one of them wins', async () => {
      using space = new Namespace('race');
      const { start, log, enforcer, rules, events } = machine(space);
      for (let round = 0; round < 6; round++) {
        const { pending } = await start(table(23), 2);
        await new Promise((resolve) => setTimeout(resolve, 1700 + 50 * round));
        let confirmed = true;
        try {
          log.confirm(pending, 'tester');
        } catch (error) {
          expect(error).toBeInstanceOf(AlreadyEnded);
          confirmed = false;
        }
        await waitFor(
          () =>
            events().at(-1) ===
            `${pending.change} ${confirmed ? 'confirmed by tester' : 'rolled back by timer'}`,
        );
        expect(rules().includes('dport 23')).toBe(confirmed);
        await enforcer.undo({ transaction: 'add table inet picket; delete table inet picket\n' });
      }
    });
  },
);

test('the journal outlives lines that were cut short, and two writers', async () => {
  const folder = stateFolder();
  const { journal } = new ChangeLog(folder);
  journal.append({ change: 1, event: 'started' });
  writeFileSync(join(folder, 'journal.jsonl'), '{"schemaVersion":1,"ti\n\0\n{}\n', { flag: 'a' });
  journal.append({ change: 1, event: 'confirmed' });
  expect(journal.changes()).toMatchObject([{ change: 1, last: { event: 'confirmed' } }]);
  execFileSync('sh', [
    '-c',
    `for i in 1 2 3; do echo '{"schemaVersion":1,"time":"t","change":2,"event":"started"}' >>"$1"; done`,
    'sh',
    join(folder, 'journal.jsonl'),
  ]);
  expect(journal.entries()).toHaveLength(5);
});

test('texts are bounded, and known by what they are', () => {
  const folder = stateFolder();
  const { texts } = new ChangeLog(folder);
  const digest = texts.keep('a');
  expect(texts.get(digest)).toBe('a');
  writeFileSync(join(folder, 'texts', `${digest}.nft`), 'b');
  expect(texts.get(digest)).toBeUndefined();
  expect(texts.get('../../etc/passwd')).toBeUndefined();
  for (let i = 0; i < 120; i++) texts.keep(`text ${i}`);
  expect(readdirSync(join(folder, 'texts')).length).toBe(100);
});

test('only the owner reads it', () => {
  const folder = stateFolder();
  new ChangeLog(folder).journal.append({ change: 1, event: 'started' });
  const modes = execFileSync('find', [folder, '-printf', '%m %y\\n'], { encoding: 'utf8' });
  expect(new Set(modes.trim().split('\n'))).toEqual(new Set(['700 d', '600 f']));
  expect(readFileSync(join(folder, 'journal.jsonl'), 'utf8')).toMatch(/"time":"\d{4}-\d\d-\d\dT.*Z"/);
});
