import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cannotEnforce, foreignRules } from '../../src/enforce/namespace.fixture.ts';
import { NftablesEnforcer } from '../../src/enforce/nftables.ts';
import { root, until } from '../harness.ts';
import { killNow, machineAddress, Site } from './machine.fixture.ts';

const table = (policy: string, ...rules: string[]) =>
  `table inet picket {
  set block4 { type ipv4_addr; size 1024; flags timeout; }
  chain input {
    type filter hook input priority -10; policy ${policy};
    iifname "lo" accept
    ct state established,related accept
    meta l4proto ipv6-icmp accept
    ip saddr @block4 drop
    ${rules.join('\n    ')}
  }
}
`;
const open = table('drop', 'tcp dport { 22, 7000 } accept');
const closed = table('drop', 'tcp dport 7000 accept');
/** It cuts the connection itself, and all others. */
const cut = `table inet picket {\n chain input {\n type filter hook input priority -10; policy drop;\n iifname "lo" accept\n }\n}\n`;

describe.skipIf(cannotEnforce !== undefined)(
  `the packet filter of a machine${cannotEnforce ? ` (skipped: ${cannotEnforce})` : ''}`,
  () => {
    test('2,000 connections are opened during ten replacements, and no packet of them is lost', async () => {
      using site = new Site();
      await site.serve(7000);
      const enforcer = new NftablesEnforcer(site.machine.runner);
      const apply = async (text: string) => enforcer.apply(await enforcer.plan(await enforcer.read(), text));
      await apply(open);
      // Each is answered before the next begins: else a server that has no processor lets its queue run over, and that loses packets, too.
      const flows = (least: number) => {
        const script = `const net = require('net'); let [done, failed, isOver] = [0, 0, false];
          const one = () => { if (isOver && done + failed >= ${least}) return; const s = net.connect(7000, '${machineAddress}', () => s.write('x'));
            s.on('data', () => { done++; s.resetAndDestroy(); one(); }).on('error', () => { failed++; one(); }); };
          for (let i = 0; i < 20; i++) one();
          process.stdin.on('end', () => { isOver = true; }).resume();
          process.on('exit', () => console.log(done, failed));`;
        return site.start(site.admin, process.execPath, '-e', script);
      };
      const sentAgain = () =>
        Number(/\nTcp: (?:-?\d+ ){11}(\d+)/.exec(site.admin.run('cat', ['/proc/net/snmp']))?.[1]);
      const during = async (change: () => Promise<unknown>) => {
        const before = sentAgain();
        const child = flows(2000);
        let said = '';
        child.stdout?.on('data', (text) => {
          said += text;
        });
        for (let i = 0; i < 10; i++) await change();
        child.stdin?.end();
        await until('all connections are opened', () => said || undefined, 60_000);
        const [done = 0, failed] = said.trim().split(' ').map(Number);
        return { enough: done >= 2000, failed, again: sentAgain() - before };
      };
      const port = (n: number) => table('drop', `tcp dport { 22, 7000, ${n} } accept`);
      let n = 7001;
      const ours = await during(() => apply(port(n++)));
      expect(ours).toEqual({ enough: true, failed: 0, again: 0 });
      // What is emptied and filled again loses some: the count would tell.
      const load = (text: string) => site.machine.run('nft', ['-f', '-'], text);
      const flushed = await during(async () => {
        load('flush chain inet picket input\n');
        load('add rule inet picket input tcp dport 7000 accept\n');
      });
      expect(flushed.again).toBeGreaterThan(0);
    });

    test('what would cut ssh is refused by name, and nothing is changed', async () => {
      using site = new Site();
      await site.serve(22);
      const { sshConnection } = await site.connect(22);
      const nft = site.file('closed.nft', closed);
      const { code, out, err } = site.picket(['apply', '--nft', nft], { SSH_CONNECTION: sshConnection });
      expect(code).toBe(1);
      expect(err).toContain('refused: this cuts ssh from 203.0.113.7 (input: policy drop)');
      expect(err).toContain('--accept-risk=ssh');
      expect(out).toContain('+\t\ttcp dport 7000 accept');
      expect(site.rules()).toBe('');
      expect(site.picket(['rollback', '--list']).out).toBe('nothing was changed yet\n');
      const good = site.picket(['plan', '--nft', site.file('open.nft', open)], {
        SSH_CONNECTION: sshConnection,
      });
      expect([good.code, good.err, good.out.includes('risk')]).toEqual([1, '', false]);
    });

    test('accepted and not confirmed, the old state comes back, also where Picket was killed', async () => {
      using site = new Site();
      await Promise.all([site.serve(22), site.serve(7000)]);
      const first = site.picket(['apply', '--nft', site.file('open.nft', open), '--confirm-by', 'nobody']);
      expect([first.code, first.err]).toEqual([0, '']);
      const before = site.rules();
      const ssh = await site.connect(22);
      await ssh.echoes('before', 5000);
      const env = { SSH_CONNECTION: ssh.sshConnection };
      const nft = site.file('cut.nft', cut);
      const args = [
        'apply',
        '--nft',
        nft,
        '--accept-risk',
        'ssh,established,dns,path-mtu,neighbour-discovery',
        '--confirm',
        '12s',
      ];
      const left = site.picket(args, env);
      // The connection is still there, and nothing was sent over it yet.
      expect([left.code, left.err]).toEqual([0, '']);
      expect(left.out).toContain('picket confirm');
      expect(site.reaches(22)).toBe(false);
      await until('the old state is back', () => site.rules() === before || undefined, 40_000);
      await until('ssh is reached again', () => site.reaches(22) || undefined, 20_000);
      await ssh.echoes('after', 10_000);
      expect(site.picket(['rollback', '--list']).out).toMatch(
        /^2 .*rolled back by timer {2}ssh,established,/m,
      );

      const [program, all] = site.machine.command(
        'env',
        `SSH_CONNECTION=${ssh.sshConnection}`,
        join(root, 'picket'),
        ...args,
        '--state',
        site.state,
      );
      const child = site.start(site.machine, 'env', ...all.slice(2));
      expect(program).toBe('nsenter');
      await until(
        'the change is in force',
        () => (site.rules() !== before && site.rules() !== '') || undefined,
        20_000,
      );
      killNow(child.pid!);
      await until('it is killed', () => child.signalCode ?? undefined);
      expect(site.reaches(22)).toBe(false);
      await until('the old state is back', () => site.rules() === before || undefined, 40_000);
      await ssh.echoes('again', 10_000);
      expect(site.picket(['confirm']).err).toMatch(/no change waits .* change 3 was rolled back by timer/);
    }, 180_000);

    test('a change after which a probe fails is rolled back at once, one after which it works is kept', async () => {
      using site = new Site();
      const script = `require('net').createServer((s) => s.destroy()).listen(6443, () => console.log('ready'))`;
      site.start(site.admin, process.execPath, '-e', script);
      await until(
        'the target listens',
        () =>
          site.machine
            .run('bash', ['-c', 'exec 3<>/dev/tcp/203.0.113.7/6443 && echo yes || echo no'])
            .includes('yes') || undefined,
        20_000,
      );
      const probe = ['--confirm-by', 'probe', '--probe', '203.0.113.7:6443'];
      const kept = site.picket(['apply', '--nft', site.file('open.nft', open), ...probe]);
      expect([kept.code, kept.err]).toEqual([0, '']);
      expect(kept.out).toContain('change 1 is in force and confirmed');
      const before = site.rules();
      const out = open.replace(
        'chain input',
        'chain output {\n type filter hook output priority -10;\n tcp dport 6443 drop\n }\n chain input',
      );
      const lost = site.picket(['apply', '--nft', site.file('out.nft', out), ...probe, '-o', 'json']);
      expect(lost.code).toBe(1);
      expect(lost.err).toContain('rolled back: no longer reached: 203.0.113.7:6443');
      expect(JSON.parse(lost.out)).toMatchObject({
        outcome: 'rolled back',
        change: 2,
        probes: [{ works: false }],
      });
      expect(site.rules()).toBe(before);
      const none = site.picket([
        'apply',
        '--nft',
        site.file('out.nft', out),
        '--confirm-by',
        'probe',
        '--probe',
        '203.0.113.7:1',
      ]);
      expect([none.code, site.rules()]).toEqual([3, before]);
    });

    test('tables of others stay as they are, byte for byte', () => {
      using site = new Site();
      foreignRules(site.machine);
      const foreign = site.machine.foreign();
      const nft = site.file('open.nft', open);
      const run = (...args: string[]) => {
        const { code, err } = site.picket(args);
        expect([args, code, err]).toEqual([args, args[0] === 'plan' ? 1 : 0, '']);
        expect(site.machine.foreign()).toBe(foreign);
      };
      run('plan', '--nft', nft);
      run('apply', '--nft', nft);
      run('confirm');
      run('apply', '--nft', site.file('closed.nft', closed), '--accept-risk', 'ssh');
      run('rollback');
      run('apply', '--remove', '--confirm-by', 'nobody');
      expect(site.rules()).not.toContain('inet picket');
    });

    test('journal, rollback, idempotence, drift', () => {
      using site = new Site();
      const [a, b] = [site.file('a.nft', open), site.file('b.nft', closed)];
      const apply = (...args: string[]) => site.picket(['apply', '--confirm-by', 'nobody', ...args]).code;
      expect([apply('--nft', a, '--reason', 'the first'), apply('--nft', b)]).toEqual([0, 0]);
      site.machine.run('nft', ['add element inet picket block4 { 192.0.2.7 timeout 1h }']);
      const same = site.picket(['apply', '--nft', b]);
      expect([same.code, same.out]).toEqual([0, `nothing to change: the table is as ${b} says\n`]);
      expect(site.picket(['plan', '--nft', b]).code).toBe(0);
      expect(site.picket(['rollback', '--confirm-by', 'nobody']).code).toBe(0);
      expect(site.rules()).toMatch(/dport \{ 22, 7000 \}/);
      // What was blocked meanwhile stays so.
      expect(site.rules()).toMatch(/192\.0\.2\.7 timeout 1h expires 59m/);
      expect(site.picket(['rollback', '--to', '2', '--confirm-by', 'nobody']).code).toBe(0);
      expect(site.rules()).not.toMatch(/dport \{ 22, 7000 \}/);
      expect(site.picket(['rollback', '--to', '0', '--confirm-by', 'nobody']).code).toBe(0);
      expect(site.rules()).toBe('');
      const { changes } = JSON.parse(site.picket(['rollback', '--list', '-o', 'json']).out);
      expect(
        changes.map(
          ({ change, reason, outcome }: { change: number; reason: string; outcome: { event: string } }) => [
            change,
            reason,
            outcome.event,
          ],
        ),
      ).toEqual([
        [1, 'the first', 'confirmed'],
        [2, b, 'confirmed'],
        [3, 'rollback to the state before change 2', 'confirmed'],
        [4, 'rollback to the state after change 2', 'confirmed'],
        [5, 'rollback to the state before the first change', 'confirmed'],
      ]);
      expect(
        readFileSync(join(site.state, 'firewall/journal.jsonl'), 'utf8').trim().split('\n'),
      ).toHaveLength(15);

      expect(apply('--nft', a)).toBe(0);
      site.machine.run('nft', ['add rule inet picket input tcp dport 23 accept']);
      const drift = site.picket(['plan', '--nft', a]);
      expect(drift.code).toBe(1);
      expect(drift.out).toContain('-\t\ttcp dport 23 accept');
      expect(drift.out).toContain('drift: the table is not what was applied last');
      expect(site.picket(['rollback', '--to', '99']).code).toBe(2);
    });

    test('a wrong text is told with its place, and nothing is changed', () => {
      using site = new Site();
      const wrong = site.file('wrong.nft', table('drop', 'tcp dport bogus accept'));
      const { code, err } = site.picket(['apply', '--nft', wrong]);
      expect(code).toBe(1);
      expect(err).toContain('error[PKT0600]: nft does not take it: Could not resolve service');
      expect(err).toContain(`--> ${wrong}:9:15`);
      expect(err).toMatch(/\|\s+tcp dport bogus accept\n.*\^\^\^\^\^\n/);
      const foreign = site.picket(['plan', '--nft', site.file('foreign.nft', 'table ip filter { }\n')]);
      expect(foreign.err).toContain("the table ip filter is not Picket's to change");
      expect(site.picket(['apply', '--nft', join(site.folder, 'none.nft')]).code).toBe(2);
      expect([site.rules(), existsSync(join(site.state, 'firewall/journal.jsonl'))]).toEqual(['', false]);
    });

    test('conversations that are open, and what would become of them', async () => {
      using site = new Site();
      await Promise.all([site.serve(22), site.serve(7000)]);
      site.picket(['apply', '--nft', site.file('open.nft', open), '--confirm-by', 'nobody']);
      await site.connect(7000);
      const { out } = site.picket([
        'plan',
        '--nft',
        site.file('none.nft', table('drop', 'tcp dport 22 accept')),
      ]);
      expect(out).toContain('open now: 1 conversations looked at, 1 could not begin any more');
      expect(out).toContain('203.0.113.7 > 198.51.100.2:7000 tcp  not any more  policy drop');
      const { open: seen } = JSON.parse(
        site.picket(['plan', '--nft', site.file('cut.nft', cut), '-o', 'json']).out,
      );
      expect(seen).toMatchObject({ looked: 1, now: 1, anew: 0 });
    });

    test('at a terminal a person is asked', async () => {
      using site = new Site();
      const answers = async (answer: string) => {
        const child = site.start(
          site.machine,
          'script',
          '-qefc',
          `${join(root, 'picket')} apply --nft ${site.file('open.nft', open)} --state ${site.state}`,
          '/dev/null',
        );
        let said = '';
        child.stdout?.on('data', (text) => {
          said += text;
        });
        await until('it asks', () => said.includes('Type yes: ') || undefined, 20_000);
        child.stdin?.write(`${answer}\n`);
        await until('it ends', () => child.exitCode ?? undefined, 20_000).catch(() => {});
        return { said, code: child.exitCode };
      };
      const no = await answers('no');
      expect([no.code, no.said.includes('rolled back: not confirmed'), site.rules()]).toEqual([1, true, '']);
      const yes = await answers('yes');
      expect([yes.code, yes.said.includes('in force and confirmed')]).toEqual([0, true]);
      expect(site.rules()).toContain('inet picket');
    });
  },
);
