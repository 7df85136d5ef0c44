import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cannotEnforce } from '../../src/enforce/namespace.fixture.ts';
import { command, has, picket, root } from '../harness.ts';
import { Site } from './machine.fixture.ts';

const daemonSet = join(root, 'examples/host-firewall-daemonset');
const unit = join(root, 'examples/systemd/picket-firewall.service');

test('the daemon set that puts a declaration in force has no problem', () => {
  const { code, out } = picket(['check', daemonSet]);
  expect([code, out]).toEqual([0, expect.stringContaining('no problems')]);
});

test.skipIf(!has('systemd-analyze'))(
  `the unit is one that systemd takes${has('systemd-analyze') ? '' : ' (skipped: no systemd-analyze)'}`,
  () => {
    const { code, err } = command('systemd-analyze', ['verify', unit]);
    expect([code, err]).toEqual([0, '']);
  },
);

describe.skipIf(cannotEnforce !== undefined)(
  `the examples at work${cannotEnforce ? ` (skipped: ${cannotEnforce})` : ''}`,
  () => {
    test('the declaration is put in force, and the unit loads it where the machine starts anew', () => {
      using site = new Site();
      const file = join(daemonSet, 'picket.yaml');
      const applied = site.picket(['apply', file, '--confirm-by', 'nobody']);
      expect([applied.code, applied.err]).toEqual([0, '']);
      expect(site.picket(['plan', file]).code).toBe(0);
      const first = site.rules();
      // What is not confirmed does not count.
      expect(site.picket(['apply', '--remove']).code).toBe(0);
      expect(site.rules()).toBe('');
      const [, start = ''] = /^ExecStart=(.*)$/m.exec(readFileSync(unit, 'utf8')) ?? [];
      const [, condition = ''] = /^ConditionPathExists=(.*)$/m.exec(readFileSync(unit, 'utf8')) ?? [];
      const here = (text: string) => text.replace('/var/lib/picket', site.state);
      expect(existsSync(here(condition))).toBe(true);
      const [program = '', ...args] = here(start).split(' ');
      site.machine.run(program, args);
      const steady = (rules: string) => rules.replace(/packets \d+ bytes \d+/g, '');
      expect(steady(site.rules())).toBe(steady(first));
      expect(site.picket(['rollback']).code).toBe(0);
    });
  },
);
