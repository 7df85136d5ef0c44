import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { drop, firewallYaml, ssh, wait } from './firewall-checks.fixture.ts';
import { rulesOutlive } from './rules-outlive.ts';

test('is told where it is', () => {
  const found = findings(rulesOutlive, firewallYaml([ssh, drop, wait]));
  expect(found).toMatchObject([{ at: drop }]);
  expect(found[0]!.message).toMatch(/its rules stay on every machine/);
});

test.each([
  [
    `a trap deletes them, as the help says`,
    firewallYaml(["trap 'iptables -D INPUT -j EDGE; exit 0' TERM INT", ssh, drop, wait]),
  ],
])('nothing to say: %s', (_, text) => expect(findings(rulesOutlive, text)).toEqual([]));
