import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ExitCode } from '../command.ts';
import { testIo } from '../io.fixture.ts';
import { runProgram } from '../program.ts';

const folder = mkdtempSync(join(tmpdir(), 'picket-compile-'));
afterAll(() => rmSync(folder, { recursive: true }));
const write = (name: string, text: string) => {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), text);
};
const resource = (name: string, spec: string) =>
  `---\napiVersion: picket.dev/v1alpha1\nkind: HostFirewall\nmetadata: {name: ${name}}\nspec: ${spec}\n`;

write('picket.yaml', 'site: a\nfirewall:\n  icmp: {echo: false}\n  allow:\n  - service: https\n');
write('bad/picket.yaml', 'firewall:\n  allow:\n  - {service: httpss}\n  - {service: ssh, from: office}\n');
write(
  'named/picket.yaml',
  'hosts: {office: 198.51.100.0/24}\nfirewall: {allow: [{service: ssh, from: ofice}]}\n',
);
write(
  'two.yaml',
  resource('all', '{}') + resource('edge', '{nodeSelector: {role: edge}, allow: [{service: dns}]}'),
);
write('rivals.yaml', resource('a', '{}') + resource('b', '{}'));
write('none.yaml', 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n');

async function compile(...args: string[]) {
  const io = { ...testIo(), cwd: folder };
  const code = await runProgram(['firewall', 'compile', ...args], () => io);
  return { code, ...io.written };
}

test('the table, with the lines of the declaration', async () => {
  const { code, out, err } = await compile('picket.yaml');
  expect([code, err]).toEqual([ExitCode.clean, '']);
  expect(out).toMatchInlineSnapshot(`
    "# The packet filter that Picket keeps on this machine; changes made here by hand are lost.
    # An accept ends the chain of this table alone: chains of other tables may still drop. A drop is final.
    # A set that limits or connections are counted in and that is full lets pass what it cannot count.
    table inet picket {
    	chain input {
    		type filter hook input priority -10; policy drop;
    		iif "lo" accept
    		ct state established,related accept
    		icmp type { destination-unreachable, time-exceeded, parameter-problem } accept
    		icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept
    		icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } accept
    		ct state invalid counter drop
    		meta nfproto ipv4 udp sport 67 udp dport 68 accept
    		ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept
    		# allow[0] (picket.yaml:5)
    		tcp dport 443 counter accept comment "allow[0]"
    	}
    }
    "
  `);
});

test('JSON says of each line what of the declaration it comes from', async () => {
  const { out } = await compile('picket.yaml', '-o', 'json');
  const { text, origins, ...rest } = JSON.parse(out);
  expect(rest).toEqual({ schemaVersion: 1, declaration: 'picket.yaml' });
  const rule = origins.find(
    ({ part, path }: { part?: string; path: string }) => part === 'rule' && path === 'allow[0]',
  );
  expect(rule.place).toEqual({ file: 'picket.yaml', line: 5, column: 5 });
  expect(text.split('\n')[rule.line - 1].trim()).toBe('tcp dport 443 counter accept comment "allow[0]"');
});

test('of several the one for the machine', async () => {
  expect((await compile('two.yaml')).err).toContain(
    'several host firewalls are declared: HostFirewall all, HostFirewall edge',
  );
  const { code, out } = await compile('two.yaml', '--label', 'role=edge', '--label', 'zone=a');
  expect([code, out.includes('udp dport 53')]).toEqual([ExitCode.clean, true]);
  expect((await compile('two.yaml', '--label', 'role=core')).out).not.toContain('dport 53');
  expect((await compile('two.yaml', '--label', 'role')).code).toBe(ExitCode.usage);
  expect((await compile('rivals.yaml', '--label', 'a=b')).err).toContain(
    'HostFirewall a and HostFirewall b are for a machine',
  );
  expect((await compile('none.yaml')).err).toContain('no host firewall is declared there');
});

test('a declaration with errors stands for no table', async () => {
  for (const [path, code] of [
    ['bad/picket.yaml', 'PKT0051'],
    ['named/picket.yaml', 'PKT1270'],
  ]) {
    const found = await compile(path!);
    expect([found.code, found.out]).toEqual([ExitCode.problems, '']);
    expect(found.err).toContain(code);
    expect(found.err).toContain('picket.yaml has errors, so that it stands for no table');
  }
});
