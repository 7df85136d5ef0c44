import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Action } from '../../respond/model.ts';
import { cannotEnforce, foreignRules, Namespace } from '../namespace.fixture.ts';
import { NftablesEnforcer } from '../nftables.ts';
import type { Runner } from '../runner.ts';
import { RespondTable } from './respond-table.ts';

const block = (prefix: string): Action => ({ kind: 'block', prefix, seconds: 3600 });
const limit = (prefix: string): Action => ({
  kind: 'limit',
  prefix,
  seconds: 3600,
  rate: { count: 2, period: 'minute', burst: 2 },
});

/** The namespace's neighbour, joined by a cable; `neighbour` is the attacker. */
function pair() {
  const [machine, neighbour] = [new Namespace('respond'), new Namespace('attacker')];
  machine.run('ip', ['link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', neighbour.name]);
  for (const [space, last] of [
    [machine, 1],
    [neighbour, 2],
  ] as const) {
    space.run('ip', ['address', 'add', `198.51.100.${last}/24`, 'dev', 'eth0']);
    space.run('ip', ['address', 'add', `2001:db8::${last}/64`, 'dev', 'eth0', 'nodad']);
    space.run('ip', ['link', 'set', 'eth0', 'up']);
  }
  const answers = (count: number, to: string, from = neighbour) => {
    const shell = `ping -n -q -c ${count} -i 0.05 -W 0.3 ${to} | grep -o '[0-9]* received' || true`;
    return Number.parseInt(from.run('sh', ['-c', shell]), 10);
  };
  return {
    machine,
    neighbour,
    table: new RespondTable(machine.runner),
    answers,
    rules: () => machine.run('nft', ['list', 'ruleset']),
    [Symbol.dispose]: () => {
      machine[Symbol.dispose]();
      neighbour[Symbol.dispose]();
    },
  };
}

describe.skipIf(cannotEnforce !== undefined)(
  `the table of responses${cannotEnforce ? ` (skipped: ${cannotEnforce})` : ''}`,
  () => {
    test.each([
      ['198.51.100.2/32', '198.51.100.1'],
      ['198.51.100.0/30', '198.51.100.1'],
      ['2001:db8::2/128', '2001:db8::1'],
      ['203.0.113.0/24', '198.51.100.1'],
      ['2001:db8::2/127', '2001:db8::1'],
    ])('%s is cut, both ways, nothing else is, and it is let in again', async (prefix, to) => {
      using site = pair();
      const { table, answers, machine, rules } = site;
      const back = to.replace(/1$/, '2');
      const isMeant = prefix !== '203.0.113.0/24';
      expect(answers(1, to)).toBe(1);
      await table.put(block(prefix), 'r1', 60);
      expect([answers(2, to), answers(2, back, machine)]).toEqual(isMeant ? [0, 0] : [2, 2]);
      expect(await table.inForce()).toEqual(new Set(['r1']));
      await table.remove(block(prefix), 'r1');
      expect(answers(1, to)).toBe(1);
      await table.tidy();
      expect(rules()).toBe('');
    });

    test('the kernel ends it, and a probation is made longer without a gap', async () => {
      using site = pair();
      const { table, answers, rules } = site;
      await table.put(block('198.51.100.2/32'), 'r1', 2);
      expect(answers(1, '198.51.100.1')).toBe(0);
      await pause(2200);
      expect(answers(1, '198.51.100.1')).toBe(1);
      expect(await table.extend(block('198.51.100.2/32'), 'r1', 60)).toBe(false);
      expect(await table.inForce()).toEqual(new Set());
      await table.put(block('198.51.100.2/32'), 'r2', 2);
      await table.put(block('2001:db8:1::/64'), 'r3', 2);
      await table.put(limit('2001:db8:2::1/128'), 'r4', 2);
      for (const [id, action] of [
        ['r2', block('198.51.100.2/32')],
        ['r3', block('2001:db8:1::/64')],
        ['r4', limit('2001:db8:2::1/128')],
      ] as const)
        expect(await table.extend(action, id, 3600)).toBe(true);
      await pause(2200);
      expect(answers(1, '198.51.100.1')).toBe(0);
      expect(await table.inForce()).toEqual(new Set(['r2', 'r3', 'r4']));
      expect(rules()).toMatch(/198\.51\.100\.2 timeout 1h expires 59m\S+ comment "r2"/);
    });

    test('of a limited address as many packets pass as the rate says, of others all', async () => {
      using site = pair();
      const { table, answers, machine, rules } = site;
      machine.run('ip', ['address', 'add', '198.51.100.9/24', 'dev', 'eth0']);
      await table.put(limit('198.51.100.2/32'), 'r1', 60);
      expect(answers(10, '198.51.100.1')).toBe(2);
      expect(answers(10, '2001:db8::1')).toBe(10);
      await table.remove(limit('198.51.100.2/32'), 'r1');
      expect(answers(5, '198.51.100.1')).toBe(5);
      expect(rules()).not.toContain('limit r1');
      await table.tidy();
      expect(rules()).toBe('');
    });

    test('what a person changed of the rules is put right with the next one', async () => {
      using site = pair();
      const { table, answers, machine } = site;
      await table.put(block('203.0.113.1/32'), 'r1', 60);
      machine.run('nft', ['flush chain inet picket_respond incoming']);
      await table.put(block('198.51.100.2/32'), 'r2', 60);
      expect(answers(1, '198.51.100.1')).toBe(0);
      machine.run('nft', ['delete table inet picket_respond']);
      await table.put(block('198.51.100.2/32'), 'r3', 60);
      expect(answers(1, '198.51.100.1')).toBe(0);
      expect(await table.inForce()).toEqual(new Set(['r3']));
    });

    test('tables of others and what was applied stay as they are, byte for byte; with the table gone all is as before', async () => {
      using site = pair();
      const { table, machine, rules } = site;
      foreignRules(machine);
      const enforcer = new NftablesEnforcer(machine.runner);
      await enforcer.apply(
        await enforcer.plan(
          await enforcer.read(),
          'table inet picket { chain x { type filter hook input priority -10; }; }\n',
        ),
      );
      const before = [rules(), machine.run('iptables-legacy-save', []).replace(/^#.*$/gm, '')];
      const own = await enforcer.readOwnDigest();
      await table.put(block('198.51.100.2/32'), 'r1', 60);
      expect(await enforcer.readOwnDigest()).toBe(own);
      await table.clear();
      expect([rules(), machine.run('iptables-legacy-save', []).replace(/^#.*$/gm, '')]).toEqual(before);
      await table.clear();
      await table.remove(block('198.51.100.2/32'), 'r1');
      expect(rules()).toBe(before[0]);
    });

    test('a connection that is open is cut, and its entry of connection tracking goes', async () => {
      using site = pair();
      const { table, machine, answers } = site;
      machine.run('nft', [
        'add table inet other; add chain inet other c { type filter hook input priority 0; }; add rule inet other c ct state established accept',
      ]);
      expect(answers(1, '198.51.100.1')).toBe(1);
      const entries = () =>
        machine
          .run('conntrack', ['-L'])
          .split('\n')
          .filter((line) => line.includes('198.51.100.2')).length;
      expect(entries()).toBeGreaterThan(0);
      await table.put(block('198.51.100.2/32'), 'r1', 60);
      await table.forget(block('198.51.100.2/32'));
      expect([answers(1, '198.51.100.1'), entries()]).toEqual([0, 0]);
    });

    test('what stays in force is not said to be taken back', async () => {
      using site = pair();
      const { table, machine } = site;
      await table.put(block('198.51.100.2/32'), 'r1', 60);
      // One that may read, and not delete.
      const reader: Runner = {
        find: (program) => machine.runner.find(program),
        detach: (program, args) => machine.runner.detach(program, args),
        run: (program, args, options) =>
          String(options?.input).includes('delete element')
            ? Promise.resolve({ code: 1, out: '', err: 'Error: Operation not permitted' })
            : machine.runner.run(program, args, options),
      };
      await expect(new RespondTable(reader).remove(block('198.51.100.2/32'), 'r1')).rejects.toThrow(
        /does not take it back: .*not permitted/,
      );
      await table.remove(block('198.51.100.2/32'), 'r1');
      await table.remove(block('198.51.100.2/32'), 'r1');
      expect([...(await table.inForce())]).toEqual([]);
    });

    test('what the kernel does not take changes nothing', async () => {
      using site = pair();
      const { table, rules } = site;
      await table.put(block('198.51.100.0/24'), 'r1', 60);
      const before = rules().replace(/expires \S+/g, '');
      await expect(table.put(block('198.51.100.0/25'), 'r2', 60)).rejects.toThrow(/nft does not take it: /);
      expect(rules().replace(/expires \S+/g, '')).toBe(before);
    });
  },
);
