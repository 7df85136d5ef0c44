import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { drop, firewallYaml, ssh, wait } from './firewall-checks.fixture.ts';
import { scriptEnds } from './script-ends.ts';

test('is told where it is', () => {
  const found = findings(scriptEnds, firewallYaml([ssh, drop]));
  expect(found).toMatchObject([{ at: drop }]);
  expect(found[0]!.message).toMatch(/restarted for ever/);
});

test.each([
  [`it waits, as the help says`, firewallYaml(["trap 'iptables -F EDGE; exit 0' TERM INT", ssh, drop, wait])],
  [`it sleeps for ever`, firewallYaml([drop, 'sleep infinity'])],
  [`it hands over`, firewallYaml([drop, 'exec something'])],
])('nothing to say: %s', (_, text) => expect(findings(scriptEnds, text)).toEqual([]));
