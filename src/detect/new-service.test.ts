import { expect, test } from 'vitest';
import { newService } from './new-service.ts';
import { call, day, hour, watch } from './novelty.fixture.ts';

const till = '10.1.0.5';
const home = call(till, '198.51.100.7', 443);

test('a service that was never used is told once, whoever gives it', () => {
  const { see, live, findings } = watch(newService);
  live(0, 8 * day, home, call(till, '10.1.0.1', 53, { protocol: 17 }));
  see(call(till, '203.0.113.9', 443)(8 * day));
  expect(findings).toEqual([]);
  const finding = see(call(till, '198.51.100.7', 22)(8 * day))!;
  expect(finding).toMatchObject({
    severity: 'low',
    entity: till,
    title: '10.1.0.5 used tcp port 22 for the first time, at 198.51.100.7',
  });
  expect(finding.explanation).toContain(
    'a service that it never used before, at any server. In 8 days of learning it had 2 different services;',
  );
  expect(finding.evidence.map(({ name }) => name)).toEqual([
    'source',
    'new service',
    'destination',
    'services learned',
    'new services within 7 days',
  ]);
  see(call(till, '10.1.0.9', 22)(8 * day + 1));
  expect(findings).toHaveLength(1);
});

test('an answer to a question that somebody else asked in its name is no use of a service', () => {
  const { see, live, findings } = watch(newService);
  live(0, 8 * day, home);
  see(call(till, '203.0.113.9', 22, { sent: { packets: 0, bytes: 0 } })(8 * day));
  expect(findings).toEqual([]);
});

test('TCP and UDP are different services; ports that are handed out are one', () => {
  const { see, live, findings } = watch(newService);
  live(0, 8 * day, home, call(till, '10.1.0.1', 50_000));
  see(call(till, '10.1.0.2', 61_234)(8 * day));
  expect(findings).toEqual([]);
  see(call(till, '198.51.100.7', 443, { protocol: 17 })(8 * day));
  expect(findings.map(({ title }) => title)).toEqual([
    '10.1.0.5 used udp port 443 for the first time, at 198.51.100.7',
  ]);
});

test('who tries many services is told in one alert, who always did not at all, and strangers never', () => {
  const { see, live, findings } = watch(newService);
  live(0, 8 * day, home);
  for (let port = 1000; port < 1030; port++) see(call(till, '10.1.0.9', port)(8 * day + port));
  expect(findings.map(({ title }) => title).slice(5)).toEqual(
    [1, 2, 4, 8, 16].map((n) => `10.1.0.5 uses many new services: ${n} more`),
  );
  findings.length = 0;
  for (let n = 0; n < 24 * 20; n++) see(call('10.1.0.7', '10.1.0.9', 1000 + n)(n * hour));
  live(0, 8 * day, call('198.51.100.7', '203.0.113.9', 443));
  see(call('198.51.100.7', '203.0.113.9', 22)(8 * day));
  expect(findings).toEqual([]);
});
