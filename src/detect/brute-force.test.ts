import { expect, test } from 'vitest';
import type { LogObservation } from '../event/service-log/log-observation.ts';
import { bruteForce } from './brute-force.ts';
import type { Finding } from './detector.ts';
import { failedLogin, login } from './log.fixture.ts';

function start(settings: object = {}) {
  const detector = bruteForce.create(bruteForce.options.parse(settings));
  const findings: Finding[] = [];
  const see = (one: LogObservation) => findings.push(...detector.onLog!(one));
  return { detector, findings, see, titles: () => findings.map(({ title }) => title) };
}

const attacker = '203.0.113.7';

test('more than five failures at once are told, and again when they are ten times as many', () => {
  const { see, findings } = start();
  for (let n = 0; n < 5; n++) see(failedLogin(attacker, { at: n * 1000 }));
  expect(findings).toEqual([]);
  for (let n = 5; n < 100; n++) see(failedLogin(attacker, { at: n * 1000, host: 'edge' }));
  expect(findings.map(({ title, severity, at }) => [title, severity, at])).toEqual([
    [`${attacker} guesses passwords of ssh`, 'medium', 5000],
    [`${attacker} guesses passwords of ssh`, 'medium', 59_000],
  ]);
  expect(findings[0]!.explanation).toContain(
    'failed to log in at ssh 6 times within 5 s, as root, and never succeeded in between. People who mistype stay below 5 at once and one more each 10 s',
  );
  expect(findings[0]!.evidence).toContainEqual({ name: 'service', value: 'ssh of edge' });
  expect(findings[0]!.fingerprint).toBe(findings[1]!.fingerprint);
});

test('slow guessing is told by its own measure, slower one is not', () => {
  const { see, findings } = start();
  for (let n = 0; n < 100; n++) see(failedLogin('203.0.113.8', { at: n * 61_000 }));
  expect(findings).toEqual([]);
  for (let n = 0; n < 22; n++) see(failedLogin(attacker, { at: n * 30_000 }));
  expect(findings.map(({ at }) => at)).toEqual([19 * 30_000]);
  expect(findings[0]!.explanation).toContain('10 at once and one more each 60 s');
});

test('a person who mistypes, and succeeds, is not told of, however often a day', () => {
  const { see, findings } = start();
  for (let day = 0; day < 5; day++) {
    for (let n = 0; n < 20; n++) {
      const at = day * 86_400_000 + n * 60_000;
      see(failedLogin(attacker, { at }));
      see(failedLogin(attacker, { at: at + 2000 }));
      see(login(attacker, { at: at + 4000 }));
    }
  }
  expect(findings).toEqual([]);
});

test('a success after failures is told: critical after guessing, high with a key or after few', () => {
  const { see, findings } = start();
  for (let n = 0; n < 40; n++) see(failedLogin(attacker, { at: n * 100 }));
  see(login(attacker, { at: 5000, user: 'admin' }));
  see(login(attacker, { at: 6000 }));
  expect(findings.map(({ severity, title }) => [severity, title])).toEqual([
    ['medium', `${attacker} guesses passwords of ssh`],
    ['critical', `${attacker} logged in at ssh as admin after 40 failures`],
  ]);
  expect(findings[1]!.techniques.map(({ id }) => id)).toEqual(['T1110.001', 'T1078']);
  for (let n = 0; n < 6; n++) see(failedLogin('203.0.113.8', { at: n * 30_000 }));
  see(login('203.0.113.8', { at: 200_000 }));
  for (let n = 0; n < 40; n++) see(failedLogin('203.0.113.9', { at: n * 100 }));
  see(login('203.0.113.9', { at: 5000, method: 'publickey' }));
  expect(findings.slice(2).map(({ severity }) => severity)).toEqual(['high', 'medium', 'high']);
  expect(findings.at(-1)!.explanation).toContain('A key is not guessed');
});

test('many names are told, at once or slowly; few again and again are not', () => {
  const { see, titles } = start({ failures: 1000, slowFailures: 1000 });
  for (let n = 0; n < 6; n++) see(failedLogin(attacker, { at: n * 500, user: `pascal${n}` }));
  expect(titles()).toEqual([`${attacker} tries many names at ssh`]);
  for (let n = 0; n < 20; n++) see(failedLogin('203.0.113.8', { at: n * 600_000, user: `u${n}` }));
  expect(titles().slice(1)).toEqual(['203.0.113.8 tries many names at ssh']);
  for (let n = 0; n < 500; n++) see(failedLogin('203.0.113.9', { at: n * 20_000, user: `u${n % 5}` }));
  expect(titles()).toHaveLength(2);
});

test('repeats that a log folded count as often, services are told apart, names of the site are used', () => {
  const { see, findings } = start();
  see(failedLogin(attacker, { count: 6, sourceName: 'till' }));
  expect(findings).toMatchObject([{ entity: 'till', severity: 'high' }]);
  expect(findings[0]!.explanation).toContain(`till (${attacker}) failed to log in at ssh 6 times`);
  for (let n = 0; n < 5; n++) {
    see(failedLogin('203.0.113.8', { at: n }));
    see(failedLogin('203.0.113.8', { at: n, service: 'http' }));
  }
  expect(findings).toHaveLength(1);
});

test('guessing that many do together is told once, until it was quiet', () => {
  const { see, findings } = start();
  const round = (from: number) => {
    for (let n = 0; n < 200; n++) see(failedLogin(`198.51.100.${n % 100}`, { at: from + n * 5000 }));
  };
  round(0);
  expect(findings.map(({ title, entity }) => [title, entity])).toEqual([
    ['Many sources guess passwords of ssh together', 'ssh'],
  ]);
  expect(findings[0]!.explanation).toMatch(/7\d logins failed at ssh within \d+ s, from 7\d sources/);
  round(100_000_000);
  expect(findings).toHaveLength(2);
});

test('after a pause a source is told of again', () => {
  const { see, titles } = start();
  for (let n = 0; n < 7; n++) see(failedLogin(attacker, { at: n * 100 }));
  for (let n = 0; n < 7; n++) see(failedLogin(attacker, { at: 700_000 + n * 100 }));
  expect(titles()).toHaveLength(2);
});

test('a flood of sources does not push out who guesses, and memory is what the doc says', () => {
  const { detector, see, titles } = start({ maxSources: 128, serviceFailures: 100_000 });
  for (let n = 0; n < 10; n++) {
    // Once is what everybody in the flood did.
    for (let k = 0; k < 2; k++) see(failedLogin(attacker, { at: n * 100 }));
    for (let k = 0; k < 500; k++) see(failedLogin(`10.${n}.${k >> 8}.${k & 255}`, { at: n * 100 }));
  }
  expect(titles()).toEqual([`${attacker} guesses passwords of ssh`]);
  expect(detector.evicted()).toBe(5001 - 128);
  for (let k = 0; k < 128; k++)
    for (let n = 0; n < 70; n++)
      see(failedLogin(`172.16.0.${k}`, { user: `${'x'.repeat(61)}${n}`, at: 10_000 }));
  expect(detector.stateBytes()).toBeLessThan(128 * 4600);
});
