import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { decodeAudit } from '../../src/event/audit/audit-event.ts';
import {
  listed,
  namesToday,
  type RegressionCase,
  regressionCases,
  regressionPath,
} from '../../src/rules/regression/cases.fixture.ts';
import { command, freePort, Guard, has, shared, sleep, temporaryFolder, until } from '../harness.ts';

const official = join(shared, 'data/falco/rules/k8s_audit_rules.yaml');
const skip = !existsSync(official)
  ? 'the official rules are not here'
  : ['curl', 'logrotate'].every(has)
    ? undefined
    : 'needs curl and logrotate';

/** Cases of Falco's regression suite whose rules are the official ones and nothing else, by the log that they read. */
const cases = Object.entries(regressionCases).filter(
  ([, { enable_source, rules_file }]) =>
    enable_source !== undefined &&
    listed(rules_file).length > 0 &&
    listed(rules_file).every((file) => /^BUILD_DIR.*\/(falco_rules|k8s_audit_rules)\.yaml$/.test(file)),
);
const logs = [...new Set(cases.map(([, one]) => regressionPath(logOf(one))))];

function logOf({ input, trace_file }: RegressionCase): string {
  return input ?? trace_file ?? '';
}

/** Events of a log, as they stand in it. */
function eventsOf(log: string): readonly object[] {
  return decodeAudit(readFileSync(log, 'utf8')).events.map(({ value }) => value);
}

interface Alert {
  readonly rule: string;
  readonly source: string;
  readonly output_fields: Readonly<Record<string, unknown>>;
  readonly time: string;
}

/** Alerts of rules that were printed so far. */
function alertsOf(guard: Guard): readonly Alert[] {
  return guard.stdout.map(({ text }) => JSON.parse(text)).filter((one) => 'rule' in one);
}

/** What each case expects, held against the alerts whose time is that of an event of its log. */
function expectRegression(alerts: readonly Alert[]): void {
  for (const [name, one] of cases) {
    const times = new Set(
      decodeAudit(readFileSync(regressionPath(logOf(one)), 'utf8')).events.map(({ time }) => time),
    );
    const fired = alerts.filter(({ time }) => times.has(nanoseconds(time))).map(({ rule }) => rule);
    expect(fired.length > 0, `${name}: ${fired}`).toBe(one.detect === true);
    for (const [rule, count] of (one.detect_counts ?? []).flatMap((counts) => Object.entries(counts)))
      expect(fired.filter((found) => namesToday(rule).includes(found)).length, `${name}: ${fired}`).toBe(
        count,
      );
  }
}

function nanoseconds(time: string): bigint {
  return BigInt(Date.parse(`${time.slice(0, 19)}Z`)) * 1_000_000n + BigInt(time.slice(20, 29));
}

function curl(url: string, file: string, ...headers: readonly string[]) {
  const given = ['Content-Type: application/json', ...headers].flatMap((header) => ['-H', header]);
  const args = ['-sS', '-w', '\n%{http_code}', '--data-binary', `@${file}`, ...given, url];
  const [body = '', status = ''] = command('curl', args).out.split('\n');
  return { status: Number(status), body };
}

afterAll(() => {
  if (!skip) console.log(`${cases.length} cases over ${logs.length} audit logs, by webhook and by file`);
});

describe.skipIf(skip)(`audit events of an API server${skip ? `: ${skip}` : ''}`, () => {
  test('48 official rules, events sent to the webhook as gzip', { timeout: 120_000 }, async () => {
    using temporary = temporaryFolder();
    const port = await freePort();
    await using guard = await Guard.start([
      ...['--no-store', '--rules', official, '--ingest-listen', `127.0.0.1:${port}`],
    ]);
    expect(guard.said).toContain(`48 on audit events: POST http://127.0.0.1:${port}/k8s-audit`);
    const url = `http://127.0.0.1:${port}/k8s-audit?timeout=30s`;
    const bodies = logs.map((log) => {
      const body = join(temporary.path, `${basename(log)}.gz`);
      const list = { kind: 'EventList', apiVersion: 'audit.k8s.io/v1', metadata: {}, items: eventsOf(log) };
      writeFileSync(body, gzipSync(JSON.stringify(list)));
      return body;
    });
    for (const body of bodies)
      expect(curl(url, body, 'Content-Encoding: gzip')).toMatchObject({ status: 200 });
    const wanted = picketReplay();
    await until('all alerts', () => alertsOf(guard).length >= wanted || undefined);
    expectRegression(alertsOf(guard));
    for (const body of bodies) expect(curl(url, body, 'Content-Encoding: gzip').status).toBe(200);
    await sleep(500);
    expect(alertsOf(guard)).toHaveLength(wanted);
    const bomb = join(temporary.path, 'bomb.gz');
    writeFileSync(bomb, gzipSync(Buffer.alloc(64 * 2 ** 20)));
    expect(curl(url, bomb, 'Content-Encoding: gzip').status).toBe(413);
    expect(curl(url, official).status).toBe(400);
    const metrics = await (await fetch(`${guard.metricsUrl}/metrics`)).text();
    expect(metrics).toMatch(/^picket_rule_source_up\{source="k8s_audit"\} 1$/m);
    expect(metrics).toMatch(/^picket_rule_alerts_total\{.*source="k8s_audit"\} \d+$/m);
  });

  test('the same from a log that logrotate rotates', { timeout: 120_000 }, async () => {
    using temporary = temporaryFolder();
    const log = join(temporary.path, 'audit.log');
    const config = join(temporary.path, 'logrotate.conf');
    writeFileSync(config, `${log} {\n  rotate 20\n  create\n  missingok\n  nocompress\n}\n`, { mode: 0o644 });
    const rotate = () =>
      execFileSync('logrotate', ['--force', '--state', join(temporary.path, 'state'), config], {
        env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
      });
    await using guard = await Guard.start(['--no-store', '--rules', official, '--audit-log', log]);
    for (const [index, path] of logs.entries()) {
      for (const event of eventsOf(path)) appendFileSync(log, `${JSON.stringify(event)}\n`);
      if (index % 4 === 3) rotate();
    }
    const wanted = picketReplay();
    await until('all alerts', () => alertsOf(guard).length >= wanted || undefined);
    expectRegression(alertsOf(guard));
    expect(alertsOf(guard)).toHaveLength(wanted);
    await guard.stop();
    const events = logs.reduce((sum, path) => sum + eventsOf(path).length, 0);
    expect(guard.said).toContain(`rules on k8s_audit: ${events} events seen, 0 lost`);
  });
});

/** How many alerts a replay of all logs raises. */
function picketReplay(): number {
  const names = new Set(logs);
  return command(join(import.meta.dirname, '../../picket'), ['replay', ...names, '--rules', official])
    .out.trim()
    .split('\n').length;
}

const written = regressionPath('output_files/single_rule_with_cat_write.json');
const noAlerts = !existsSync(written)
  ? 'the alerts of a Falco are not here'
  : has('curl')
    ? undefined
    : 'needs curl';

test.skipIf(noAlerts)(
  `alerts that a Falco wrote are taken in and handed on${noAlerts ? `: ${noAlerts}` : ''}`,
  { timeout: 60_000 },
  async () => {
    const port = await freePort();
    await using guard = await Guard.start([
      ...['--no-store', '--ingest-listen', `0.0.0.0:${port}`, '--ingest-token', 'ticket'],
    ]);
    expect(curl(`http://127.0.0.1:${port}/falco`, written).status).toBe(401);
    // As an http_output with the token in its URL sends them: libcurl makes a header of it.
    expect(curl(`http://picket:ticket@127.0.0.1:${port}/falco`, written)).toMatchObject({ status: 200 });
    const sent = readFileSync(written, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    await until('all alerts', () => alertsOf(guard).length >= sent.length || undefined);
    const told = (alert: Record<string, unknown>) => {
      const { hostname, rule, priority, source, tags, time } = alert;
      return { hostname, rule, priority, source, tags, time };
    };
    expect(alertsOf(guard).map((alert) => told({ ...alert }))).toEqual(sent.map(told));
    // The API server's path is not there: nobody has rules for it.
    expect(curl(`http://picket:ticket@127.0.0.1:${port}/k8s-audit`, written).status).toBe(404);
  },
);
