/**
 * Logs of CrowdSec's hub with what its scenarios find in them (scenario.assert): the same sources must be found by the detector or rule that
 * looks for the same, and nobody else. They are read as `picket replay` reads them.
 *
 * Where the two differ, by rule:
 * - A scan is told at the fourth first contact that fails, not at the 16th port, and once more when it is over: one alert.
 * - An exec into a pod is told by Falco's rule at the stage ResponseStarted of the request. The log has only its end
 *   (ResponseComplete), so a rule that asks for that stands here in its place.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { testIo } from '../io.fixture.ts';
import { runProgram } from '../program.ts';

const shared = process.env.PICKET_SHARED ?? fileURLToPath(new URL('../../../../shared', import.meta.url));
const logs = join(shared, 'data/detect/logs');
const officialRules = join(shared, 'data/falco/rules/k8s_audit_rules.yaml');
const isThere = existsSync(logs) && existsSync(officialRules);
const why = isThere ? '' : ` (skipped: the logs or rules are not under ${shared})`;

/** How an alert of Picket's is recognized that is the one of a scenario. */
const sameAs: Readonly<Record<string, { readonly detector: string; readonly title: RegExp }>> = {
  'crowdsecurity/ssh-bf': { detector: 'brute-force', title: /guesses passwords of ssh$/ },
  'crowdsecurity/ssh-slow-bf': { detector: 'brute-force', title: /guesses passwords of ssh$/ },
  'crowdsecurity/ssh-bf_user-enum': { detector: 'brute-force', title: /tries many names at ssh$/ },
  'crowdsecurity/iptables-scan-multi_ports': { detector: 'port-scan', title: /^Port scan: / },
  'a1ad/mikrotik-scan-multi_ports': { detector: 'port-scan', title: /^Port scan: / },
};

/** One alert that is asserted. */
interface Asserted {
  scenario: string;
  source: string;
  events: number;
  /** Time of the last event, without the year where the log has none. */
  last: string;
}

function assertedOf(name: string): Asserted[] {
  const text = readFileSync(join(logs, name, 'scenario.assert'), 'utf8');
  const count = Number(/^len\(results\) == (\d+)/m.exec(text)?.[1]);
  return Array.from({ length: count }, (_, number) => {
    const lines = text.split('\n').filter((line) => line.includes(`results[${number}].`));
    const value = (pattern: RegExp) =>
      lines.map((line) => pattern.exec(line)?.[1]).filter((one) => one !== undefined);
    return {
      scenario: value(/GetScenario\(\) == "(.*)"/)[0] ?? '',
      source: value(/GetValue\(\) == "(.*)"/)[0] ?? '',
      events: Number(value(/GetEventsCount\(\) == (\d+)/)[0]),
      last: value(/GetMeta\("timestamp"\) == "(.*)"/).at(-1) ?? '',
    };
  });
}

async function replay(name: string, ...more: readonly string[]) {
  const io = testIo();
  const code = await runProgram(
    ['replay', join(logs, name, `${name}.log`), '-o', 'jsonl', ...more],
    () => io,
  );
  const lines = io.written.out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  return { code, lines, alerts: lines.filter(({ type }) => type === 'alert'), err: io.written.err };
}

test
  .skipIf(!isThere)
  .each(['ssh-bf', 'ssh-slow-bf', 'iptables-scan-multi-port', 'mikrotik-scan-multi_ports'])(
  `%s: each alert that is asserted, and none beyond${why}`,
  async (name) => {
    const asserted = assertedOf(name);
    expect(asserted.length).toBeGreaterThan(0);
    const { alerts } = await replay(name);
    const isFor = ({ scenario, source }: Asserted, { detector, title, entity }: (typeof alerts)[number]) => {
      const same = sameAs[scenario];
      return same !== undefined && detector === same.detector && same.title.test(title) && entity === source;
    };
    for (const one of asserted) {
      const found = alerts.filter((alert) => isFor(one, alert));
      expect(found, `${one.scenario} of ${one.source}`).toHaveLength(1);
    }
    const beyond = alerts.filter((alert) => !asserted.some((one) => isFor(one, alert)));
    expect(beyond).toEqual([]);
  },
);

/** Of a time the part that both tell: the year rests on when the file was last written. */
const yearless = (time: number | string) => new Date(time).toISOString().slice(5, 19);

test.skipIf(!isThere).each(['ssh-bf', 'ssh-slow-bf'])(
  `%s: at the same event, after the same number of failures${why}`,
  async (name) => {
    for (const { scenario, last, events } of assertedOf(name)) {
      const { alerts } = await replay(name);
      const alert = alerts.find(({ title }) => sameAs[scenario]!.title.test(title));
      expect(yearless(alert.firstAt)).toBe(yearless(last));
      expect(alert.explanation).toMatch(new RegExp(`\\b${events} (?:times|different names)\\b`));
    }
  },
);

test.skipIf(!isThere)(`a firewall that looks and lets through accuses nobody${why}`, async () => {
  const { lines } = await replay('iptables-scan-multi-port');
  const summary = lines.find(({ type }) => type === 'summary');
  expect(summary.sources.map(({ address }: { address: string }) => address).sort()).toEqual([
    '127.0.0.2',
    '62.34.17.168',
  ]);
  expect(summary.files[0].skipped).toEqual({ 'firewall: let through, says its prefix': 16 });
  expect(summary.files[0].dropped).toEqual({});
});

test.skipIf(!isThere)(
  `audit logs: a privileged pod by Falco's own rule, an exec by its end${why}`,
  async () => {
    const [pod] = assertedOf('k8s-audit-priv-pod-file');
    const { lines } = await replay('k8s-audit-priv-pod-file', '-r', officialRules, '--matching', 'all');
    expect(lines.map(({ rule }) => rule)).toEqual(['Create Privileged Pod']);
    expect(pod!.scenario).toBe('crowdsecurity/k8s-audit-privileged-pod-creation');

    const [exec] = assertedOf('k8s-audit-pod-exec-file');
    expect(exec!.scenario).toBe('crowdsecurity/k8s-audit-pod-exec');
    const official = await replay('k8s-audit-pod-exec-file', '-r', officialRules, '--matching', 'all');
    expect(official.lines).toEqual([]);
    const rule = fileURLToPath(new URL('./exec-ended.fixture.yaml', import.meta.url));
    const { lines: ended } = await replay('k8s-audit-pod-exec-file', '-r', rule);
    expect(ended).toMatchObject([{ rule: 'Exec into a pod has ended' }]);
    expect(ended[0].output).toContain(`from ${exec!.source}`);
  },
);
