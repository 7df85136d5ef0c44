import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { forwardedFromAnyone } from './forwarded-from-anyone.ts';
import { settingsYaml } from './nginx-checks.fixture.ts';

const using = 'use-forwarded-headers: "true"';

test.each([
  ['no ranges', using],
  ['every address', `${using}\nproxy-real-ip-cidr: 0.0.0.0/0`],
  ['every address of IPv6', `${using}\nproxy-real-ip-cidr: 192.0.2.0/28,::/0`],
])('%s', (_, data) => {
  expect(findings(forwardedFromAnyone, settingsYaml(data))).toEqual([
    {
      at: 'use-forwarded-headers',
      message: 'anyone may claim any client address: `X-Forwarded-For` is believed whoever sends it',
      help: 'set `proxy-real-ip-cidr` to the addresses of the balancer in front, e.g. `192.0.2.0/28`',
    },
  ]);
});

test.each([
  ['ranges', settingsYaml(`${using}\nproxy-real-ip-cidr: 192.0.2.0/28`)],
  ['off', settingsYaml('use-forwarded-headers: "false"')],
  ['nobody reads it', settingsYaml(`${using}\nhsts: "true"`, 'shop/app')],
])('nothing to say: %s', (_, text) => expect(findings(forwardedFromAnyone, text)).toEqual([]));
