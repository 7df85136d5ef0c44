import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ExitCode } from '../command.ts';
import { testIo } from '../io.fixture.ts';
import { runProgram } from '../program.ts';

const folder = mkdtempSync(join(tmpdir(), 'picket-import-'));
afterAll(() => rmSync(folder, { recursive: true }));
const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

const script = `iptables -A INPUT -m state --state ESTABLISHED,RELATED -j ACCEPT
iptables -A INPUT -i lo -j ACCEPT
iptables -A INPUT -p tcp --dport 22 -j ACCEPT
iptables -A INPUT -p tcp --dport 6443 -j ACCEPT
iptables -A INPUT -j DROP
`;
write('firewall.sh', `#!/bin/sh\n${script}`);
write(
  'rules.v6',
  '*filter\n:INPUT DROP [0:0]\n-A INPUT -s 2001:db8::/32 -p tcp --dport 22 -j ACCEPT\nCOMMIT\n',
);
write('odd.sh', `${script.replace('-A INPUT -p tcp --dport 22', '-A INPUT -p tcp --sport 22')}`);
write('loop.sh', `while read x; do iptables -A INPUT -p tcp --dport $x -j ACCEPT; done < /etc/ports\n`);
const daemon = (name: string) => `---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: ${name}, namespace: security}
spec:
  selector: {matchLabels: {app: fw}}
  template:
    metadata: {labels: {app: fw}}
    spec:
      hostNetwork: true
      containers:
      - name: main
        command:
        - sh
        - -c
        - |
${script.replace(/^/gm, '          ').trimEnd()}
`;
write('one.yaml', daemon('fw'));
write('two.yaml', daemon('fw') + daemon('other'));

async function run(command: string, ...args: string[]) {
  const io = { ...testIo(), cwd: folder };
  const code = await runProgram(['firewall', command, ...args], () => io);
  return { code, ...io.written };
}

test('a script becomes a HostFirewall, which compiles', async () => {
  const { code, out } = await run('import', 'firewall.sh', '--name', 'edge');
  expect(code).toBe(ExitCode.clean);
  expect(out).toContain('name: edge\n');
  expect(out).toContain(
    '    - { service: ssh } # firewall.sh:4\n    - { service: kubernetes-api } # firewall.sh:5\n',
  );
  write('imported.yaml', out);
  expect((await run('compile', 'imported.yaml')).out).toContain('tcp dport 6443 counter accept');
});

test('what is printed is proved to do the same, and what is meant to change is told with an example', async () => {
  const { code, err } = await run('import', 'firewall.sh');
  expect(code).toBe(ExitCode.clean);
  expect(err).toContain('meant: opened: IPv4 input: udp from port 67 to port 68');
  expect(err).toMatch(/^ {2}e\.g\. IPv4 udp .*:67 > .*:68/m);
  expect(err).toMatch(/^meant: closed: IPv6 input: /m);
  expect(err).not.toMatch(/^differs/m);
  expect(err).toMatch(/^proved: the HostFirewall does the same with every packet, but for what is meant$/m);
  const { out } = await run('import', 'firewall.sh', '-o', 'json');
  const { equal, differences, meant } = JSON.parse(out);
  expect([equal, differences]).toEqual([true, []]);
  expect(meant[0]).toMatchObject({ kind: 'opened', family: 4, chain: 'INPUT', example: { family: 4 } });
});

test('the script of a workload in a manifest, with the lines of the manifest', async () => {
  const { code, out } = await run('import', 'one.yaml');
  expect(code).toBe(ExitCode.clean);
  expect(out).toContain('{ service: ssh } # one.yaml:19\n');
});

test('dumps of both versions are one machine', async () => {
  const { out } = await run('import', 'firewall.sh', 'rules.v6', '-o', 'json');
  const { spec, left, schemaVersion } = JSON.parse(out);
  expect([schemaVersion, left]).toEqual([1, []]);
  expect(spec.allow).toEqual([
    { service: 'ssh', from: ['0.0.0.0/0', '2001:db8::/32'] },
    { service: 'kubernetes-api', from: '0.0.0.0/0' },
  ]);
});

test('what was left out is named with its line, and the exit code says so', async () => {
  const { code, out, err } = await run('import', 'odd.sh');
  expect(code).toBe(ExitCode.problems);
  expect(err).toContain(
    'left out: odd.sh:3: -A INPUT -p tcp --sport 22 -j ACCEPT: it asks for the source port\n',
  );
  expect(out).toContain('kubernetes-api');
  expect(err).toContain('differs: closed: IPv4 input: tcp from port 22');
  expect(err).toContain('the HostFirewall does not do the same');
  const looping = await run('import', 'loop.sh');
  expect(looping.code).toBe(ExitCode.problems);
  expect(looping.err).toContain('not followed: loop.sh:1:');
});

test('what is not one packet filter is refused', async () => {
  expect((await run('import', 'two.yaml')).err).toContain('DaemonSet security/fw, DaemonSet security/other');
  expect((await run('import', 'one.yaml', 'firewall.sh')).code).toBe(ExitCode.usage);
  write('empty.yaml', 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n');
  expect((await run('import', 'empty.yaml')).err).toContain(
    'no workload of these manifests sets a packet filter',
  );
  expect((await run('import', 'firewall.sh', '--name', 'A b')).code).toBe(ExitCode.usage);
});
