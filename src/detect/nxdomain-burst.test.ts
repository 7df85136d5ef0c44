import { beforeAll, expect, test } from 'vitest';
import type { DnsMessage } from '../flow/dns-message.ts';
import { parseAddress } from '../net/address.ts';
import type { Finding } from './detector.ts';
import { answerOf, questionOf } from './dns.fixture.ts';
import { nxdomainBurst } from './nxdomain-burst.ts';
import { loadPublicSuffixes } from './registrable-domain.ts';

beforeAll(loadPublicSuffixes);

function start(settings: object = {}) {
  const detector = nxdomainBurst.create(nxdomainBurst.options.parse(settings));
  const findings: Finding[] = [];
  return { detector, findings, see: (message: DnsMessage) => findings.push(...detector.onDns!(message)) };
}

test('twenty domains that do not exist are told, once a window', () => {
  const { see, findings } = start();
  for (let n = 0; n < 100; n++) see(answerOf(`made-up-${n}.com`, 3, { at: n * 1000 }));
  expect(findings).toHaveLength(1);
  expect(findings[0]).toMatchObject({
    entity: '10.0.0.5',
    at: 19_000,
    title: '10.0.0.5 asks for many domains that do not exist',
  });
  expect(findings[0]!.explanation).toContain('asked for 20 domains within 19 s that do not exist');
  expect(findings[0]!.explanation).toContain('made-up-7.com and 12 more');
  for (let n = 700; n < 800; n++) see(answerOf(`made-up-${n}.com`, 3, { at: n * 1000 }));
  expect(findings).toHaveLength(2);
});

test('not told: among more that exist, one again and again, below one domain, slowly, failures of servers, questions', () => {
  const { see, findings } = start();
  for (let n = 0; n < 300; n++) {
    see(answerOf(`real-${n}.com`));
    see(answerOf(`real-too-${n}.com`));
    see(answerOf(`made-up-${n}.com`, 3));
  }
  for (let n = 0; n < 300; n++) {
    const client = parseAddress('10.0.0.6')!;
    see(answerOf('gone.com', 3, { client }));
    see(answerOf(`h${n}.gone.com`, 3, { client }));
    see(answerOf(`printer-${n}`, 3, { client }));
    see(answerOf(`s${n}.com`, 2, { client }));
    see(questionOf(`q${n}.com`, { client }));
  }
  for (let n = 0; n < 300; n++)
    see(answerOf(`slow-${n}.com`, 3, { client: parseAddress('10.0.0.7')!, at: n * 60_000 }));
  expect(findings).toEqual([]);
});

test('a flood of clients does not push out one that asks like this, and memory is what the doc says', () => {
  const { detector, see, findings } = start({ maxClients: 128 });
  for (let n = 0; n < 30; n++) {
    see(answerOf(`made-up-${n}.com`, 3));
    for (let k = 0; k < 500; k++)
      see(answerOf('www.example.com', 0, { client: parseAddress(`10.${n + 1}.${k >> 8}.${k & 255}`)! }));
  }
  expect(findings.map(({ entity }) => entity)).toEqual(['10.0.0.5']);
  expect(detector.evicted()).toBe(15_001 - 128);
  for (let k = 0; k < 128; k++)
    for (let n = 0; n < 70; n++) {
      const client = parseAddress(`172.16.0.${k}`)!;
      see(answerOf(`made-up-${n}.com`, 3, { client }));
      see(answerOf(`real-${n}.com`, 0, { client }));
    }
  expect(detector.stateBytes()).toBeLessThan(128 * 5600);
});
