import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { moduleNotMounted } from './module-not-mounted.ts';
import { daemonSetYaml } from './workload-checks.fixture.ts';

const capability = 'securityContext:\n  capabilities:\n    add: [NET_ADMIN, CAP_SYS_MODULE]';
const mount = (path: string) =>
  daemonSetYaml(
    `${capability}\nvolumeMounts: [{name: modules, mountPath: ${path}}]`,
    `volumes: [{name: modules, hostPath: {path: /lib/modules}}]`,
  );
const find = (text: string) => findings(moduleNotMounted, text);

test('no volume has the modules', () => {
  expect(find(daemonSetYaml(capability))).toEqual([
    {
      at: 'CAP_SYS_MODULE',
      message:
        "SYS_MODULE lets container main load code into the kernel, and no volume has the kernel's modules (/lib/modules)",
      help: 'take `SYS_MODULE` out; a module that the kernel lacks is loaded on the machine, in /etc/modules-load.d',
    },
  ]);
  expect(find(mount('/var/modules'))).toHaveLength(1);
});

test('WireGuard needs no module', () => {
  expect(find(daemonSetYaml(`image: example.com/wireguard:1\n${capability}`))).toMatchObject([
    { message: expect.stringMatching(/; WireGuard is in the kernel since 5\.6 and needs none$/) },
  ]);
});

test.each([
  ['mounted', mount('/lib/modules')],
  ['mounted with a slash', mount('/lib/modules/')],
  ['all of /lib', mount('/lib')],
  ['the help applied', daemonSetYaml(capability.replace(', CAP_SYS_MODULE', ''))],
])('silent: %s', (_, text) => expect(find(text)).toEqual([]));
