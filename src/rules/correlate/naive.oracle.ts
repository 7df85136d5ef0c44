import type { FieldValue } from '../../event/field.ts';
import type { Operand } from '../ast.ts';
import { holds } from '../compile/evaluate.oracle.ts';
import type { Absence, Correlation, Count, Pattern, Sequence } from '../correlation.ts';
import type { SmallEvent } from '../small-source.fixture.ts';

/** What happens: an event, or a tick. */
export interface Happening {
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
  readonly event: SmallEvent | undefined;
}

/** An alert as the naive evaluator tells it. */
export interface NaiveAlert {
  readonly time: bigint;
  readonly first: bigint;
  readonly key: string;
  readonly suppressed: number;
  /** The events of the steps, the last one included; of an absence the one that made it be expected. */
  readonly events: readonly SmallEvent[];
}

/** A happening that the correlation asks for, at the time that counts. */
interface Seen {
  readonly event: SmallEvent;
  readonly at: bigint;
}

type Met = Omit<NaiveAlert, 'suppressed'>;

/**
 * Evaluates a correlation as its description says it: keeps all events, and looks back over all of them at each. Slow, and
 * written apart from the engine.
 */
export function naiveAlerts(correlation: Correlation, happenings: readonly Happening[]): NaiveAlert[] {
  const { asks, within, cooldown } = correlation;
  const met =
    asks.kind === 'count'
      ? counted(asks, BigInt(within), seenBy([asks.events], happenings))
      : asks.kind === 'sequence'
        ? sequenced(asks, BigInt(within), happenings)
        : absent(asks, BigInt(within), happenings);
  const told: NaiveAlert[] = [];
  const silent = new Map<string, { until: bigint; suppressed: number }>();
  for (const one of met) {
    const known = silent.get(one.key);
    if (known !== undefined && one.time < known.until) {
      known.suppressed++;
      continue;
    }
    told.push({ ...one, suppressed: known?.suppressed ?? 0 });
    silent.set(one.key, { until: one.time + BigInt(cooldown), suppressed: 0 });
  }
  return told;
}

/** Events that a pattern holds for; time never runs backwards among them. */
function seenBy(patterns: readonly Pattern[], happenings: readonly Happening[]): Seen[] {
  let now: bigint | undefined;
  return happenings.flatMap(({ event, time }) => {
    if (event === undefined || !patterns.some(({ condition }) => holds(condition, event))) return [];
    now = now === undefined || time > now ? time : now;
    return [{ event, at: now }];
  });
}

function counted({ events, distinct, atLeast }: Count, within: bigint, seen: readonly Seen[]): Met[] {
  return seen.flatMap(({ event, at }, index): Met[] => {
    const key = keyOf(events.by, event);
    if (key === undefined) return [];
    if (distinct !== undefined && fieldOf(distinct, event) === undefined) return [];
    const inside = seen
      .slice(0, index + 1)
      .filter((one) => keyOf(events.by, one.event) === key && at - one.at <= within);
    const times =
      distinct === undefined
        ? inside.map((one) => one.at)
        : [...lastSeen(inside, distinct).values()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    if (times.length < atLeast) return [];
    return [{ time: at, first: times.at(-atLeast) as bigint, key, events: [event] }];
  });
}

function lastSeen(seen: readonly Seen[], distinct: Operand): Map<string, bigint> {
  const last = new Map<string, bigint>();
  for (const { event, at } of seen) {
    const value = fieldOf(distinct, event);
    if (value !== undefined) last.set(value, at);
  }
  return last;
}

function sequenced({ steps, without }: Sequence, within: bigint, happenings: readonly Happening[]): Met[] {
  const seen = seenBy([...steps, ...(without === undefined ? [] : [without])], happenings);
  const isStep = (step: number, index: number, key: string) => {
    const { condition, by } = steps[step] as Sequence['steps'][number];
    const { event } = seen[index] as Seen;
    return holds(condition, event) && keyOf(by, event) === key;
  };
  /** Chains of steps that end at an event, the best first: that whose last step but one is latest, and so on. */
  function* chains(step: number, index: number, key: string): Generator<number[]> {
    if (!isStep(step, index, key)) return;
    if (step === 0) {
      yield [index];
      return;
    }
    for (let before = index - 1; before >= 0; before--) {
      for (const chain of chains(step - 1, before, key)) {
        const where = steps[step]?.where;
        const joined = joinedEvent(
          [...chain, index].map((at) => (seen[at] as Seen).event),
          steps,
        );
        if (where === undefined || holds(where, joined)) yield [...chain, index];
      }
    }
  }
  return seen.flatMap(({ event, at }, index): Met[] => {
    const key = keyOf(steps.at(-1)?.by ?? [], event);
    if (key === undefined) return [];
    for (const chain of chains(steps.length - 1, index, key)) {
      const [begin = 0] = chain;
      const first = (seen[begin] as Seen).at;
      if (at - first > within) continue;
      const isBroken = seen
        .slice(begin + 1, index + 1)
        .some(
          (one) =>
            without !== undefined &&
            holds(without.condition, one.event) &&
            keyOf(without.by, one.event) === key,
        );
      if (isBroken) continue;
      return [{ time: at, first, key, events: chain.map((one) => (seen[one] as Seen).event) }];
    }
    return [];
  });
}

/** The last event with the fields of those before under the names of their steps. */
function joinedEvent(events: readonly SmallEvent[], steps: Sequence['steps']): SmallEvent {
  const last = events.at(-1) as SmallEvent;
  const earlier = events
    .slice(0, -1)
    .flatMap(({ values }, index) =>
      Object.entries(values).map(([name, value]) => [`${steps[index]?.name}.${name}`, value] as const),
    );
  return { type: last.type, values: { ...last.values, ...Object.fromEntries(earlier) } };
}

function absent({ after, expected }: Absence, within: bigint, happenings: readonly Happening[]): Met[] {
  const met: Met[] = [];
  let waiting: { key: string; since: bigint; event: SmallEvent }[] = [];
  let now: bigint | undefined;
  for (const { time, event } of happenings) {
    for (const { key, since, event: first } of waiting)
      if (since + within < time) met.push({ time: since + within, first: since, key, events: [first] });
    waiting = waiting.filter(({ since }) => since + within >= time);
    if (event === undefined) continue;
    const [isExpected, isAfter] = [expected, after].map(
      (pattern) => pattern !== undefined && holds(pattern.condition, event),
    );
    if (!isExpected && !isAfter) continue;
    now = now === undefined || time > now ? time : now;
    const keys = [expected, after].map((pattern) => pattern && keyOf(pattern.by, event));
    if (isExpected) waiting = waiting.filter(({ key }) => key !== keys[0]);
    const arming = after === undefined ? isExpected && keys[0] : isAfter && keys[1];
    if (typeof arming === 'string' && !waiting.some(({ key }) => key === arming))
      waiting.push({ key: arming, since: now, event });
  }
  return met;
}

function keyOf(by: readonly Operand[], event: SmallEvent): string | undefined {
  const values = by.map((operand) => fieldOf(operand, event));
  return values.includes(undefined) ? undefined : values.join(', ');
}

function fieldOf(operand: Operand, { values }: SmallEvent): string | undefined {
  if (operand.kind !== 'field') throw new Error(operand.name);
  const value: FieldValue | readonly FieldValue[] | undefined = values[operand.name];
  return value === undefined ? undefined : String(value);
}
