import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { decodeAudit } from '../../event/audit/audit-event.ts';
import { auditSource } from '../../event/audit/audit-source.ts';
import { syscallSource } from '../../event/syscall-source.ts';
import { type EmbeddedText, fileText } from '../../manifest/embedded.ts';
import { compileRules } from '../compile/compile.ts';
import { type LoadOptions, loadRules } from '../load/load.ts';
import { priorities, type Rule } from '../rule-set.ts';
import { falcoData, listed, namesToday, regressionCases, regressionPath } from './cases.fixture.ts';

/**
 * Alerts over Kubernetes audit logs, against those of Falco 0.34.1 with its plugin of that time. The rules that a case takes from that
 * time's distribution are today's here, in which some names have changed; what must fire and what must not is the same.
 */
const renamedLists: readonly (readonly [string, string])[] = [
  ['falco_privileged_images', 'k8s_audit_privileged_images'],
  ['falco_sensitive_mount_images', 'k8s_audit_sensitive_mount_images'],
  ['falco_hostnetwork_images', 'k8s_audit_hostnetwork_images'],
];
/** Cases whose rules today's engine refuses. */
const leftOut = /^compat_engine_v4_/;
const why = 'rules of engine 4 compare lists of values with `contains`, which today’s engine refuses';

const all = Object.entries(regressionCases).filter(([, one]) => one.enable_source !== undefined);
const cases = all.filter(([name]) => !leftOut.test(name));
test.skipIf(cases.length > 0)(`alerts over audit logs: needs ${falcoData}`, () => {});

const sources: LoadOptions['sources'] = new Map<
  string,
  LoadOptions['sources'] extends ReadonlyMap<string, infer S> ? S : never
>([
  ['syscall', syscallSource],
  ['k8s_audit', auditSource],
]);

let total = 0;
afterAll(() => {
  if (cases.length > 0)
    console.log(
      `${cases.length} audit logs run, ${total} alerts; ${all.length - cases.length} left out: ${why}`,
    );
});

test.each(cases)('audit: %s', (name, one) => {
  const files = listed(one.rules_file).map(ruleFile);
  const { rules, findings } = loadRules(files, { sources });
  expect(findings.filter(({ code }) => code.severity === 'error').map(({ message }) => message)).toEqual([]);
  const matcher = compileRules(rules, auditSource);
  const log = one.input ?? one.trace_file;
  const { events, faults } = decodeAudit(readFileSync(regressionPath(log as string), 'utf8'));
  expect(faults).toEqual([]);
  const fired = events.flatMap((event) => matcher.first(event) ?? []);
  total += fired.length;
  expect(fired.length > 0, `${name}: ${fired.map((rule) => rule.name)}`).toBe(one.detect === true);
  const levels = listed(one.detect_level).map(priorityName);
  for (const level of one.detect ? levels : [])
    expect(fired.map(({ priority }) => priority)).toContain(level);
  for (const [rule, count] of (one.detect_counts ?? []).flatMap((counts) => Object.entries(counts))) {
    const names = namesToday(rule);
    const found = fired.filter((fire) => names.includes(fire.name));
    expect(found.length, `${rule}: ${fired.map((fire) => fire.name)}`).toBe(count);
  }
});

/** Files of the distribution are named by where that version's build put them. */
function ruleFile(name: string): EmbeddedText {
  const base = name.slice(name.lastIndexOf('/') + 1);
  const path = name.startsWith('BUILD_DIR') ? join(falcoData, 'rules', base) : regressionPath(name);
  const text = renamedLists.reduce(
    (now, [old, name]) => now.replaceAll(old, name),
    readFileSync(path, 'utf8'),
  );
  return fileText(base, text);
}

function priorityName(text: string): Rule['priority'] {
  const wanted = text.toLowerCase() === 'info' ? 'informational' : text.toLowerCase();
  return priorities.find((one) => one.toLowerCase() === wanted) as Rule['priority'];
}
