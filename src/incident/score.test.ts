import { describe, expect, test } from 'vitest';
import type { Finding } from '../detect/detector.ts';
import { deed, Watch } from './alerts.fixture.ts';
import type { Incident } from './incident.ts';

const x = '198.51.100.7';

/** The incident that these make of one attacker. */
function incidentOf(...deeds: readonly Finding[]): Incident {
  const { whole } = new Watch().see(deeds);
  expect(whole).toHaveLength(1);
  return whole[0]!;
}

describe('the score', () => {
  test.each([
    ['low', 10, 'low'],
    ['medium', 20, 'medium'],
    ['high', 35, 'high'],
    ['critical', 50, 'critical'],
  ] as const)('of one %s alert is %i', (severity, score, becomes) => {
    expect(incidentOf(deed(0, x, 'Discovery', 'plc', { severity }))).toMatchObject({
      score,
      severity: becomes,
    });
  });

  test('grows with the parts of an attack, more when they come in their order', () => {
    const inOrder = incidentOf(deed(0, x, 'Discovery', 'a'), deed(1, x, 'Lateral Movement', 'b'));
    expect(inOrder.scoreParts).toEqual([
      { name: 'severity', points: 20, why: 'the gravest alert is medium' },
      { name: 'parts of an attack', points: 8, why: 'looking, movement' },
      { name: 'their order', points: 3, why: '1 began no earlier than the one before' },
    ]);
    expect(inOrder).toMatchObject({ score: 31, severity: 'medium' });
    expect(incidentOf(deed(0, x, 'Lateral Movement', 'b'), deed(1, x, 'Discovery', 'a')).score).toBe(28);
    // Two tactics of one part are one part.
    expect(incidentOf(deed(0, x, 'Execution', 'a'), deed(1, x, 'Persistence', 'a')).score).toBe(20);
  });

  test('grows with success and with what was taken, and is less when all of it was stopped', () => {
    const how = (outcome: Finding['outcome']) =>
      incidentOf(deed(0, x, 'Credential Access', 'plc', outcome === undefined ? {} : { outcome })).score;
    expect([how('succeeded'), how(undefined), how('failed'), how('blocked')]).toEqual([33, 20, 10, 10]);
  });

  test('of what no tactic is known of is that of its alert: nothing says that it was stopped', () => {
    expect(incidentOf({ ...deed(0, x, 'Discovery', 'plc'), techniques: [] }).scoreParts).toEqual([
      { name: 'severity', points: 20, why: 'the gravest alert is medium' },
    ]);
  });

  test('is the sum of its parts, 100 at most', () => {
    const tactics = ['Discovery', 'Initial Access', 'Lateral Movement', 'Command and Control', 'Impact'];
    const all = tactics.map((tactic, n) =>
      deed(n, x, tactic, `h${n}`, { severity: 'critical', outcome: 'succeeded' }),
    );
    const { score, scoreParts, severity } = incidentOf(...all);
    expect(scoreParts.reduce((sum, { points }) => sum + points, 0)).toBe(110);
    expect([score, severity]).toEqual([100, 'critical']);
  });
});

describe('the story', () => {
  test('of one alert says no more than there is', () => {
    const { story, title } = incidentOf(
      deed(0, x, 'Discovery', 'plc', { title: 'Port scan: x tried 9 ports.' }),
    );
    expect(title).toBe('Port scan: x tried 9 ports.');
    expect(story).toBe(
      `At 2026-06-01 12:00:00 UTC ${x} acted against plc, in 1 alert. First, at 12:00:00, Discovery: Port scan: x tried 9 ports. How this came out is not known: Discovery.`,
    );
  });

  test('says what was blocked, what failed, and that records were lost', () => {
    const watch = new Watch();
    watch.take({
      ...deed(0, x, 'Lateral Movement', 'plc', { outcome: 'blocked' }),
      id: 'a1',
      firstAt: 0,
      lastAt: 0,
      at: 0,
      count: 1,
      lost: 7,
    });
    const { story } = watch.settle().whole[0]!;
    expect(story).toContain('It was blocked: Lateral Movement.');
    expect(story).toContain('Sensors lost 7 records meanwhile: there may be more to it than this.');
    const failed = incidentOf(deed(0, x, 'Credential Access', 'plc', { outcome: 'failed' })).story;
    expect(failed).toContain('It came to nothing: Credential Access.');
  });

  test('names days where an incident goes over midnight, and a few of very many', () => {
    const deeds = Array.from({ length: 40 }, (_, n) => deed(n * 20, x, 'Impact', `h${n}`));
    const { story, title } = incidentOf(...deeds);
    expect(story).toContain('From 2026-06-01 12:00:00 to 2026-06-02 01:00:00 UTC');
    expect(story).toContain('against h0, h1, h2, h3 and 36 more, in 40 alerts');
    expect(title).toBe(`Impact of ${x} on h0, and 39 more alerts`);
  });
});
