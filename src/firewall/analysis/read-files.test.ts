import { expect, test } from 'vitest';
import { readFirewallFiles } from './read-files.ts';

const long = { name: 'long.rules', text: `*filter\n${'\n'.repeat(500_000)}COMMIT\n` };
const short = Array.from({ length: 20 }, (_, at) => ({
  name: `${at}.rules`,
  text: '*filter\n-A INPUT -p tcp --dport 22 -j ACCEPT\n-A INPUT -j DROP\nCOMMIT\n',
}));

test('each place is in its own file', () => {
  const { ruleset, span, text } = readFirewallFiles([long, ...short]);
  const last = ruleset.tables.at(-1)!.chains.get('INPUT')!.rules.at(-1)!;
  expect([span(last.at).file, span(last.at).start.line]).toEqual(['19.rules', 3]);
  expect(text(last.at)).toBe('-A INPUT -j DROP');
});

test('a file does not cost what stands before it', () => {
  const costOf = (files: typeof short) => {
    const begun = process.threadCpuUsage();
    readFirewallFiles(files);
    return process.threadCpuUsage(begun).user;
  };
  const pairs = [1, 2, 3].map(() => costOf([long, ...short]) / costOf([long]));
  expect(Math.min(...pairs)).toBeLessThan(5);
});
