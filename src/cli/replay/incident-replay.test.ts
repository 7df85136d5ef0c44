import { beforeAll, describe, expect, test } from 'vitest';
import { answerOf } from '../../detect/dns.fixture.ts';
import { loadPublicSuffixes } from '../../detect/registrable-domain.ts';
import type { Flow, FlowState } from '../../flow/flow.ts';
import { endOf } from '../../flow/flow-summary.ts';
import { parseAddress } from '../../net/address.ts';
import { postureOf } from '../../posture/posture.fixture.ts';
import { podYaml, policyYaml } from '../../segmentation/manifests.fixture.ts';
import { FlowReplay } from './flow-replay.ts';

beforeAll(loadPublicSuffixes);

/** A machine that takes calls from nobody but its office, a panel that takes none, and a third one. */
const posture = postureOf(
  podYaml('plc', 'app: plc', '', 'podIP: 10.1.0.1') +
    podYaml('hmi', 'app: hmi', '', 'podIP: 10.1.0.2') +
    podYaml('mail', 'app: mail', '', 'podIP: 10.1.0.3') +
    policyYaml('plc', '  podSelector: {matchLabels: {app: plc}}\n  policyTypes: [Ingress]') +
    policyYaml('hmi', '  podSelector: {matchLabels: {app: hmi}}\n  policyTypes: [Ingress]'),
  '',
);
const [plc, hmi, mail] = ['10.1.0.1', '10.1.0.2', '10.1.0.3'];
const [attacker, server, drop, updater] = ['198.51.100.7', '203.0.113.66', '203.0.113.77', '203.0.113.10'];
const [second, minute, hour] = [1_000, 60_000, 3_600_000];
const day = Date.UTC(2026, 5, 1);

let ids = 0;
function flow(at: number, from: string, to: string, port: number, state: FlowState, sent = 500): Flow {
  const isOver = state === 'closed';
  return {
    id: `f${++ids}`,
    protocol: 6,
    source: { address: parseAddress(from)!, port: 20_000 + (ids % 40_000) },
    destination: { address: parseAddress(to)!, port },
    state,
    seenBy: 'network',
    openedAt: at,
    lastAt: at + second,
    ...(isOver && { establishedAt: at + 10, closedAt: at + second }),
    reachedDestination: isOver,
    preexisting: false,
    sent: { packets: 6, bytes: sent },
    received: { packets: 5, bytes: 900 },
  };
}

const scan = (at: number, from: string, to: string): Flow[] =>
  Array.from({ length: 40 }, (_, n) => flow(at + n * second, from, to, 1 + n * 7, 'refused'));
const calls = (from: number, until: number, every: number, source: string, to: string): Flow[] =>
  Array.from({ length: Math.floor((until - from) / every) }, (_, n) =>
    flow(from + n * every, source, to, 443, 'closed'),
  );

/**
 * Scan, a way in, on to another machine over SMB and WinRM, calls to a server every minute, and a large upload. The calls are known for a
 * beacon only after some 18 hours, and bring together what was apart until then.
 */
const attack: readonly Flow[] = [
  ...scan(day + 10 * hour, attacker, plc),
  flow(day + 10 * hour + 10 * minute, attacker, plc, 22, 'closed'),
  flow(day + 10 * hour + 25 * minute, plc, hmi, 445, 'closed'),
  flow(day + 10 * hour + 32 * minute, plc, hmi, 5985, 'closed'),
  ...calls(day + 10 * hour + 45 * minute, day + 33 * hour, minute, hmi, server),
  flow(day + 29 * hour, hmi, drop, 443, 'closed', 300e6),
];

/** What always happens, for two and a half days: scanners at the same machine, updaters that call home, another machine's odd names. */
const noise: readonly Flow[] = [
  ...Array.from({ length: 60 }, (_, n) =>
    scan(day + (n - 20) * 36 * minute, `203.0.113.${100 + n}`, plc),
  ).flat(),
  ...[plc, hmi, mail].flatMap((source) =>
    calls(day - 26 * hour, day + 34 * hour, 5 * minute, source, updater),
  ),
];

function incidentsOf(flows: readonly Flow[], withNames = false) {
  const replay = new FlowReplay(posture);
  const inTime = [...flows].sort((one, other) => endOf(one) - endOf(other));
  let named = !withNames;
  for (const one of inTime) {
    if (!named && endOf(one) > day + 11 * hour) {
      named = true;
      for (let n = 0; n < 40; n++)
        replay.takeDns(answerOf(`x${n}q.example`, 3, { at: day + 11 * hour, client: parseAddress(mail)! }));
    }
    replay.take(one);
  }
  replay.end();
  return replay;
}

describe('an attack over two hosts, seen by detectors', () => {
  const stages = ['Discovery', 'Initial Access', 'Lateral Movement', 'Command and Control', 'Exfiltration'];

  test('is one incident with the stages in their order', () => {
    const { incidents, alerts } = incidentsOf(attack);
    expect(new Set(alerts.map(({ detector }) => detector))).toEqual(
      new Set(['port-scan', 'policy-violation', 'beacon', 'exfiltration']),
    );
    expect(incidents.map(({ title }) => title)).toHaveLength(1);
    expect(incidents[0]?.stages.map(({ tactic }) => tactic)).toEqual(stages);
    expect(incidents[0]?.title).toBe(`${attacker}: ${stages.join(' → ')}`);
    expect(incidents[0]?.severity).toBe('critical');
  });

  test('a day of what always happens does not come into it', () => {
    const alone = incidentsOf(attack).incidents[0]!;
    const { incidents } = incidentsOf([...attack, ...noise], true);
    const found = incidents.filter(({ entities }) => entities.some(({ name }) => name === attacker));
    expect(found).toHaveLength(1);
    expect(found[0]?.stages.map(({ tactic }) => tactic)).toEqual(stages);
    expect(found[0]?.entities.map(({ name }) => name).sort()).toEqual(
      alone.entities.map(({ name }) => name).sort(),
    );
    // The noise is there: each scanner, each updater and the odd names are incidents of their own.
    const others = incidents.filter(({ id }) => id !== found[0]?.id);
    expect(others.filter(({ stages: [first] }) => first?.tactic === 'Discovery').length).toBeGreaterThan(50);
    const updaters = others.filter(({ entities }) => entities.some(({ name }) => name === updater));
    expect(updaters.map(({ entities }) => entities[0]?.name)).toEqual(
      expect.arrayContaining(['shop/hmi', 'shop/mail', 'shop/plc']),
    );
  });

  test('the same flows make the same incidents', () => {
    const again = () => {
      ids = 0;
      return incidentsOf(attack).incidents;
    };
    expect(again()).toEqual(again());
  });
});
