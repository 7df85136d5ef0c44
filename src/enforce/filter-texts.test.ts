import { expect, test } from 'vitest';
import { listFirewall } from '../firewall/listing/listing.ts';
import { readFilterTexts } from './filter-texts.ts';
import { cannotEnforce, Namespace } from './namespace.fixture.ts';
import type { Runner } from './runner.ts';

const title = (text: string) => (cannotEnforce === undefined ? text : `${text} (skipped: ${cannotEnforce})`);

test.skipIf(cannotEnforce !== undefined)(
  title('rules of nft and of both backends of iptables are read once'),
  async () => {
    using space = new Namespace('listing');
    space.run(
      'nft',
      ['-f', '-'],
      'table inet guard { chain in { type filter hook input priority -5; tcp dport 25 counter drop; }\n}\n',
    );
    space.run('iptables-nft', [
      '-A',
      'INPUT',
      '-p',
      'tcp',
      '--dport',
      '22',
      '-m',
      'limit',
      '--limit',
      '5/min',
      '-j',
      'ACCEPT',
    ]);
    space.run('ip6tables-legacy', ['-A', 'INPUT', '-p', 'tcp', '--dport', '443', '-j', 'DROP']);
    const before = space.foreign();
    const { files, failed } = await readFilterTexts(space.runner);
    expect(failed).toEqual([]);
    expect(files.map(({ name }) => name)).toEqual([
      'nft list ruleset',
      'iptables-nft-save -c',
      'ip6tables-legacy-save -c',
    ]);
    const { hooks, notFollowed } = listFirewall(files);
    expect(notFollowed).toEqual([]);
    expect(hooks).toHaveLength(1);
    const rules = hooks[0]!.chains.map(
      ({ family, backend, rules }) => `${family} ${backend}: ${rules.map(({ conditions }) => conditions)}`,
    );
    expect(rules[0]).toBe('inet nft: tcp to port 25');
    expect(rules.slice(1).sort()).toEqual([
      expect.stringMatching(/^ip iptables: tcp to port 22, .*5\/min/),
      'ip6 iptables-legacy: tcp to port 443',
    ]);
    expect(hooks[0]!.chains[0]!.rules[0]).toMatchObject({ packets: 0, bytes: 0 });
    expect(space.foreign()).toBe(before);
  },
);

/** A machine on which programs say the same of themselves. */
const saying = (programs: readonly string[], answer: { code: number; out: string; err: string }): Runner => ({
  find: (program) => (programs.includes(program) ? `/usr/sbin/${program}` : undefined),
  run: async () => answer,
  detach: () => {
    throw new Error('nothing is started');
  },
});

test('who may not look is told so', async () => {
  const err =
    'Operation not permitted (you must be root)\nnetlink: Error: cache initialization failed: Operation not permitted\n';
  await expect(readFilterTexts(saying(['nft'], { code: 1, out: '', err }))).rejects.toThrow(
    'the packet filter cannot be read: Operation not permitted (you must be root); that needs root or CAP_NET_ADMIN',
  );
  await expect(readFilterTexts(saying([], { code: 0, out: '', err: '' }))).rejects.toThrow(
    'neither nft nor iptables',
  );
});

test('a program that fails for another reason is named', async () => {
  const { files, failed } = await readFilterTexts(
    saying(['nft'], { code: 1, out: '', err: 'nft: it broke\n' }),
  );
  expect(files).toEqual([]);
  expect(failed).toEqual([{ name: 'nft list ruleset', reason: 'nft: it broke' }]);
});
