import { describe, expect, test } from 'vitest';
import { Refused, StalePlan } from './enforcer.ts';
import { cannotEnforce, foreignRules, Namespace } from './namespace.fixture.ts';
import { NftablesEnforcer, transactionOf } from './nftables.ts';

const table = (body: string) => `table inet picket {\n${body}\n}\n`;
const input = (...rules: string[]) =>
  `chain input {\n type filter hook input priority -10; policy accept;\n ${rules.join('\n ')}\n}`;
const block = 'set block4 {\n type ipv4_addr\n flags timeout\n size 100\n}';
const first = table(`${block}\n${input('ip saddr @block4 drop', 'tcp dport 22 accept')}`);
const second = table(`${block}\n${input('ip saddr @block4 drop', 'tcp dport { 22, 443 } accept')}`);

describe.skipIf(cannotEnforce !== undefined)(
  `the table of a namespace${cannotEnforce ? ` (skipped: ${cannotEnforce})` : ''}`,
  () => {
    const apply = async (space: Namespace, text: string) => {
      const enforcer = new NftablesEnforcer(space.runner);
      return enforcer.apply(await enforcer.plan(await enforcer.read(), text));
    };
    const list = (space: Namespace) => space.run('nft', ['list', 'table', 'inet', 'picket']);

    test('made, changed, undone, removed; nothing of others changes', async () => {
      using space = new Namespace('change');
      foreignRules(space);
      const foreign = space.foreign();
      expect(foreign).toContain('KUBE-SERVICES');
      const enforcer = new NftablesEnforcer(space.runner);
      const made = await apply(space, first);
      expect(list(space)).toContain('tcp dport 22 accept');
      const changed = await apply(space, second);
      expect(list(space)).toContain('tcp dport { 22, 443 } accept');
      expect(space.foreign()).toBe(foreign);
      await enforcer.undo(changed);
      expect(list(space)).toContain('tcp dport 22 accept');
      await enforcer.undo(made);
      expect(() => list(space)).toThrow(/No such file/);
      await apply(space, second);
      await apply(space, '');
      expect(() => list(space)).toThrow(/No such file/);
      expect(space.foreign()).toBe(foreign);
    });

    test('reading changes nothing, and sees every kind of table', async () => {
      using space = new Namespace('read');
      const enforcer = new NftablesEnforcer(space.runner);
      const empty = await enforcer.read();
      expect([empty.own, empty.others]).toEqual(['', '']);
      expect(space.run('nft', ['list', 'ruleset'])).toBe('');
      foreignRules(space);
      const state = await enforcer.read();
      expect(Object.keys(state.dumps).sort()).toEqual([
        'ip6tables-legacy-save',
        'ip6tables-nft-save',
        'iptables-legacy-save',
        'iptables-nft-save',
      ]);
      expect(state.others).toContain('table inet others');
      expect(state.othersDigest).not.toBe(empty.othersDigest);
      expect((await enforcer.read()).othersDigest).toBe(state.othersDigest);
      space.run('iptables-legacy', ['-P', 'FORWARD', 'DROP']);
      expect((await enforcer.read()).othersDigest).not.toBe(state.othersDigest);
    });

    test('what is there already is not done again, counters and blocks notwithstanding', async () => {
      using space = new Namespace('same');
      const text = first.replace('tcp dport 22', 'tcp dport 22 counter');
      await apply(space, text);
      space.run('nft', ['add element inet picket block4 { 198.51.100.7 timeout 1h }']);
      space.run('bash', ['-c', 'exec 3<>/dev/tcp/127.0.0.1/22 || true']);
      expect(list(space)).not.toContain('packets 0');
      const enforcer = new NftablesEnforcer(space.runner);
      const handle = space.run('nft', ['-a', 'list', 'table', 'inet', 'picket']).split('\n')[0];
      const change = await enforcer.plan(await enforcer.read(), `# the same\n${text}`);
      expect(change.isEmpty).toBe(true);
      await enforcer.apply(change);
      expect(space.run('nft', ['-a', 'list', 'table', 'inet', 'picket']).split('\n')[0]).toBe(handle);
    });

    test('blocks go on with the time that they have left, and end where their set does', async () => {
      using space = new Namespace('blocks');
      await apply(space, first);
      space.run('nft', ['add element inet picket block4 { 198.51.100.7 timeout 1h expires 10m }']);
      const enforcer = new NftablesEnforcer(space.runner);
      const change = await enforcer.plan(await enforcer.read(), second);
      expect([change.keeps, change.ends]).toEqual([{ block4: 1 }, {}]);
      // One that comes after the plan is kept, too.
      space.run('nft', ['add element inet picket block4 { 198.51.100.8 timeout 1h }']);
      const undo = await enforcer.apply(change);
      expect(list(space)).toMatch(/198\.51\.100\.7 timeout 1h expires 9m5\d/);
      expect(list(space)).toMatch(/198\.51\.100\.8 timeout 1h expires 59m5\d/);
      expect(undo.transaction).toMatch(/198\.51\.100\.8 timeout 1h expires 59m5\d/);
      const other = second
        .replace('type ipv4_addr', 'type ipv4_addr . inet_service')
        .replace('ip saddr @', 'ip saddr . tcp dport @');
      const ending = await enforcer.plan(await enforcer.read(), other);
      expect([ending.keeps, ending.ends]).toEqual([{}, { block4: 2 }]);
      await enforcer.apply(ending);
      expect(list(space)).not.toContain('198.51.100.7');
      await enforcer.undo(undo);
      expect(list(space)).toContain('198.51.100.7');
    });

    test('a plan is refused when somebody else was faster', async () => {
      using space = new Namespace('stale');
      await apply(space, first);
      const enforcer = new NftablesEnforcer(space.runner);
      const change = await enforcer.plan(await enforcer.read(), second);
      space.run('nft', ['add rule inet picket input tcp dport 23 drop']);
      const before = space.run('nft', ['list', 'ruleset']);
      await expect(enforcer.apply(change)).rejects.toMatchObject({ constructor: StalePlan, what: 'own' });
      expect(space.run('nft', ['list', 'ruleset'])).toBe(before);
      const again = await enforcer.plan(await enforcer.read(), second);
      foreignRules(space);
      await expect(enforcer.apply(again)).rejects.toMatchObject({ constructor: StalePlan, what: 'others' });
    });

    test.each([
      ['flush ruleset\ntable inet picket { }', /something else than a table: flush/, { line: 1, column: 1 }],
      ['table inet picket { }\ntable ip filter { }', /ip filter is not Picket's/, { line: 2, column: 1 }],
      ['table inet picket { }\ntable inet picket { }', /2 tables/, undefined],
      ['table inet picket {\n include "/etc/x.nft"\n}', /another file is included/, { line: 2, column: 2 }],
      [
        'table inet picket {\n chain a {\n  tcp dport bogus accept\n }\n}',
        /does not take it: .*service/i,
        { line: 3, column: 13 },
      ],
      ['table inet picket { chain a { jump nowhere; } }', /does not take it/, { line: 1, column: 47 }],
      ['table inet picket { chain a {', /something else than a table/, { line: 1, column: 1 }],
    ])('refused, and nothing changed: %j', async (text, message, at) => {
      using space = new Namespace('wrong');
      await apply(space, first);
      const before = space.run('nft', ['list', 'ruleset']);
      const enforcer = new NftablesEnforcer(space.runner);
      const error = await enforcer.plan(await enforcer.read(), text).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(Refused);
      expect((error as Refused).message).toMatch(message);
      expect((error as Refused).at).toEqual(at);
      expect(space.run('nft', ['list', 'ruleset'])).toBe(before);
    });

    test('what the kernel refuses in the end changes nothing', async () => {
      using space = new Namespace('full');
      await apply(space, first);
      space.run('nft', [
        'add element inet picket block4 { 198.51.100.7 timeout 1h, 198.51.100.8 timeout 1h }',
      ]);
      const enforcer = new NftablesEnforcer(space.runner);
      const change = await enforcer.plan(await enforcer.read(), second);
      const small = { ...change, after: second.replace('size 100', 'size 1') };
      await expect(enforcer.apply(small)).rejects.toThrow(Refused);
      expect(list(space)).toMatch(/198\.51\.100\.7.*198\.51\.100\.8/);
      expect(list(space)).toContain('tcp dport 22 accept');
    });

    test('where namespaces cannot be made, a text is known again by what was applied', async () => {
      using space = new Namespace('plain');
      const { runner } = space;
      const without = {
        find: (name: string) => (name === 'unshare' ? undefined : runner.find(name)),
        run: runner.run.bind(runner),
        detach: runner.detach.bind(runner),
      };
      await apply(space, first);
      const { ownDigest } = await new NftablesEnforcer(without).read();
      const { digestOf } = await import('./nftables.ts');
      const enforcer = new NftablesEnforcer(without, { textDigest: digestOf(first), ownDigest });
      const same = await enforcer.plan(await enforcer.read(), first);
      expect([same.isEmpty, same.canonical]).toEqual([true, undefined]);
      expect((await enforcer.plan(await enforcer.read(), second)).isEmpty).toBe(false);
      space.run('nft', ['add rule inet picket input tcp dport 23 drop']);
      expect((await enforcer.plan(await enforcer.read(), first)).isEmpty).toBe(false);
    });
  },
);

test('a transaction names our table alone', () => {
  expect(transactionOf('table inet picket { }', ['add element inet picket s { 1 }'])).toBe(
    'add table inet picket; delete table inet picket\ntable inet picket { }\nadd element inet picket s { 1 }\n',
  );
});
