import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attack, deed, entity, hour, minute, noise, Watch } from './alerts.fixture.ts';
import { Draft } from './draft.ts';
import { noon } from './incident.fixture.ts';
import { incidentFromJson, incidentToJson } from './json.ts';
import { linkOf } from './link.ts';

const outside = '198.51.100.7';

describe('an attack over two hosts', () => {
  const { whole } = new Watch().see(attack);

  test('is one incident, with the stages in their order', () => {
    expect(whole).toHaveLength(1);
    const [incident] = whole;
    expect(incident?.stages.map(({ tactic }) => tactic)).toEqual([
      'Discovery',
      'Credential Access',
      'Lateral Movement',
      'Command and Control',
      'Exfiltration',
    ]);
    expect(incident).toMatchObject({
      alertCount: 6,
      severity: 'critical',
      openedAt: noon,
      lastAt: noon + 420 * minute,
      score: 95,
    });
    expect(incident?.entities.map(({ name, takenAt }) => [name, takenAt])).toEqual([
      [outside, undefined],
      ['plc', noon + 8 * minute],
      ['hmi', noon + 25 * minute],
      ['203.0.113.66', undefined],
    ]);
  });

  test('tells its story', () => {
    expect(whole[0]?.story).toMatchInlineSnapshot(
      `"From 2026-06-01 12:00:00 to 19:00:00 UTC 198.51.100.7 acted against plc, hmi, with 203.0.113.66 at the far end, in 6 alerts. First, at 12:00:00, Discovery: Port scan: 198.51.100.7 tried 100 ports of plc. Then, at 12:05:00, Credential Access: 198.51.100.7 guesses passwords of plc, and got in after 240 tries. Then, at 12:25:00, Lateral Movement: Enforcement gap: plc reached hmi on tcp 445, which is forbidden (and 1 more alert). Then, at 12:40:00, Command and Control: Beacon: hmi calls 203.0.113.66:443 about every 60 s. Then, at 18:45:00, Exfiltration: hmi sent 4 GB to 203.0.113.66. In other hands may be plc (since 12:08:00, and acted then), hmi (since 12:25:00, and acted then). It worked: Credential Access, Lateral Movement, Exfiltration. How this came out is not known: Discovery, Command and Control."`,
    );
    expect(whole[0]?.title).toBe(
      `${outside}: Discovery → Credential Access → Lateral Movement → Command and Control → Exfiltration`,
    );
  });

  test('a day of what always happens does not come into it', () => {
    const watch = new Watch().see([...attack, ...noise()]);
    const found = watch.whole.filter(({ entities }) => entities.some(({ name }) => name === outside));
    expect(found).toHaveLength(1);
    expect(found[0]?.alerts.map(({ title }) => title).sort()).toEqual(
      attack.map(({ title }) => title).sort(),
    );
    expect(found[0]?.score).toBe(95);
    // And what always happens is no attack: nothing of it has more than one actor.
    for (const { id, entities } of watch.whole)
      if (id !== found[0]?.id) expect(entities.filter(({ actor }) => actor !== undefined)).toHaveLength(1);
  });

  test('whichever of its alerts comes late, and however they are bundled', () => {
    for (let late = 0; late < attack.length; late++) {
      const watch = new Watch();
      watch.see(attack.filter((_, at) => at !== late));
      watch.see([attack[late]!]);
      expect(watch.whole).toHaveLength(1);
      expect(watch.whole[0]?.alertCount).toBe(6);
    }
    expect(new Watch().see(attack, 4).whole).toHaveLength(1);
  });
});

describe('what belongs together', () => {
  test('deeds of the same one, near in time', () => {
    const scan = deed(0, outside, 'Discovery', 'plc');
    expect(new Watch().see([scan, deed(29, outside, 'Impact', 'hmi')]).whole).toHaveLength(1);
    expect(new Watch().see([scan, deed(31, outside, 'Impact', 'hmi')]).whole).toHaveLength(2);
    // Activity extends the time, up to a day after the first alert.
    const often = Array.from({ length: 60 }, (_, n) => deed(n * 25, outside, 'Impact', `h${n}`));
    const spans = new Watch().see(often).whole.map(({ openedAt, lastAt }) => (lastAt - openedAt) / hour);
    expect(spans).toHaveLength(2);
    expect(Math.max(...spans)).toBeLessThanOrEqual(24);
  });

  test('not those to whom the same is done', () => {
    const both = [deed(0, outside, 'Discovery', 'plc'), deed(1, '203.0.113.9', 'Impact', 'plc')];
    expect(new Watch().see(both).whole).toHaveLength(2);
  });

  test('what was taken, with what it does then; not when it was only scanned, or the attempt failed', () => {
    const then = deed(20, 'plc', 'Command and Control', '203.0.113.66');
    const how = (tactic: string, change = {}) =>
      new Watch().see([deed(0, outside, tactic, 'plc', change), then]).whole.length;
    expect(how('Credential Access', { outcome: 'succeeded' })).toBe(1);
    expect(how('Lateral Movement', { severity: 'high' })).toBe(1);
    expect(how('Credential Access')).toBe(2);
    expect(how('Credential Access', { outcome: 'failed', severity: 'high' })).toBe(2);
    expect(how('Credential Access', { outcome: 'blocked', severity: 'high' })).toBe(2);
    expect(how('Discovery', { outcome: 'succeeded', severity: 'high' })).toBe(2);
  });

  test('not with what it did before', () => {
    const habit = deed(20, 'plc', 'Command and Control', '203.0.113.10', { began: -600 });
    const taken = deed(0, outside, 'Credential Access', 'plc', { outcome: 'succeeded' });
    expect(new Watch().see([taken, habit]).whole).toHaveLength(2);
    const watch = new Watch().see([taken, habit, deed(25, 'plc', 'Lateral Movement', 'hmi')]);
    expect(watch.partition()).toEqual([
      'Command and Control of plc on 203.0.113.10',
      `Credential Access of ${outside} on plc + Lateral Movement of plc on hmi`,
    ]);
  });

  test('two that turn out to share one who acts become one, with a record', () => {
    const watch = new Watch().see([
      deed(0, outside, 'Discovery', 'plc'),
      deed(2, 'hmi', 'Command and Control', '203.0.113.66'),
    ]);
    expect(watch.whole).toHaveLength(2);
    watch.see([deed(1, outside, 'Lateral Movement', 'hmi', { outcome: 'succeeded' })]);
    expect(watch.whole).toHaveLength(1);
    expect(watch.whole[0]).toMatchObject({ id: 'i1', mergedFrom: ['i2'], alertCount: 3 });
    expect(watch.incidents.get('i2')).toMatchObject({
      state: 'resolved',
      resolution: { kind: 'merged', into: 'i1' },
    });
    expect(watch.whole[0]?.timeline.map(({ kind }) => kind)).toContain('merged');
    expect(watch.correlator.counts()).toMatchObject({ merged: 1, opened: 2, held: 1 });
  });

  test('the same again is one alert with a count, also as a new alert', () => {
    const same = (at: number) => deed(at, outside, 'Discovery', 'plc');
    const watch = new Watch().see([same(0), same(1), same(2)]);
    expect(watch.whole[0]).toMatchObject({ alertCount: 1, alerts: [{ count: 3 }] });
    const alert = { ...watch.whole[0]!.alerts[0]!, id: 'a9', fingerprint: same(0).fingerprint };
    watch.take({ ...same(20), ...alert, evidence: [], count: 2, lost: 0 });
    watch.settle();
    expect(watch.whole[0]).toMatchObject({ alertCount: 1, alerts: [{ id: 'a9', count: 5, earlier: 3 }] });
    expect(watch.whole[0]?.stages[0]?.alerts).toBe(1);
    expect(watch.assigned.get('a9')).toBe('i1');
  });
});

test('an alert that grows is told as it is now, and when it works that is a line of its own', () => {
  const guesses = (at: number, title: string, change = {}) =>
    deed(at, outside, 'Credential Access', 'plc', { title, began: 0, ...change });
  const watch = new Watch().see([
    guesses(0, '9 guesses'),
    guesses(1, '99 guesses'),
    guesses(5, '240 guesses, then in', { outcome: 'succeeded' }),
    guesses(6, '250 guesses', { outcome: 'failed' }),
  ]);
  expect(watch.whole[0]?.timeline.map(({ at, text }) => [(at - noon) / minute, text])).toEqual([
    [0, '250 guesses'],
    [5, 'It worked: 240 guesses, then in'],
  ]);
  expect(watch.whole[0]).toMatchObject({
    title: '250 guesses',
    stages: [{ title: '250 guesses', outcome: 'succeeded', alerts: 1 }],
    alerts: [{ outcome: 'succeeded', count: 4 }],
  });
  expect(watch.whole[0]?.entities[1]?.takenAt).toBe(noon + 5 * minute);
});

describe('hubs', () => {
  const ingress = 'ingress-nginx/controller';
  /** Two attackers who come through the same proxy, each to a backend of his own. */
  const through = (hub: string) => [
    deed(0, '198.51.100.7', 'Initial Access', hub, { outcome: 'succeeded', severity: 'high' }),
    deed(1, hub, 'Lateral Movement', 'shop/one', { outcome: 'succeeded', severity: 'high' }),
    deed(2, '198.51.100.8', 'Initial Access', hub, { outcome: 'succeeded', severity: 'high' }),
    deed(3, hub, 'Lateral Movement', 'shop/two', { outcome: 'succeeded', severity: 'high' }),
  ];

  test('nothing is put together through a declared one alone', () => {
    const isHub = ({ name }: { readonly name: string }) => name === ingress;
    expect(new Watch({ isHub }).see(through(ingress)).whole).toHaveLength(4);
    // Another one would be.
    expect(new Watch({ isHub }).see(through('shop/web')).whole).toHaveLength(1);
  });

  test('with a second entity in common it is', () => {
    const isHub = ({ name }: { readonly name: string }) => name === ingress;
    const twice = [deed(0, ingress, 'Discovery', 'shop/one'), deed(1, ingress, 'Impact', 'shop/one')];
    expect(new Watch({ isHub }).see(twice).whole).toHaveLength(1);
    const apart = [deed(0, ingress, 'Discovery', 'shop/one'), deed(1, ingress, 'Impact', 'shop/two')];
    expect(new Watch({ isHub }).see(apart).whole).toHaveLength(2);
  });

  test.each([
    ['a name server', '192.0.2.53'],
    ['a gateway', '192.0.2.1'],
  ])('%s that asks and forwards for all joins none of them', (_, hub) => {
    const isHub = ({ name }: { readonly name: string }) => name === hub;
    const clients = Array.from({ length: 20 }, (_, n) => [
      deed(n, hub, 'Command and Control', `domain:d${n}.example`),
      deed(n, `shop/c${n}`, 'Lateral Movement', hub, { outcome: 'succeeded' }),
    ]).flat();
    expect(new Watch({ isHub }).see(clients).whole).toHaveLength(40);
  });

  test('one that stands between many and many is found by its degree', () => {
    const steps = Array.from({ length: 20 }, (_, n) => [
      deed(2 * n, `198.51.100.${n}`, 'Initial Access', 'proxy', { outcome: 'succeeded' }),
      deed(2 * n + 1, 'proxy', 'Lateral Movement', `shop/b${n}`, { outcome: 'succeeded' }),
    ]).flat();
    const sizes = new Watch()
      .see(steps)
      .whole.map(({ alertCount }) => alertCount)
      .sort((a, b) => b - a);
    // Before it is known for one up to 7 may have come together; after that each is alone.
    expect(sizes[0]).toBeLessThanOrEqual(15);
    expect(sizes.filter((size) => size === 1).length).toBeGreaterThanOrEqual(25);
  });

  test('a host that was taken once and goes to many others is none', () => {
    const worm = [
      deed(0, outside, 'Credential Access', 'plc', { outcome: 'succeeded' }),
      ...Array.from({ length: 30 }, (_, n) =>
        deed(n + 1, 'plc', 'Lateral Movement', `h${n}`, { outcome: 'succeeded' }),
      ),
    ];
    expect(new Watch().see(worm).whole).toHaveLength(1);
  });

  test('what so many may have taken is laid to none of them', () => {
    const takers = Array.from({ length: 10 }, (_, n) =>
      deed(n, `198.51.100.${n}`, 'Credential Access', 'plc', { outcome: 'succeeded' }),
    );
    const then = deed(12, 'plc', 'Command and Control', '203.0.113.66');
    const watch = new Watch().see([...takers, then]);
    expect(watch.whole).toHaveLength(11);
  });
});

describe('order', () => {
  const anyDeed = fc
    .record({
      at: fc.integer({ min: 0, max: 3 }),
      actor: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      target: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'),
      tactic: fc.constantFrom('Discovery', 'Credential Access', 'Lateral Movement', 'Command and Control'),
      outcome: fc.constantFrom('succeeded', 'failed', undefined),
      severity: fc.constantFrom('low', 'medium', 'high', 'critical'),
      began: fc.option(fc.integer({ min: 0, max: 200 }), { nil: undefined }),
    })
    .map(({ at, actor, target, tactic, outcome, severity, began }) =>
      deed(at * 20, actor, tactic, target, {
        severity: severity as 'low',
        ...(outcome !== undefined && { outcome: outcome as 'failed' }),
        ...(began !== undefined && { began: at * 20 - began }),
      }),
    );

  test('that of alerts of equal times changes nothing', () => {
    fc.assert(
      fc.property(
        fc
          .array(anyDeed, { maxLength: 24 })
          .chain((deeds) =>
            fc.tuple(fc.constant(deeds), fc.shuffledSubarray(deeds, { minLength: deeds.length })),
          ),
        ([deeds, shuffled]) => {
          const once = unique(deeds);
          const again = unique(shuffled).sort((one, other) => one.at - other.at);
          const inOrder = alertsOf(once.sort((one, other) => one.at - other.at));
          const other = alertsOf(again);
          expect(other).toEqual(inOrder);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('afterwards no two that are open belong together, and a link is one from both sides', () => {
    const rules = {
      windowMs: 30 * minute,
      capMs: 24 * hour,
      slackMs: 2 * minute,
      isHub: () => false,
      hasManyTakers: () => false,
    };
    fc.assert(
      fc.property(fc.array(anyDeed, { maxLength: 24 }), (deeds) => {
        const drafts = new Watch({ hubDegree: 1_000 }).see(deeds).whole.map(Draft.from);
        for (const one of drafts)
          for (const other of drafts) if (one !== other) expect(linkOf(one, other, rules)).toBe(0);
        const seeds = deeds.map((finding, n) =>
          Draft.ofAlert(
            { ...finding, id: `${n}`, firstAt: finding.at, lastAt: finding.at, count: 1, lost: 0 },
            '',
            (x) => x,
          ),
        );
        for (const one of seeds)
          for (const other of seeds) expect(linkOf(one, other, rules)).toBe(linkOf(other, one, rules));
      }),
      { numRuns: 200 },
    );
  });

  /** One finding for each fingerprint: what repeats is one alert anyway. */
  function unique(deeds: readonly ReturnType<typeof deed>[]) {
    const sorted = [...deeds].sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
    const kept = new Set(new Map(sorted.map((one) => [one.fingerprint, one])).values());
    return deeds.filter((one) => kept.has(one));
  }

  function alertsOf(deeds: readonly ReturnType<typeof deed>[]) {
    const watch = new Watch();
    for (const time of new Set(deeds.map(({ at }) => at)))
      watch.see(
        deeds.filter(({ at }) => at === time),
        1000,
      );
    return watch.whole
      .map(({ alerts, entities, score, stages, openedAt }) => ({
        alerts: alerts.map(({ title }) => title).sort(),
        entities: entities.map(({ name, takenAt }) => `${name} ${takenAt}`).sort(),
        score,
        stages,
        openedAt,
      }))
      .sort((one, other) => (one.alerts.join() < other.alerts.join() ? -1 : 1));
  }
});

describe('what people do', () => {
  const scan = (at: number) => deed(at, outside, 'Discovery', 'plc');

  test('what was resolved and goes on is reopened', () => {
    const watch = new Watch().see([scan(0)]);
    expect(watch.correlator.act('i1', { kind: 'resolve', at: noon + minute, by: 'ann' })).toMatchObject({
      state: 'resolved',
      resolution: { kind: 'resolved', by: 'ann' },
    });
    watch.see([deed(5, outside, 'Credential Access', 'plc')]);
    expect(watch.whole).toHaveLength(1);
    expect(watch.whole[0]).toMatchObject({ state: 'reopened', alertCount: 2 });
    expect(watch.whole[0]?.resolution).toBeUndefined();
    expect(watch.correlator.counts().reopened).toBe(1);
  });

  test('a false positive takes in its repeats quietly, and nothing else', () => {
    const watch = new Watch().see([scan(0)]);
    const action = {
      kind: 'resolve',
      at: noon + minute,
      text: 'our own scanner',
      falsePositive: true,
    } as const;
    watch.correlator.act('i1', action);
    watch.see([scan(5)]);
    expect(watch.whole).toMatchObject([{ state: 'resolved', alerts: [{ count: 2 }] }]);
    watch.see([deed(6, outside, 'Credential Access', 'plc')]);
    expect(watch.whole.map(({ state }) => state)).toEqual(['resolved', 'open']);
  });

  test('what is not held cannot be acted on', () => {
    expect(new Watch().correlator.act('i1', { kind: 'acknowledge', at: 0 })).toBeUndefined();
  });
});

test('after a restart open incidents go on, by what the store has of them', () => {
  const first = new Watch().see(attack.slice(0, 3));
  const stored = first.whole.map((one) => incidentFromJson(JSON.parse(JSON.stringify(incidentToJson(one)))));
  const second = new Watch({ newId: () => 'new' }, 3);
  second.correlator.restore(stored);
  expect(second.correlator.get('i1')).toEqual(first.whole[0]);
  second.see(attack.slice(3));
  expect(second.whole).toHaveLength(1);
  expect(second.whole[0]).toEqual(new Watch().see(attack).whole[0]);
});

test('entities that stand for nobody are left out, and others go by the name that is known', () => {
  const named: NonNullable<ConstructorParameters<typeof Watch>[0]>['named'] = (one) =>
    one.name === 'loopback'
      ? undefined
      : one.name === '10.1.0.1'
        ? { ...one, kind: 'workload', name: 'shop/web' }
        : one;
  const watch = new Watch({ named });
  watch.see([deed(0, '10.1.0.1', 'Discovery', 'loopback'), deed(1, 'shop/web', 'Impact', 'plc')]);
  expect(watch.whole).toHaveLength(1);
  expect(watch.whole[0]?.entities.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
    'workload shop/web',
    'host plc',
  ]);
});

describe('bounds', () => {
  test('many attackers push out what is quiet and what is least grave, and that is counted and told', () => {
    const watch = new Watch({ maxIncidents: 32 });
    watch.see(attack.slice(0, 4));
    const flood = Array.from({ length: 5_000 }, (_, n) =>
      deed(32 + n / 1000, `2001:db8::${n.toString(16)}`, 'Discovery', `h${n % 50}`),
    );
    watch.see(flood, 100);
    watch.see(attack.slice(4));
    const counts = watch.correlator.counts();
    expect(counts).toMatchObject({ held: 32, opened: 5_001, evicted: 5_001 - 32, untold: 0 });
    // All of them were told of, and the one that matters went on.
    expect(watch.whole).toHaveLength(5_001);
    expect(watch.incidents.get('i1')).toMatchObject({ alertCount: 6, score: 95 });
  });

  test('one incident of very many alerts keeps bounded lists, the gravest alerts, and counts', () => {
    const watch = new Watch();
    const many = Array.from({ length: 3_000 }, (_, n) =>
      deed(n / 100, outside, 'Lateral Movement', `h${n}`, {
        severity: n === 1_500 ? 'critical' : 'low',
        title: 'x'.repeat(1_000),
        evidence: Array.from({ length: 20 }, () => ({ name: 'n'.repeat(999), value: 'v'.repeat(999) })),
      }),
    );
    watch.see(many, 500);
    const [incident] = watch.whole;
    expect(watch.whole).toHaveLength(1);
    expect(incident).toMatchObject({ alertCount: 3_000, dropped: { alerts: 2_952, timeline: 2_904 } });
    expect(incident?.alerts.some(({ severity }) => severity === 'critical')).toBe(true);
    expect(incident?.entities).toHaveLength(64);
    expect(incident?.entities[0]?.name).toBe(outside);
    expect(JSON.stringify(incident).length).toBeLessThan(160_000);
    expect(watch.correlator.counts()).toMatchObject({ droppedAlerts: 2_952, droppedEntities: 2_937 });
  });

  test('alerts that come faster than they are asked for are counted', () => {
    const watch = new Watch({ maxPending: 10 });
    const many = Array.from({ length: 25 }, (_, n) => deed(0, `h${n}`, 'Discovery', 'plc'));
    watch.see(many, 1_000);
    expect(watch.correlator.counts()).toMatchObject({ opened: 25, untold: 15 });
  });
});

test('a user is taken on one machine only', () => {
  const taken = deed(0, outside, 'Credential Access', 'plc', {
    outcome: 'succeeded',
    entities: [entity(outside, 'actor'), entity('user:root@plc', 'target')],
  });
  const by = (user: string) =>
    new Watch().see([taken, deed(5, 'x', 'Execution', 'y', { entities: [entity(`user:${user}`, 'actor')] })])
      .whole;
  expect(by('root@plc')).toHaveLength(1);
  expect(by('root@hmi')).toHaveLength(2);
});
