import { expect, test } from 'vitest';
import { findings, fixed } from '../checks.fixture.ts';
import { ingressYaml } from './nginx-checks.fixture.ts';
import { rateLimitNotRead } from './rate-limit-not-read.ts';

test('the names that people write', () => {
  const text = ingressYaml('rate-limit: "100"\nrate-limit-window: "1m"\nlimit-connections: "10"');
  expect(findings(rateLimitNotRead, text)).toEqual([
    {
      at: 'nginx.ingress.kubernetes.io/rate-limit',
      message:
        '`rate-limit` and `rate-limit-window` are no annotations of ingress-nginx: nothing limits the rate of requests',
      help: 'write `nginx.ingress.kubernetes.io/limit-rpm: "100"`; bursts of 500 pass unless `limit-burst-multiplier` (5) is lowered',
    },
  ]);
  expect(fixed(rateLimitNotRead, text)).toBe(ingressYaml('limit-rpm: "100"\nlimit-connections: "10"'));
});

test('those of an earlier release', () => {
  const text = ingressYaml("global-rate-limit: '50'\nglobal-rate-limit-window: 10s");
  expect(findings(rateLimitNotRead, text)[0]?.message).toBe(
    '`global-rate-limit` and `global-rate-limit-window` are no annotations of ingress-nginx since release 1.12.0: nothing limits the rate of requests',
  );
  expect(fixed(rateLimitNotRead, text)).toBe(ingressYaml("limit-rps: '5'"));
});

test('beside a limit that counts they are deleted', () => {
  const text = ingressYaml('rate-limit: "100"\nlimit-rps: "5"');
  expect(findings(rateLimitNotRead, text)).toMatchObject([
    { message: expect.stringMatching(/only `limit-rps` counts$/), help: 'delete it' },
  ]);
  expect(fixed(rateLimitNotRead, text)).toBe(ingressYaml('limit-rps: "5"'));
});

test.each([
  ['rate-limit: "100"', /^write `nginx.ingress.kubernetes.io\/limit-rpm` \(requests per minute\) or/],
  ['rate-limit-window: "1m"', /^write .*limit-rpm/],
  ['rate-limit: "100"\nrate-limit-window: "1h"', /limit-rpm: "2"`, which is about that rate; bursts of 10 /],
])('no edit where the rate is not told exactly: %s', (annotations, help) => {
  const text = ingressYaml(annotations);
  expect(findings(rateLimitNotRead, text)[0]?.help).toMatch(help);
  expect(() => fixed(rateLimitNotRead, text)).toThrow();
});

test.each([['limit-rpm: "100"'], ['limit-connections: "10"']])('nothing to say: %s', (annotations) => {
  expect(findings(rateLimitNotRead, ingressYaml(annotations))).toEqual([]);
});
