import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isoText } from '../../event/fields/time-text.ts';
import { fileText } from '../../manifest/embedded.ts';
import type { Correlation } from '../correlation.ts';
import { RuleEngine } from '../engine.ts';
import type { RuleAlert } from '../format/alert.ts';
import { loadRules } from '../load/load.ts';
import { type SmallEvent, smallSource } from '../small-source.fixture.ts';
import { type Happening, type NaiveAlert, naiveAlerts } from './naive.oracle.ts';

/** Sets of correlations tried, with several streams each; PICKET_CASES=100000 for a long run. */
const numRuns = Number(process.env.PICKET_CASES ?? 150);

const condition = fc.constantFrom(
  'evt.type = open',
  'evt.type = close',
  'evt.type in (open, execve)',
  'evt.type != open',
  'proc.name = a',
  'evt.type in (close, execve) and not proc.name = b',
  'proc.pid >= 2',
);
const by = fc.constantFrom([], ['proc.name'], ['proc.pid'], ['proc.name', 'proc.pid']);
const within = fc.constantFrom('2s', '5s', '9s');
const cooldown = fc.constantFrom(undefined, '0', '1s', '30s');

function item(name: string, body: object, more: object): string {
  return JSON.stringify({
    correlation: name,
    desc: 'd',
    ...body,
    ...more,
    output: 'o %proc.name %proc.pid %correlation.key',
    priority: 'INFO',
  });
}

const count = fc
  .record({
    condition,
    by,
    distinct: fc.option(fc.constantFrom('proc.name', 'proc.pid'), { nil: undefined }),
    at_least: fc.integer({ min: 1, max: 4 }),
  })
  .map((body) => ({ count: body }));
const absence = fc
  .record({ condition, after: fc.option(condition, { nil: undefined }), by })
  .map((body) => ({ absence: body }));
const where = fc.constantFrom(
  'proc.pid = val(s0.proc.pid)',
  'proc.name != val(s0.proc.name)',
  's0.proc.pid >= 2',
);
const sequence = fc
  .record({
    steps: fc.array(fc.tuple(condition, fc.option(where, { nil: undefined, freq: 3 })), {
      minLength: 2,
      maxLength: 3,
    }),
    isJoined: fc.boolean(),
    by,
    without: fc.option(condition, { nil: undefined, freq: 2 }),
    /** The last step may have its key from other fields than those before. */
    other: fc.option(fc.constantFrom('proc.name', 'fd.name'), { nil: undefined, freq: 3 }),
  })
  .map(({ steps, isJoined, by, without, other }) => {
    const names = steps.map((_, index) => `s${index}`);
    const isMapped = other !== undefined && by.length === 1;
    const roles = [...names, ...(without === undefined ? [] : ['without'])];
    const map = Object.fromEntries(
      roles.map((role) => [role, role === names.at(-1) ? [other] : by] as const),
    );
    return {
      sequence: {
        by: isMapped ? map : by,
        ...(without !== undefined && { without }),
        steps: steps.map(([one, where], index) => ({
          name: names[index],
          condition: one,
          ...(index > 0 && isJoined && where !== undefined && { where }),
        })),
      },
    };
  });

const happening = fc.record({
  // Mostly forwards; back by a little as between processors.
  step: fc.constantFrom(0, 0, 1, 1, 1, 2, 3, 6, -1),
  isTick: fc.nat(7).map((number) => number === 0),
  type: fc.nat(4),
  name: fc.option(fc.constantFrom('a', 'b'), { nil: undefined, freq: 5 }),
  other: fc.constantFrom('a', 'b', '1', '2'),
  pid: fc.option(fc.constantFrom(1, 2, 3), { nil: undefined, freq: 5 }),
});
const stream = fc.array(happening, { minLength: 4, maxLength: 16, size: 'max' }).map((steps) => {
  let time = 1_700_000_000_000_000_000n;
  return steps.map(({ step, isTick, type, name, other, pid }): Happening => {
    time += BigInt(step) * 1_000_000_000n;
    const values = { 'proc.name': name, 'fd.name': other, 'proc.pid': pid, 'evt.rawtime': time };
    return { time, event: isTick ? undefined : { type, values } };
  });
});

function loaded(texts: readonly string[]): readonly Correlation[] {
  const files = [fileText('r.yaml', `[${texts.join(',')}]`)];
  const { correlations, findings } = loadRules(files, {
    sources: new Map([['syscall', smallSource as never]]),
  });
  const errors = findings.filter(({ code }) => code.severity === 'error');
  if (errors[0] !== undefined) throw new Error(`${errors[0].message}: ${texts.join('\n')}`);
  return correlations;
}

function run(correlations: readonly Correlation[], happenings: readonly Happening[]): RuleAlert[] {
  const engine = new RuleEngine<SmallEvent>({ rules: [], correlations }, smallSource, {
    timeOf: ({ values }) => values['evt.rawtime'] as bigint,
    hostname: 'h',
    matching: 'first',
  });
  const alerts = happenings.flatMap(({ event, time }) => (event ? engine.take(event) : engine.tick(time)));
  expect(engine.evicted().size).toBe(0);
  return alerts;
}

function naive({ time, first, key, suppressed, events }: NaiveAlert, { asks }: Correlation) {
  const shown = asks.kind === 'absence' ? events[0] : events.at(-1);
  const of = (event: SmallEvent | undefined, name: string) => event?.values[name];
  return {
    time,
    message: `o ${of(shown, 'proc.name') ?? '<NA>'} ${of(shown, 'proc.pid') ?? '<NA>'} ${key}`,
    first: isoText(first),
    suppressed: String(suppressed),
  };
}

function told({ time, message, fields }: RuleAlert) {
  return {
    time,
    message,
    first: JSON.parse(fields.get('correlation.first_time') as string) as string,
    suppressed: fields.get('correlation.suppressed'),
  };
}

test.each([
  ['count', count],
  ['sequence', sequence],
  ['absence', absence],
] as const)('%s: the engine tells what a naive evaluator tells', (kind, body: fc.Arbitrary<object>) => {
  const tally = { alerts: 0, suppressed: 0 };
  fc.assert(
    fc.property(
      fc.array(fc.tuple(body, within, cooldown), { minLength: 1, maxLength: 3 }),
      fc.array(stream, { minLength: 6, maxLength: 6 }),
      (bodies, streams) => {
        const correlations = loaded(
          bodies.map(([one, within, cooldown], index) => item(`c${index}`, one, { within, cooldown })),
        );
        for (const happenings of streams) {
          const alerts = run(correlations, happenings);
          for (const correlation of correlations) {
            const wanted = naiveAlerts(correlation, happenings);
            const given = alerts.filter(({ rule }) => rule.name === correlation.name);
            expect(given.map(told)).toEqual(wanted.map((one) => naive(one, correlation)));
            tally.alerts += wanted.length;
            tally.suppressed += wanted.filter(({ suppressed }) => suppressed > 0).length;
          }
        }
      },
    ),
    { numRuns, seed: 1 },
  );
  expect(tally.alerts, kind).toBeGreaterThan(numRuns);
  if (kind !== 'absence') expect(tally.suppressed, kind).toBeGreaterThan(numRuns / 60);
});
