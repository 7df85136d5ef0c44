import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { annotationValue } from './annotation-value.ts';
import { ingressYaml } from './nginx-checks.fixture.ts';

test.each([
  ['limit-rps: 10r/s', '10r/s', 'a whole number'],
  ['proxy-read-timeout: 60s', '60s', 'a whole number'],
  ['force-ssl-redirect: "on"', 'on', '`true` or `false`'],
  ['proxy-body-size: 8 MB', '8 MB', 'a size such as `8k` or `1m`'],
  ['allowlist-source-range: "10.0.0.0/8, office"', 'office', 'address ranges with commas between'],
  ['backend-protocol: H2C', 'H2C', '`HTTP`, `HTTPS`, `AUTO_HTTP`, `GRPC`, `GRPCS` or `FCGI`'],
  ['limit-whitelist: everyone', 'everyone', 'address ranges with commas between'],
  ['affinity: ip', 'ip', '`cookie`'],
])('%s', (annotation, wrong, takes) => {
  const name = annotation.split(':')[0];
  expect(findings(annotationValue, ingressYaml(annotation))).toMatchObject([
    {
      message: `ingress-nginx cannot read \`${wrong}\` as \`${name}\`, so it has no effect`,
      help: `write ${takes}`,
    },
  ]);
});

test.each([
  'limit-rps: "10"',
  'force-ssl-redirect: "T"',
  'backend-protocol: grpc',
  'proxy-body-size: 8m',
  'allowlist-source-range: "10.0.0.0/8, 192.0.2.1, 2001:db8::/32"',
  'limit-rps: "$(LIMIT)"',
  'limit-rps: ""',
  'no-such-thing: "x"',
])('nothing to say: %s', (annotation) => {
  expect(findings(annotationValue, ingressYaml(annotation))).toEqual([]);
});
