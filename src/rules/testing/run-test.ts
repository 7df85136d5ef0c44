import type { RawEvent, ThreadRecord } from '../../event/raw-event.ts';
import type { NumberedRecord, RecordedEvents } from '../../event/recorded-events.ts';
import { SystemState } from '../../event/state/system-state.ts';
import { recordedThread } from '../../event/state/thread.ts';
import { syscallSource } from '../../event/syscall-source.ts';
import type { SystemEvent } from '../../event/system-event.ts';
import { parseDuration } from '../duration.ts';
import { type AskedRules, RuleEngine } from '../engine.ts';
import type { RuleAlert } from '../format/alert.ts';
import { makeEvent, processesOf } from './make-event.ts';
import type { RuleTest, TestEvent } from './schema.ts';

/** An alert, and the number of its event: of those in the test from 1, of a capture its own. */
export interface TestAlert extends RuleAlert {
  readonly event: number;
}

/** What came of one test. */
export interface RuleTestResult {
  readonly name: string;
  readonly passed: boolean;
  /** What is not as expected, in sentences. */
  readonly failures: readonly string[];
  readonly alerts: readonly TestAlert[];
}

/**
 * Runs a test over events: those that it makes up, or `captured` ones. All rules that hold count, and all correlations.
 */
export function runRuleTest<E extends NumberedRecord = SystemEvent>(
  test: RuleTest,
  rules: AskedRules,
  captured?: RecordedEvents<E>,
): RuleTestResult {
  const alerts =
    captured === undefined ? raised(madeUpEvents(test), rules, test) : raised(captured, rules, test);
  const named = [...rules.rules, ...(rules.correlations ?? [])];
  const failures = [
    ...test.expect.flatMap((expected) => missing(expected, alerts, named)),
    ...unexpected(test, alerts),
  ];
  return { name: test.name, passed: failures.length === 0, failures, alerts };
}

function raised<E extends NumberedRecord>(
  { source, timeOf, events }: RecordedEvents<E>,
  rules: AskedRules,
  { wait }: RuleTest,
): readonly TestAlert[] {
  const engine = new RuleEngine<E>(rules, source, { timeOf, hostname: 'test', matching: 'all' });
  const alerts: TestAlert[] = [];
  let last: { readonly time: bigint; readonly number: number } = { time: 0n, number: 0 };
  const add = (found: readonly RuleAlert[]) =>
    alerts.push(...found.map((alert) => ({ ...alert, event: last.number })));
  for (const event of events()) {
    last = { time: timeOf(event), number: event.number };
    add(engine.take(event));
  }
  if (wait !== undefined) add(engine.tick(last.time + nanoseconds(wait)));
  return alerts;
}

function madeUpEvents(test: RuleTest): RecordedEvents<SystemEvent> {
  return { source: syscallSource, timeOf: ({ raw }) => raw.time, events: () => madeUp(test) };
}

function nanoseconds(duration: string): bigint {
  return BigInt(parseDuration(duration) as number);
}

function* madeUp({ events = [], containers = {} }: RuleTest): Generator<SystemEvent> {
  const users = new Map(events.map(({ process: caller }) => [caller?.uid ?? 0, caller?.user]));
  const state = new SystemState({
    userName: (uid) => users.get(uid) ?? (uid === 0 ? 'root' : undefined),
    groupName: () => undefined,
    container: (id) => {
      const key = Object.keys(containers).find((one) => one.padEnd(64, '0').slice(0, 12) === id);
      return key === undefined ? undefined : { id, type: 'docker', ...defined(containers[key] ?? {}) };
    },
  });
  const known = new Set<number>();
  let time = 0n;
  for (const [index, event] of events.entries()) {
    if (index > 0) time += nanoseconds(event.after ?? '1s');
    for (const record of processesOf(event)) seed(state, record, known, event);
    yield state.apply(makeEvent(event, time) as RawEvent, index + 1);
  }
}

/** A process is put in when it is first spoken of; what the events do to it stays. */
function seed(
  state: SystemState,
  record: ThreadRecord,
  known: Set<number>,
  { process: caller }: TestEvent,
): void {
  if (known.has(record.tid) && (caller === undefined || state.thread(record.tid)?.comm === record.comm))
    return;
  known.add(record.tid);
  const thread = recordedThread(record);
  const before = state.thread(record.tid);
  if (before !== undefined) thread.descriptors = before.descriptors;
  state.add(thread);
}

function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

function missing(
  { rule, count, output, fields }: RuleTest['expect'][number],
  alerts: readonly TestAlert[],
  rules: readonly { readonly name: string; readonly enabled: boolean }[],
): string[] {
  const found = alerts.filter((alert) => alert.rule.name === rule);
  if (!rules.some(({ name }) => name === rule)) return [`there is no rule ${rule} in these files`];
  if (!rules.some(({ name, enabled }) => name === rule && enabled)) return [`${rule} is not enabled`];
  if (count !== undefined && found.length !== count)
    return [`${rule} fired ${times(found.length)}, not ${times(count)}`];
  if (count === 0) return [];
  if (found.length === 0) return [`${rule} did not fire`];
  const failures: string[] = [];
  if (output !== undefined && !found.some(({ message }) => message.includes(output))) {
    failures.push(`no output of ${rule} holds \`${output}\`: it is \`${found[0]?.message}\``);
  }
  for (const [name, value] of Object.entries(fields ?? {})) {
    const wanted = JSON.stringify(value);
    const given = found.map((alert) => alert.fields.get(name));
    if (!given.includes(wanted)) {
      failures.push(
        given[0] === undefined
          ? `the output of ${rule} has no ${name}`
          : `${name} of ${rule} is ${given[0]}, not ${wanted}`,
      );
    }
  }
  return failures;
}

function unexpected({ expect: wanted, allow = [] }: RuleTest, alerts: readonly TestAlert[]): string[] {
  const named = new Set([...wanted.map(({ rule }) => rule), ...allow]);
  const others = Map.groupBy(
    alerts.filter(({ rule }) => !named.has(rule.name)),
    ({ rule }) => rule.name,
  );
  return [...others].map(
    ([name, found]) =>
      `${name} fired ${times(found.length)} and is not expected: \`${found[0]?.message}\` (event ${found[0]?.event})`,
  );
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
