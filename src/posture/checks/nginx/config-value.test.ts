import { expect, test } from 'vitest';
import { findings, fixed } from '../checks.fixture.ts';
import { configValue } from './config-value.ts';
import { settingsYaml } from './nginx-checks.fixture.ts';

test("a boolean with the value of nginx's directive", () => {
  const text = settingsYaml('ssl-session-cache: "shared:SSL:10m"\nhsts: "false"');
  expect(findings(configValue, text)).toEqual([
    {
      at: '"shared:SSL:10m"',
      message: '`ssl-session-cache` takes `true` or `false`: `shared:SSL:10m` leaves the default, `true`',
      help: 'write `ssl-session-cache: "true"` and `ssl-session-cache-size: 10m`',
    },
  ]);
  const mended = fixed(configValue, text);
  expect(mended).toBe(settingsYaml('ssl-session-cache: "true"\nssl-session-cache-size: 10m\nhsts: "false"'));
  expect(findings(configValue, mended)).toEqual([]);
});

test('the size is set already', () => {
  const text = settingsYaml('ssl-session-cache: "shared:SSL:10m"\nssl-session-cache-size: 20m');
  expect(fixed(configValue, text)).toBe(
    settingsYaml('ssl-session-cache: "true"\nssl-session-cache-size: 20m'),
  );
});

test.each([
  ['use-gzip: "on"', 'use-gzip: "true"'],
  ['ssl-session-cache: none', 'ssl-session-cache: "false"'],
  ['server-tokens: "off"', 'server-tokens: "false"'],
])('%s', (wrong, right) => expect(fixed(configValue, settingsYaml(wrong))).toBe(settingsYaml(right)));

test.each([
  ['keep-alive: 75s', '`keep-alive` takes a whole number: `75s` leaves the default, `75`'],
  [
    'ssl-session-timeout: ten',
    '`ssl-session-timeout` takes a time such as `10m` or `600s`: `ten` is refused',
  ],
  ['proxy-buffering: "true"', '`proxy-buffering` takes `on` or `off`: `true` is refused'],
])('%s', (setting, message) => {
  expect(findings(configValue, settingsYaml(setting))).toMatchObject([{ message }]);
});

test.each([
  'ssl-session-cache: "true"',
  'ssl-session-timeout: 10m',
  'ssl-redirect: "T"',
  'proxy-real-ip-cidr: balancer.example.com',
  'keep-alive: "$(KEEP_ALIVE)"',
  'unheard-of: x',
])('nothing to say: %s', (setting) => expect(findings(configValue, settingsYaml(setting))).toEqual([]));
