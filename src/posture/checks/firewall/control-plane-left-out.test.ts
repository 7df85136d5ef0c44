import { expect, test } from 'vitest';
import { findings, fixed } from '../checks.fixture.ts';
import { controlPlaneLeftOut } from './control-plane-left-out.ts';
import { drop, firewallYaml } from './firewall-checks.fixture.ts';

test('the fix adds the toleration', () => {
  const text = fixed(controlPlaneLeftOut, firewallYaml([drop]));
  expect(findings(controlPlaneLeftOut, text)).toEqual([]);
});

test('is told where it is', () => {
  const found = findings(controlPlaneLeftOut, firewallYaml([drop]));
  expect(found).toMatchObject([{ at: 'firewall' }]);
  expect(found[0]!.message).toMatch(/no pod of this runs there/);
});

test.each([
  [
    `it tolerates the taint, as the help says`,
    firewallYaml([drop], {
      pod: [
        'tolerations: [{key: node-role.kubernetes.io/control-plane, operator: Exists, effect: NoSchedule}]',
      ],
    }),
  ],
  [`it tolerates all`, firewallYaml([drop], { pod: ['tolerations: [{operator: Exists}]'] })],
  [`it is meant for some machines`, firewallYaml([drop], { pod: ['nodeSelector: {edge: "true"}'] })],
])('nothing to say: %s', (_, text) => expect(findings(controlPlaneLeftOut, text)).toEqual([]));
