import { expect, test } from 'vitest';
import type { HostFirewallSpec } from '../../manifest/host-firewall/schema.ts';
import { compileHostFirewall } from './compile.ts';
import { siteHosts } from './declarations.fixture.ts';
import { resolveHostFirewall } from './resolve.ts';

const accepted = (spec: HostFirewallSpec) => {
  const { text } = compileHostFirewall(
    resolveHostFirewall({ icmp: { echo: false }, ...spec }, siteHosts).firewall,
  );
  return [...text.matchAll(/^\t\t(.*) counter accept comment/gm)].map(([, line]) => line);
};

test('a name that nothing declares is nobody', () => {
  expect(accepted({ allow: [{ service: 'ssh', from: 'nowhere' }] })).toEqual([]);
  expect(accepted({ allow: [{ service: 'ssh', from: ['nowhere', '192.0.2.1'] }] })).toEqual([
    'ip saddr 192.0.2.1 tcp dport 22',
  ]);
});

test('each protocol once, with all its ports', () => {
  expect(accepted({ allow: [{ service: ['dns', 'https', 'ntp', 'dns'] }] })).toEqual([
    'tcp dport { 53, 443 }',
    'udp dport { 53, 123 }',
  ]);
  expect(accepted({ allow: [{ protocol: ['udp', 'gre'], ports: null }] })).toEqual([
    'meta l4proto udp',
    'meta l4proto 47',
  ]);
  expect(accepted({ allow: [{ ports: ['1-65535', 7] }] })).toEqual(['tcp dport 1-65535']);
});

test('ranges that overlap are one, and a whole IP version is no range', () => {
  expect(accepted({ allow: [{ from: ['192.0.2.0/25', '192.0.2.128/25', '192.0.2.9'] }] })).toEqual([
    'ip saddr 192.0.2.0/24',
  ]);
  expect(accepted({ allow: [{ from: ['0.0.0.0/0', '192.0.2.9'] }] })).toEqual(['meta nfproto ipv4']);
  expect(accepted({ allow: [{ from: '192.0.2.9', to: '2001:db8::1' }] })).toEqual([]);
});
