import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { LogObservation } from '../event/service-log/log-observation.ts';
import type { DnsMessage } from '../flow/dns-message.ts';
import type { Flow, FlowState } from '../flow/flow.ts';
import { parseAddress } from '../net/address.ts';
import type { Finding } from './detector.ts';
import { answerOf, questionOf } from './dns.fixture.ts';
import { deniedBy, flowOf } from './flow.fixture.ts';
import { failedLogin } from './log.fixture.ts';
import { give } from './recorded.fixture.ts';
import { loadPublicSuffixes } from './registrable-domain.ts';
import { detectors } from './registry.ts';

beforeAll(loadPublicSuffixes);

const states: readonly FlowState[] = [
  'established',
  'refused',
  'unanswered',
  'timed-out',
  'unreachable',
  'aborted',
];

/** A generator of numbers that are the same each time (xorshift32). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Flows of all kinds, from `sources` sources to few or many places. */
function* traffic(count: number, sources: number): Generator<Flow> {
  const next = numbers(42);
  for (let n = 0; n < count; n++) {
    const source = next(sources);
    const from = `10.${source >> 16}.${(source >> 8) & 255}.${source & 255}`;
    yield flowOf(from, `203.0.113.${next(256)}`, next(65_536), {
      id: `f${n}`,
      openedAt: n * 10,
      state: states[next(states.length)]!,
      reachedDestination: next(2) === 0,
      verdict: { outcome: next(3) === 0 ? 'allow' : 'deny', reasons: [deniedBy] },
      sent: { packets: 3, bytes: 300 },
      received: { packets: 2, bytes: 900 },
    });
  }
}

/** The same, and what happens at regular times: a call that succeeds and one that fails, each minute of a day; a flood in the end. */
function* provocation(): Generator<Flow> {
  yield* traffic(3000, 20);
  const sent = { packets: 5, bytes: 300 };
  for (let n = 0; n < 1440; n++) {
    const openedAt = n * 60_000;
    yield flowOf('10.9.9.9', '198.51.100.7', 443, {
      id: `good${n}`,
      state: 'established',
      openedAt,
      sent,
    });
    yield flowOf('10.9.9.9', '198.51.100.8', 443, { id: `bad${n}`, state: 'timed-out', openedAt });
  }
  for (let n = 0; n < 3000; n++) {
    const from = `10.8.${n >> 8}.${n & 255}`;
    const openedAt = 1440 * 60_000 + n * 20;
    yield flowOf(from, '198.51.100.7', 443, { id: `syn${n}`, state: 'timed-out', openedAt });
  }
  yield* habits(1441 * 60_000);
}

/** A machine that does the same each hour for nine days, and then something else, by another service; and another door that opens. */
function* habits(from: number): Generator<Flow> {
  const state = 'established' as const;
  const hours = 24 * 9;
  for (let n = 0; n <= hours; n++) {
    const openedAt = from + n * 3_600_000;
    yield flowOf('10.7.7.7', '198.51.100.20', 443, { id: `same${n}`, state, openedAt });
    yield flowOf('10.7.7.8', '10.7.7.9', 22, { id: `door${n}`, state, openedAt });
    if (n < hours) continue;
    yield flowOf('10.7.7.7', '203.0.113.99', 8081, { id: 'other', state, openedAt });
    yield flowOf('10.7.7.8', '10.7.7.9', 4444, { id: 'door', state, openedAt });
  }
}

/** Flows that came about, between ever new ends. */
function* strangers(count: number): Generator<Flow> {
  for (let n = 0; n < count; n++) {
    const end = `${n >> 16}.${(n >> 8) & 255}.${n & 255}`;
    yield flowOf(`10.${end}`, `192.168.${(n >> 8) & 255}.${n & 255}`, n % 30_000, {
      id: `n${n}`,
      openedAt: n,
      state: 'established',
    });
  }
}

/** Answers over UDP that none of so many ends of ours asked for. */
function* answers(count: number, ends: number, packets: number): Generator<Flow> {
  const next = numbers(5);
  for (let n = 0; n < count; n++) {
    const end = next(ends);
    const openedAt = 1600 * 60_000 + n * 100;
    yield flowOf(`203.0.113.${n % 250}`, `10.${end >> 16}.${(end >> 8) & 255}.${end & 255}`, 5000, {
      id: `answer${n}`,
      protocol: 17,
      source: { address: parseAddress(`203.0.113.${n % 250}`)!, port: 123 },
      state: 'unanswered',
      openedAt,
      closedAt: openedAt,
      sent: { packets, bytes: packets * 468 },
    });
  }
}

/** What is unusual after such a day: uploads of 200 MB a minute. */
function* volumes(): Generator<Flow> {
  for (let n = 0; n < 100; n++) {
    const openedAt = (1442 + n) * 60_000;
    const part = { id: `volume${n}`, state: 'closed', openedAt, closedAt: openedAt } as const;
    const bytes = n < 90 ? 300 : 200_000_000;
    const sent = { packets: Math.ceil(bytes / 1400), bytes };
    yield flowOf('10.9.9.9', '198.51.100.9', 443, { ...part, sent, received: { packets: 1, bytes: 60 } });
  }
}

/** Questions for ever new names, or answers that most domains do not exist, of `clients` clients. */
function* questions(count: number, clients: number): Generator<DnsMessage> {
  const next = numbers(7);
  for (let n = 0; n < count; n++) {
    const number = next(clients);
    const client = parseAddress(`10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`)!;
    const at = n * 10;
    yield questionOf(`${next(2 ** 31)}-${n}.tunnel.example`, { at, client });
    yield answerOf(`made-up-${next(2 ** 31)}.example`, next(4) === 0 ? 0 : 3, { at, client });
  }
}

/** Short sessions with a service that people log in to, all of one size. */
function* sessions(count: number, sources: number): Generator<Flow> {
  const next = numbers(13);
  for (let n = 0; n < count; n++) {
    const number = next(sources);
    const from = `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
    const counted = { packets: 12, bytes: 2000 };
    const openedAt = n * 10;
    yield flowOf(from, '203.0.113.7', 22, {
      id: `s${n}`,
      state: 'closed',
      openedAt,
      establishedAt: openedAt,
      closedAt: openedAt + 5,
      sent: counted,
      received: counted,
    });
  }
}

/** Failed logins of `sources` sources with ever new names. */
function* failures(count: number, sources: number): Generator<LogObservation> {
  const next = numbers(11);
  for (let n = 0; n < count; n++) {
    const number = next(sources);
    const from = `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
    yield failedLogin(from, { at: n * 10, user: `user-${next(2 ** 31)}` });
  }
}

describe.each(detectors.map((definition) => [definition.id, definition] as const))('%s', (id, definition) => {
  const start = () => definition.create(definition.options.parse({}));

  function run(): Finding[] {
    const detector = start();
    const findings: Finding[] = [];
    for (const flow of [...provocation(), ...volumes(), ...answers(200, 1, 500)]) {
      findings.push(...give(detector, flow));
      findings.push(...(detector.onTick?.(flow.openedAt) ?? []));
    }
    for (const message of questions(500, 4)) findings.push(...(detector.onDns?.(message) ?? []));
    for (const flow of sessions(200, 4)) findings.push(...give(detector, flow));
    for (const seen of failures(500, 4)) findings.push(...(detector.onLog?.(seen) ?? []));
    return findings;
  }

  test('says what it is', () => {
    expect(id).toMatch(/^[a-z][a-z-]+$/);
    expect(definition.doc.length).toBeGreaterThan(200);
    expect(definition.doc).toMatch(/memory/i);
    expect(definition.techniques.length).toBeGreaterThan(0);
    for (const technique of definition.techniques) expect(technique.id).toMatch(/^T\d{4}(\.\d{3})?$/);
  });

  test('has a default for every option, and refuses unknown ones', () => {
    expect(definition.options.safeParse({}).success).toBe(true);
    expect(definition.options.safeParse({ noSuchOption: 1 }).success).toBe(false);
    // The site file has `enabled` beside them.
    expect(definition.options).toBeInstanceOf(z.ZodObject);
    expect(definition.options.safeParse({ enabled: true }).success).toBe(false);
  });

  test('has a threshold whose values its options take, the preset among them', () => {
    const { threshold, options } = definition;
    if (threshold === undefined) return;
    const preset = (options.parse({}) as Record<string, unknown>)[threshold.option];
    expect(threshold.values).toContain(preset);
    for (const value of threshold.values)
      expect(options.safeParse({ [threshold.option]: value }).success, String(value)).toBe(true);
  });

  test('finds the same in the same records', () => {
    const findings = run();
    expect(findings.length).toBeGreaterThan(0);
    expect(run()).toEqual(findings);
  });

  test('every finding explains itself, with techniques that the definition lists', () => {
    for (const finding of run()) {
      expect(finding.detector).toBe(id);
      expect(finding.explanation).toMatch(/\.$/);
      expect(finding.title.length).toBeLessThan(200);
      expect(finding.evidence.length).toBeGreaterThan(1);
      if (start().onFlow !== undefined) expect(finding.flows.length).toBeGreaterThan(0);
      expect(finding.flows.length).toBeLessThanOrEqual(8);
      for (const technique of finding.techniques) expect(definition.techniques).toContainEqual(technique);
    }
  });

  test('a flood of sources costs bounded memory, and what is dropped is counted', () => {
    const detector = start();
    for (const flow of traffic(100_000, 1 << 24)) give(detector, flow);
    for (const flow of answers(50_000, 1 << 24, 1)) give(detector, flow);
    for (const flow of strangers(50_000)) give(detector, flow);
    for (const message of questions(50_000, 1 << 24)) detector.onDns?.(message);
    for (const flow of sessions(20_000, 1 << 24)) give(detector, flow);
    for (const seen of failures(50_000, 1 << 24)) detector.onLog?.(seen);
    expect(detector.stateBytes()).toBeLessThan(16 * 1024 * 1024);
    expect(detector.evicted()).toBeGreaterThan(10_000);
  });
});
