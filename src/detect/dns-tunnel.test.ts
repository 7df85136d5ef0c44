import { beforeAll, describe, expect, test } from 'vitest';
import type { DnsMessage } from '../flow/dns-message.ts';
import { parseAddress } from '../net/address.ts';
import type { Finding } from './detector.ts';
import { answerOf, questionOf } from './dns.fixture.ts';
import { dnsTunnel } from './dns-tunnel.ts';
import { loadPublicSuffixes } from './registrable-domain.ts';

beforeAll(loadPublicSuffixes);

function start(settings: object = {}) {
  const detector = dnsTunnel.create(dnsTunnel.options.parse(settings));
  const findings: Finding[] = [];
  return { detector, findings, see: (message: DnsMessage) => findings.push(...detector.onDns!(message)) };
}

/** The n-th name of a tunnel, 12 characters below the domain. */
const carried = (n: number, domain = 'evil.example') =>
  `${Math.imul(n + 1, 2_654_435_761)
    .toString(16)
    .padStart(8, '0')
    .slice(-8)}${String(n).padStart(4, '0')}.${domain}`;

test('a tunnel is told at the fiftieth name, once a window, with its numbers', () => {
  const { see, findings } = start();
  for (let n = 0; n < 300; n++) {
    see(questionOf(carried(n), { at: n * 1000, type: 16 }));
    see(answerOf(carried(n), 0, { at: n * 1000 + 5, bytes: 200 }));
  }
  expect(findings).toHaveLength(1);
  const { title, at, evidence, explanation, entity, flows, techniques } = findings[0]!;
  expect(title).toBe('DNS tunnel: 10.0.0.5 asks for ever new names below evil.example');
  expect(entity).toBe('10.0.0.5');
  expect(at).toBe(49_000);
  expect(flows).toEqual([]);
  expect(techniques.map(({ id }) => id)).toEqual(['T1071.004', 'T1572']);
  expect(explanation).toContain('50 of them different, 12.0 characters long on average');
  const values = Object.fromEntries(evidence.map(({ name, value }) => [name, value]));
  expect(values).toMatchObject({
    domain: 'evil.example',
    'different names': '50',
    'new names': '100 % of the questions',
    'types of records': 'TXT 50',
    bytes: `${50 * 55} asked, ${49 * 200} answered`,
  });
  for (let n = 300; n < 700; n++) see(questionOf(carried(n), { at: n * 1000 }));
  expect(findings.map(({ at }) => at)).toEqual([49_000, 350_000, 651_000]);
  expect(new Set(findings.map(({ fingerprint }) => fingerprint)).size).toBe(1);
});

test('a declared client is called by its name', () => {
  const { see, findings } = start();
  for (let n = 0; n < 50; n++)
    see(questionOf(carried(n), { clientIdentity: { kind: 'workload', name: 'shop/web' } }));
  expect(findings[0]).toMatchObject({ entity: 'shop/web' });
  expect(findings[0]!.explanation).toContain('shop/web (10.0.0.5)');
});

describe('what is no tunnel', () => {
  const cases: readonly [string, (n: number) => DnsMessage, object?][] = [
    ['names that come again', (n) => questionOf(carried(n % 40))],
    ['short names', (n) => questionOf(`h${n}.example.com`)],
    ['one name each below many domains', (n) => questionOf(carried(0, `d${n}.com`))],
    ['names below a suffix that many share', (n) => questionOf(carried(0, `user${n}.github.io`))],
    ['addresses looked up backwards', (n) => questionOf(carried(n, 'in-addr.arpa'))],
    ['new names now and then', (n) => questionOf(carried(n), { at: n * 10_000 })],
    [
      'addresses that blocklists are asked for',
      (n) => questionOf(`${n & 255}.${n >> 1}.113.203.zen.lists.example`),
    ],
    ['answers alone', (n) => answerOf(carried(n))],
    ['names of a service that is ignored', (n) => questionOf(carried(n)), { ignore: ['Evil.example'] }],
    [
      'one name each of many clients',
      (n) => questionOf(carried(n), { client: parseAddress(`10.0.${n >> 8}.${n & 255}`)! }),
    ],
  ];
  test.each(cases)('%s', (_, message, settings = {}) => {
    const { see, findings } = start(settings);
    for (let n = 0; n < 400; n++) see(message(n));
    expect(findings).toEqual([]);
  });
});

test('what only begins like an address, or goes on behind one, is told', () => {
  const { see, findings } = start();
  for (let n = 0; n < 60; n++) {
    see(questionOf(`1.2.${n}.300.4.5.6.evil.example`));
    see(questionOf(`1.2.3.4.${carried(n, 'worse.example')}`));
  }
  expect(findings.map(({ title }) => title.split(' ').at(-1))).toEqual(['evil.example', 'worse.example']);
});

test('a flood of domains does not push out a tunnel, and memory is what the doc says', () => {
  const { detector, see, findings } = start({ maxPairs: 256 });
  for (let n = 0; n < 200; n++) {
    see(questionOf(carried(n)));
    for (let k = 0; k < 100; k++) see(questionOf(`www.flood-${n}-${k}.com`));
  }
  expect(findings).toHaveLength(1);
  expect(detector.evicted()).toBe(20_001 - 256);
  expect(detector.stateBytes()).toBeLessThan(256 * 1300);
});

test('domains with very many names cost no more than the doc says', () => {
  const { detector, see } = start({ maxPairs: 32 });
  for (let domain = 0; domain < 32; domain++)
    for (let n = 0; n < 200; n++) see(questionOf(carried(n, `d${domain}.com`)));
  expect(detector.stateBytes()).toBeLessThan(32 * 3300);
  expect(detector.stateBytes()).toBeGreaterThan(32 * 3000);
});
