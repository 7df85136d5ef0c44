import { expect, test } from 'vitest';
import { findings, fixed } from '../checks.fixture.ts';
import { settingsYaml } from './nginx-checks.fixture.ts';
import { unknownConfigKey } from './unknown-config-key.ts';

const rest = 'hsts: "false"';

test('what nginx does anyway', () => {
  const text = settingsYaml(`ssl-prefer-server-ciphers: "on"\n${rest}`);
  expect(findings(unknownConfigKey, text)).toEqual([
    {
      at: 'ssl-prefer-server-ciphers',
      message: "ingress-nginx has no setting `ssl-prefer-server-ciphers`: the server's order always counts",
      help: 'delete it',
    },
  ]);
  expect(fixed(unknownConfigKey, text)).toBe(settingsYaml(rest));
});

test('a near miss', () => {
  const text = settingsYaml(`ssl-cipher: "AES128-SHA"\n${rest}`);
  expect(findings(unknownConfigKey, text)[0]?.help).toBe('write `ssl-ciphers`');
  expect(fixed(unknownConfigKey, text)).toBe(settingsYaml(`ssl-ciphers: "AES128-SHA"\n${rest}`));
});

test.each([
  [
    'rewrite-target: /',
    'it is an annotation of single Ingresses',
    /^delete it; write `nginx.ingress.*rewrite-target`/,
  ],
  ['enable-opentracing: "true"', 'it went with release 1.10.0', /^use `enable-opentelemetry`/],
  ['make-it-fast: "true"', 'it is ignored', /^delete it$/],
])('%s', (setting, why, help) => {
  const [found] = findings(unknownConfigKey, settingsYaml(`${setting}\n${rest}`));
  expect(found?.message).toBe(`ingress-nginx has no setting \`${setting.split(':')[0]}\`: ${why}`);
  expect(found?.help).toMatch(help);
});

test.each([
  ['real keys', settingsYaml('ssl-protocols: TLSv1.3\nssl-ciphers: HIGH\nforce-ssl-redirect: "true"')],
  ['a ConfigMap of something else', settingsYaml('color: blue\nssl-cipher: x', 'shop/app')],
])('nothing to say: %s', (_, text) => expect(findings(unknownConfigKey, text)).toEqual([]));
