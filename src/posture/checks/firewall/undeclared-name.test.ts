import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { undeclaredName } from './undeclared-name.ts';

const yaml = (from: string) => `apiVersion: picket.dev/v1alpha1
kind: HostFirewall
metadata: {name: edge}
spec:
  zones: {lan: {interfaces: [eth0]}}
  allow:
  - {service: ssh, from: ${from}}
`;

test('a name that nothing declares is told where it stands, with the nearest that is', () => {
  expect(findings(undeclaredName, yaml('[lan, lna]'))).toEqual([
    {
      at: 'lna',
      message: '`lna` is no zone of this firewall and no host of the site file, did you mean `lan`?',
      help: 'write `lan`',
    },
  ]);
});

test('names that are declared, and addresses, are none', () => {
  expect(findings(undeclaredName, yaml('[lan, 192.0.2.1, "2001:db8::/32"]'))).toEqual([]);
});
