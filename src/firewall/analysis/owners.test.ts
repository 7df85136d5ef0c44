import { expect, test } from 'vitest';
import type { Table } from '../ruleset.ts';
import { firewallOwners, ownerOfChain, ownerOfRule, ownersIn } from './owners.ts';
import { readFirewallFiles } from './read-files.ts';

const table = (name: string, backend: Table['backend'] = 'iptables'): Table => ({
  family: 'ip',
  name,
  backend,
  chains: new Map(),
});

test.each([
  ['DOCKER', 'Docker'],
  ['DOCKER-ISOLATION-STAGE-1', 'Docker'],
  ['DOCKER-USER', 'Docker (for you)'],
  ['KUBE-SERVICES', 'kube-proxy'],
  ['KUBE-ROUTER-INPUT', 'kube-router'],
  ['KUBE-NWPLCY-DEFAULT', 'kube-router'],
  ['cali-FORWARD', 'Calico'],
  ['CILIUM_FORWARD', 'Cilium'],
  ['FLANNEL-FWD', 'Flannel'],
  ['CNI-HOSTPORT-DNAT', 'CNI portmap'],
  ['CNI-DN-0f1e2d3c4b5a', 'CNI portmap'],
  ['CNI-9d71ad1ec4eacf1f9c5c4a9d', 'CNI plugins'],
  ['ufw-before-input', 'ufw'],
  ['ufw6-user-input', 'ufw'],
  ['INPUT_ZONES', 'firewalld'],
  ['IN_public_allow', 'firewalld'],
  ['f2b-sshd', 'fail2ban'],
  ['CROWDSEC_CHAIN', 'CrowdSec'],
  ['LIBVIRT_FWO', 'libvirt'],
  ['NETAVARK_FORWARD', 'podman (netavark)'],
  ['ts-input', 'Tailscale'],
  ['neutron-linuxbri-INPUT', 'OpenStack Neutron'],
])('chain %s is of %s', (chain, name) => expect(ownerOfChain(table('filter'), chain)?.name).toBe(name));

test.each(['INPUT', 'EDGE', 'input', 'DOCKERS', 'LOGGING', 'kube', 'IN_', 'ts-mine'])(
  'chain %s is nobody’s',
  (chain) => expect(ownerOfChain(table('filter'), chain)).toBeUndefined(),
);

test.each([
  ['kube-proxy', 'kube-proxy'],
  ['firewalld', 'firewalld'],
  ['crowdsec6', 'CrowdSec'],
  ['netavark', 'podman (netavark)'],
  ['picket', 'Picket'],
  ['cni_plugins_masquerade', 'CNI plugins'],
])('table %s of nft is of %s', (name, owner) => {
  expect(ownerOfChain(table(name, 'nft'), 'input')?.name).toBe(owner);
});

test('a rule in a chain of the kernel belongs to whom it leads to', () => {
  const { ruleset } = readFirewallFiles([
    {
      name: 'dump',
      text: '*filter\n:INPUT ACCEPT [0:0]\n:f2b-sshd - [0:0]\n-A INPUT -p tcp -j f2b-sshd\n-A INPUT -p udp -j DROP\nCOMMIT\n',
    },
  ]);
  const [filter] = ruleset.tables;
  const input = filter!.chains.get('INPUT')!;
  expect(input.rules.map((rule) => ownerOfRule(filter!, input, rule)?.name)).toEqual(['fail2ban', undefined]);
  expect(ownersIn(ruleset).map(({ name }) => name)).toEqual(['fail2ban']);
});

test('each owner has a name of its own and says what comes of touching it', () => {
  expect(new Set(firewallOwners.map(({ name }) => name)).size).toBe(firewallOwners.length);
  for (const { chains, tables, whenTouched } of firewallOwners) {
    expect(chains ?? tables).toBeDefined();
    expect(whenTouched).toMatch(/^[\w`].*[^.]$/s);
  }
});
