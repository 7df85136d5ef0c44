import { expect, test } from 'vitest';
import { formatAddress } from '../../net/address.ts';
import { cannotEnforce, Namespace } from '../namespace.fixture.ts';
import { readIpAddresses, readIpGateways, readIpRoutes } from './ip-json.ts';
import { readMachine, readSockets } from './read-machine.ts';
import { readNameservers } from './resolv-conf.ts';
import { readSshConnection } from './ssh-connection.ts';
import { readWireguardDump } from './wireguard-dump.ts';

test('SSH_CONNECTION', () => {
  const found = readSshConnection('203.0.113.7 50022 198.51.100.2 22');
  expect([formatAddress(found!.remote.address), found!.remote.port, found!.local.port]).toEqual([
    '203.0.113.7',
    50022,
    22,
  ]);
  expect(formatAddress(readSshConnection('fe80::1%eth0 50022 fe80::2%eth0 22')!.local.address)).toBe(
    'fe80::2',
  );
  for (const wrong of [
    undefined,
    '',
    'a b c d',
    '203.0.113.7 0 198.51.100.2 22',
    '203.0.113.7 1 198.51.100.2 22 5',
  ])
    expect(readSshConnection(wrong)).toBeUndefined();
});

test('resolv.conf', () => {
  const text =
    '# nameserver 192.0.2.1\nnameserver 198.51.100.53\nnameserver fe80::1%eth0\nnameserver\toops\nsearch x\n';
  expect(readNameservers(text).map(formatAddress)).toEqual(['198.51.100.53', 'fe80::1']);
  expect(readNameservers('nameserver 192.0.2.1\n'.repeat(9))).toHaveLength(3);
});

test('wg show all dump', () => {
  const dump =
    'wg0\tPRIVATE\tPUBLIC\t51820\toff\nwg0\tPEER\t(none)\t203.0.113.9:51821\t10.0.0.2/32\t0\t0\t0\toff\nwg0\tP2\t(none)\t(none)\t10.0.0.3/32\t0\t0\t0\toff\nwg0\tP3\t(none)\t[2001:db8::9]:7\t::/0\t0\t0\t0\toff\nnoise\n';
  const [tunnel, ...more] = readWireguardDump(dump);
  expect([tunnel?.name, tunnel?.port, more]).toEqual(['wg0', 51820, []]);
  expect(tunnel?.endpoints.map(({ address, port }) => `${formatAddress(address)} ${port}`)).toEqual([
    '203.0.113.9 51821',
    '2001:db8::9 7',
  ]);
  expect(JSON.stringify(tunnel)).not.toMatch(/PRIVATE|PUBLIC/);
});

test('ip -j: what cannot be read is left out', () => {
  expect(readIpAddresses('')).toEqual([]);
  expect(readIpAddresses('{"no":"list"}')).toEqual([]);
  expect(
    readIpAddresses(
      '[{},{"ifname":"eth0","addr_info":[{"local":"bogus"},{"local":"198.51.100.2","prefixlen":99}]}]',
    ),
  ).toMatchObject([{ name: 'eth0', addresses: [{ prefix: { length: 32 }, dynamic: false }] }]);
  expect(readIpRoutes('[{"dst":"default","dev":"eth0"},{}]')).toEqual(['eth0']);
  const routes =
    '[{"gateway":"198.51.100.1"},{"via":{"host":"fe80::1"}},{"nexthops":[{"gateway":"2001:db8::1"},{}]},{"gateway":"x"}]';
  expect(readIpGateways(routes).map(formatAddress)).toEqual(['198.51.100.1', 'fe80::1', '2001:db8::1']);
});

test('sockets are bounded, and what is beyond is counted', () => {
  const row =
    '   0: 016433C6:0050 026433C6:D431 01 00000000:00000000 02:00000A2B 00000000  1000        0 12345 2 0\n';
  const { connections, unseen } = readSockets(row.repeat(5000), '');
  expect([connections.length, unseen]).toEqual([4096, 904]);
});

test.skipIf(cannotEnforce !== undefined)(
  `a namespace tells what it does${cannotEnforce ? ` (skipped: ${cannotEnforce})` : ''}`,
  async () => {
    using space = new Namespace('machine');
    space.run('ip', ['link', 'add', 'cni0', 'type', 'bridge']);
    space.run('ip', ['address', 'add', '198.51.100.1/24', 'dev', 'cni0']);
    space.run('ip', ['link', 'set', 'cni0', 'up']);
    space.run('ip', ['route', 'add', 'default', 'via', '198.51.100.254']);
    space.run('sh', ['-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward']);
    const hints = {
      sshConnection: undefined,
      resolvConf: ['nameserver 127.0.0.53'],
      admins: [],
      ownPorts: [],
    };
    const machine = await readMachine(space.runner, hints);
    expect(machine.interfaces.map(({ name }) => name)).toEqual(['lo', 'cni0']);
    expect(machine.uplinks).toEqual(['cni0']);
    expect(machine.gateways?.map(formatAddress)).toEqual(['198.51.100.254']);
    expect(machine.forwards).toEqual({ ipv4: true, ipv6: false });
    expect([machine.listeners, machine.connections, machine.nameservers, machine.wireguard]).toEqual([
      [],
      [],
      [],
      [],
    ]);
  },
);
