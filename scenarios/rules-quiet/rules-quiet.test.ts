import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { probeBpf } from '../../src/sensor/bpf.ts';
import { freePort, has, root, shared, sleep, temporaryFolder, until } from '../harness.ts';
import { jobs } from './work.ts';

/** How long the work is repeated, in seconds; each piece is done once at least. */
const seconds = Number(process.env.PICKET_QUIET ?? 65);
const rules = join(shared, 'data/falco/rules/falco_rules.yaml');
const probe = probeBpf();
const missing = jobs.flatMap(({ needs }) => needs).filter((name) => !has(name));
const skip =
  probe.state !== 'available'
    ? probe.details[0]
    : !existsSync(rules)
      ? 'the official rules are not here'
      : process.getuid?.() !== 0
        ? 'needs root'
        : missing.length > 0
          ? `needs ${missing.join(', ')}`
          : undefined;

/** What the stable rules rightly say of normal work, going by their own text. */
const right: readonly { readonly rule: string; readonly process: string; readonly reason: string }[] = [];

/** Of this run: another one on this machine is somebody else. */
const marker = `PICKET_QUIET_JOB_${process.pid}`;
const depth = 16;

interface Alert {
  readonly rule: string;
  readonly output: string;
  readonly output_fields: Readonly<Record<string, unknown>>;
}

/** Makes every rule tell the ancestors of the process, so that it is known whose it is. */
function overrides(): string {
  const ancestors = Array.from({ length: depth }, (_, index) => `%proc.apid[${index}]`).join(' ');
  const items = parse(readFileSync(rules, 'utf8')) as { readonly rule?: string }[];
  return items
    .filter(({ rule }) => rule !== undefined)
    .map(
      ({ rule }) =>
        `- rule: ${JSON.stringify(rule)}\n  output: "job=%proc.env[${marker}] above ${ancestors}"\n  override: {output: append}\n`,
    )
    .join('');
}

/** Whether a program of the scenario did it: by what it inherited, or by its ancestors. */
function isOurs({ output_fields }: Alert): boolean {
  if (typeof output_fields[`proc.env[${marker}]`] === 'string') return true;
  return Array.from({ length: depth }, (_, index) => output_fields[`proc.apid[${index}]`]).includes(
    process.pid,
  );
}

async function run(script: string, folder: string, job: string, cronSeconds: number): Promise<number> {
  mkdirSync(folder, { recursive: true });
  const env = {
    ...process.env,
    [marker]: job,
    QUIET_PORT: String(await freePort()),
    QUIET_CRON: String(cronSeconds),
  };
  const child = spawn('sh', ['-ec', script], { cwd: folder, env, stdio: 'ignore' });
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? -1)));
}

test.skipIf(skip)(
  `normal work raises no stable rule wrongly${skip ? `: ${skip}` : ` (${seconds} s)`}`,
  { timeout: (seconds + 180) * 1000 },
  async () => {
    using temporary = temporaryFolder();
    const local = join(temporary.path, 'local.yaml');
    writeFileSync(local, overrides());
    const [page, metrics] = [await freePort(), await freePort()];
    const child = spawn(
      join(root, 'picket'),
      [
        ...['run', '--no-store', '-o', 'jsonl', '--rules', rules, '--rules', local],
        ...['--listen', `127.0.0.1:${page}`, '--metrics-listen', `127.0.0.1:${metrics}`],
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let [out, said] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const failed: string[] = [];
    let rounds = 0;
    try {
      await until('it has started', () => said.includes('Ctrl-C ends it') || undefined, 120_000);
      const end = performance.now() + seconds * 1000;
      do {
        rounds++;
        // Cron looks once a minute: it runs at the side of the others.
        const work = jobs.map((job, index) => ({
          ...job,
          folder: join(temporary.path, `${rounds}-${index}`),
        }));
        const cron = work.filter(({ needs }) => needs.includes('cron'));
        const waiting = cron.map(async (job) => {
          const code = await run(job.script, job.folder, job.name, Math.min(62, seconds));
          if (code !== 0) failed.push(`${job.name} (${code})`);
        });
        for (const job of work.filter((one) => !cron.includes(one))) {
          const code = await run(job.script, job.folder, job.name, 0);
          if (code !== 0) failed.push(`${job.name} (${code})`);
        }
        await Promise.all(waiting);
      } while (performance.now() < end);
      // So that silence means something.
      await run('head -c 1 /etc/shadow', join(temporary.path, 'control'), 'control', 0);
      await sleep(1000);
    } finally {
      child.kill('SIGTERM');
      await ended;
    }
    const alerts = out
      .split('\n')
      .filter((line) => line.includes('"rule"'))
      .map((line) => JSON.parse(line) as Alert);
    const ours = alerts.filter(isOurs);
    const isControl = ({ output_fields }: Alert) => output_fields[`proc.env[${marker}]`] === 'control';
    const raised = ours.filter((alert) => !isControl(alert));
    const isRight = ({ rule, output_fields }: Alert) =>
      right.some((one) => one.rule === rule && one.process === output_fields['proc.name']);
    console.log(
      `${rounds} rounds of ${jobs.length} jobs; ${raised.length} alerts of them, ${alerts.length - ours.length} of others on this machine\n${raised
        .map(
          ({ rule, output, output_fields }) =>
            `  ${rule} [${output_fields[`proc.env[${marker}]`]}]: ${output}`,
        )
        .join('\n')}\n${said.split('\n').slice(-3).join('\n')}`,
    );
    expect(failed).toEqual([]);
    expect(ours.filter(isControl).map(({ rule }) => rule)).toEqual(['Read sensitive file untrusted']);
    expect(raised.filter((alert) => !isRight(alert)).map(({ rule, output }) => `${rule}: ${output}`)).toEqual(
      [],
    );
    expect(said).toMatch(/rules on syscall: \d+ events seen, 0 lost/);
  },
);
