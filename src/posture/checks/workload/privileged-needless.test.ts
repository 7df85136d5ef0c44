import { expect, test } from 'vitest';
import { findings, fixed } from '../checks.fixture.ts';
import { privilegedNeedless } from './privileged-needless.ts';
import { daemonSetYaml } from './workload-checks.fixture.ts';

const find = (text: string) => findings(privilegedNeedless, text);
const privileged = 'securityContext:\n  privileged: true';
const filter = (script: string, pod = 'hostNetwork: true') =>
  daemonSetYaml(`image: example.com/nft:1\ncommand: [sh, -ec, "${script}"]\n${privileged}`, pod);

test('a list of capabilities beside it', () => {
  const text = daemonSetYaml(`${privileged}\n  capabilities:\n    add: [NET_ADMIN, SYS_MODULE]`);
  expect(find(text)).toEqual([
    {
      at: 'privileged',
      message:
        'container main of DaemonSet shop/web has every capability and every device of the machine: beside `privileged: true` its list (NET_ADMIN, SYS_MODULE) means nothing',
      help: 'take out `privileged: true` and keep `add: [NET_ADMIN]`',
    },
  ]);
  expect(fixed(privilegedNeedless, text)).not.toContain('privileged');
  expect(find(fixed(privilegedNeedless, text))).toEqual([]);
});

test('a script that sets a packet filter alone', () => {
  const text = filter('iptables -A INPUT -j DROP; sleep 9', 'hostNetwork: true\nhostPID: true');
  expect(find(text)).toEqual([
    {
      at: 'privileged',
      message:
        'container main of DaemonSet shop/web owns the machine and only sets its packet filter: `privileged` and `hostPID` are needless',
      help: 'write `capabilities: {drop: [ALL], add: [NET_ADMIN, NET_RAW]}` in place of `privileged: true`, and take out `hostPID`',
    },
  ]);
  expect(fixed(privilegedNeedless, text)).toContain(
    '        securityContext:\n          capabilities:\n            drop: [ALL]\n            add: [NET_ADMIN, NET_RAW]\n',
  );
  expect(fixed(privilegedNeedless, text)).not.toContain('hostPID');
  expect(find(fixed(privilegedNeedless, text))).toEqual([]);
});

test('nft needs NET_ADMIN alone', () => {
  expect(find(filter('nft add table inet edge'))).toMatchObject([
    { help: 'write `capabilities: {drop: [ALL], add: [NET_ADMIN]}` in place of `privileged: true`' },
  ]);
});

test.each([
  ['not privileged', daemonSetYaml('securityContext:\n  capabilities:\n    add: [NET_ADMIN]')],
  ['nothing tells what it needs', daemonSetYaml(privileged)],
  ['it writes sysctls', filter('sysctl -w net.ipv4.ip_forward=1; nft add table inet edge')],
  ['it enters the machine', filter('nsenter -t 1 -n iptables -A INPUT -j DROP', 'hostPID: true')],
])('silent: %s', (_, text) => expect(find(text)).toEqual([]));

test('hostPID stays where the script looks at processes', () => {
  const text = filter('nft add table inet edge; pkill -HUP dnsmasq', 'hostNetwork: true\nhostPID: true');
  expect(find(text)).toMatchObject([{ message: expect.stringMatching(/: `privileged` is needless$/) }]);
  expect(fixed(privilegedNeedless, text)).toContain('hostPID: true');
});
