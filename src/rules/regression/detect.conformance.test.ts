import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { readScap } from '../../event/scap/read-scap.ts';
import { SystemState } from '../../event/state/system-state.ts';
import { syscallSource } from '../../event/syscall-source.ts';
import type { SystemEvent } from '../../event/system-event.ts';
import { fileText } from '../../manifest/embedded.ts';
import { compileRules } from '../compile/compile.ts';
import { AlertPrinter, alertJson, alertText, defaultAlertOptions, type RuleAlert } from '../format/alert.ts';
import { loadRules } from '../load/load.ts';
import { priorities, type Rule } from '../rule-set.ts';
import { falcoData, listed, type RegressionCase, regressionCases, regressionPath } from './cases.fixture.ts';

/**
 * Alerts over recordings, against those of Falco 0.34.1.
 *
 * Entries of calls: that version gave each call twice, when it began and when it returned, and rules that do not say
 * `evt.dir` held for both. Since 2025 there are returns alone, here and in Falco. Expected counts of such rules are halved; the fields of
 * an entry are not always enough for a rule, so that an odd count is one return more than entries.
 */
const cases = Object.entries(regressionCases).filter(
  ([, one]) =>
    one.trace_file?.endsWith('.scap') &&
    one.validate_rules_file === undefined &&
    one.enable_source === undefined,
);

/** Cases that are about something else than rules, with the reason. */
const leftOut: Readonly<Record<string, string>> = {
  disabled_and_enabled_rules_1: 'options of the command line that contradict each other',
  disabled_and_enabled_rules_2: 'options of the command line that contradict each other',
  monitor_syscall_drops_ignore:
    'drops made up by the program itself (`simulate_drops`), which later versions removed',
  monitor_syscall_drops_threshold_oor: 'the same, with a setting out of range',
  monitor_syscall_drops_log: 'the same',
  monitor_syscall_drops_exit: 'the same',
};

test.skipIf(cases.length > 0)(`alerts over recordings: needs ${falcoData}`, () => {});

let total = 0;
afterAll(() => {
  if (cases.length === 0) return;
  console.log(
    `${cases.length - Object.keys(leftOut).length} recordings run, ${total} alerts; left out: ${Object.entries(
      leftOut,
    )
      .map(([name, why]) => `${name} (${why})`)
      .join(', ')}`,
  );
});

test.each(cases.filter(([name]) => leftOut[name] === undefined))('alerts: %s', (name, one) => {
  const { alerts, rules } = run(one);
  total += alerts.length;
  expect(alerts.length > 0, name).toBe(one.detect === true);
  const levels = listed(one.detect_level).map((level) => priorityName(level));
  if (one.detect)
    for (const level of levels) expect(alerts.map(({ rule }) => rule.priority)).toContain(level);
  for (const { rule } of alerts) if (levels.length > 0) expect(levels).toContain(rule.priority);
  for (const [rule, wanted] of (one.detect_counts ?? []).flatMap((counts) => Object.entries(counts))) {
    const found = alerts.filter((alert) => alert.rule.name === rule);
    const loaded = rules.find(({ name }) => name === rule);
    const both = loaded !== undefined && !JSON.stringify(loaded.condition).includes('evt.dir');
    expect(found.length, `${name}: ${rule} of ${wanted}`).toBe(both ? Math.ceil(wanted / 2) : wanted);
  }
  comparePrinted(alerts, one);
});

function run(one: RegressionCase): { readonly alerts: RuleAlert[]; readonly rules: readonly Rule[] } {
  const { rules } = loadRules(
    listed(one.rules_file).map((file) => fileText(file, readFileSync(regressionPath(file), 'utf8'))),
    { sources: new Map([['syscall', syscallSource]]) },
  );
  const matcher = compileRules(
    rules.filter((rule) => isSelected(rule, one)),
    syscallSource,
  );
  const recording = readScap(gunzipSync(readFileSync(regressionPath(one.trace_file as string))));
  expect(recording.faults).toEqual([]);
  const accounts = new Map(recording.accounts.map(({ kind, id, name }) => [`${kind} ${id}`, name]));
  const state = new SystemState({
    userName: (id) => accounts.get(`user ${id}`),
    groupName: (id) => accounts.get(`group ${id}`),
  });
  for (const thread of recording.threads) state.seed(thread);
  const printer = new AlertPrinter<SystemEvent>(syscallSource, ({ raw }) => raw.time, 'test-falco-hostname');
  const alerts = recording.events.flatMap(({ number, raw }) => {
    const event = state.apply(raw, number);
    const rule = matcher.first(event);
    return rule === undefined ? [] : [printer.alert(rule, event)];
  });
  return { alerts, rules };
}

/** As `-t`, `-T`, `-D` and `priority` of Falco choose. */
function isSelected(
  rule: Rule,
  { run_tags, disable_tags, disabled_rules, priority }: RegressionCase,
): boolean {
  const has = (tags: readonly string[]) => rule.tags.some((tag) => tags.includes(tag));
  if (run_tags !== undefined && !has(run_tags)) return false;
  if (disable_tags !== undefined && has(disable_tags)) return false;
  if (disabled_rules?.some((part) => rule.name.includes(part))) return false;
  return (
    priority === undefined || priorities.indexOf(rule.priority) <= priorities.indexOf(priorityName(priority))
  );
}

function priorityName(text: string) {
  const name = text.toLowerCase() === 'info' ? 'informational' : text.toLowerCase();
  return priorities.find((one) => one.toLowerCase() === name) as Rule['priority'];
}

function comparePrinted(alerts: readonly RuleAlert[], one: RegressionCase): void {
  const options = {
    ...defaultAlertOptions,
    isoTime: one.time_iso_8601 === true,
    jsonIncludeOutput: one.json_include_output_property !== false,
  };
  const print = one.json_output === true ? alertJson : alertText;
  const lines = alerts.map((alert) => print(alert, options));
  if (one.stdout_contains !== undefined)
    expect(lines.join('\n')).toMatch(new RegExp(one.stdout_contains, 'm'));
  for (const { stdout } of one.output_strictly_contains ?? []) {
    // Half of these lines are of entries.
    const wanted = readFileSync(regressionPath(stdout), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    for (const line of lines) expect(wanted).toContainEqual(JSON.parse(line));
    expect(lines).toHaveLength(wanted.length / 2);
  }
}
