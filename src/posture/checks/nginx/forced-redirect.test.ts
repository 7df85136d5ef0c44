import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { forcedRedirect } from './forced-redirect.ts';
import { settingsYaml } from './nginx-checks.fixture.ts';

test('it is on', () => {
  expect(findings(forcedRedirect, settingsYaml('force-ssl-redirect: "true"'))).toMatchObject([
    { at: 'force-ssl-redirect', message: expect.stringContaining('if a balancer ends TLS') },
  ]);
});

test.each([
  'force-ssl-redirect: "false"',
  'ssl-redirect: "true"',
  'force-ssl-redirect: "true"\nuse-forwarded-headers: "true"\nproxy-real-ip-cidr: 192.0.2.0/28',
])('nothing to say: %s', (data) => expect(findings(forcedRedirect, settingsYaml(data))).toEqual([]));
