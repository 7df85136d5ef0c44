import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { drop, firewallYaml } from './firewall-checks.fixture.ts';
import { toolMissing } from './tool-missing.ts';

test('is told where it is', () => {
  const found = findings(toolMissing, firewallYaml([drop], { image: 'alpine:latest' }));
  expect(found).toMatchObject([{ at: 'alpine:latest' }]);
  expect(found[0]!.message).toMatch(/^alpine:latest has no iptables: /);
});

test.each([
  [`an image that has it`, firewallYaml([drop])],
  [`it is installed first`, firewallYaml(['apk add iptables', drop], { image: 'alpine:3' })],
  [`no firewall`, firewallYaml(['echo'], { image: 'alpine:3' })],
])('nothing to say: %s', (_, text) => expect(findings(toolMissing, text)).toEqual([]));
