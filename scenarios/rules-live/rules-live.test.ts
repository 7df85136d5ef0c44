import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { probeBpf } from '../../src/sensor/bpf.ts';
import { freePort, has, root, shared, sleep, temporaryFolder, until } from '../harness.ts';
import type { Behaviour } from './behaviour.ts';
import { Container } from './container.fixture.ts';
import { inContainer } from './in-container.ts';
import { notShown } from './not-shown.ts';
import { onHost } from './on-host.ts';

const folder = join(shared, 'data/falco/rules');
const files = ['falco_rules', 'falco-incubating_rules', 'falco-sandbox_rules'].map((name) =>
  join(folder, `${name}.yaml`),
);
const programs = 'perl nmap ncat curl runc script shred ssh setpriv unshare gcc'.split(' ');
const missing = programs.filter((name) => !has(name));
const probe = probeBpf();
const skip =
  probe.state !== 'available'
    ? probe.details[0]
    : !existsSync(folder)
      ? 'the official rules are not here'
      : missing.length > 0
        ? `needs ${missing.join(', ')}`
        : undefined;

interface OfficialRule {
  readonly rule?: string;
  readonly enabled?: boolean;
}

const official = skip
  ? []
  : files
      .flatMap((file) => parse(readFileSync(file, 'utf8')) as OfficialRule[])
      .filter((item): item is OfficialRule & { readonly rule: string } => item.rule !== undefined);

/** Every program of a behaviour has its number in this variable, and every alert tells it. */
const variable = 'PICKET_BAIT';
const started = 'container starts';
const behaviours: readonly Behaviour[] = [...onHost, ...inContainer];

/** A file that makes rules tell whose behaviour they saw; only those named are on, or those as shipped. */
function overrides(only: ReadonlySet<string> | undefined): string {
  return official
    .map(({ rule, enabled = true }) => {
      const output = `  output: "bait=%proc.env[${variable}]"\n`;
      const isOn = only === undefined ? enabled : only.has(rule);
      return `- rule: ${JSON.stringify(rule)}\n${output}  enabled: ${isOn}\n  override: {output: append, enabled: replace}\n`;
    })
    .join('');
}

interface Alert {
  readonly rule: string;
  readonly output: string;
  readonly output_fields: Readonly<Record<string, unknown>>;
}

/** `picket run` with the official rules while something is done. Returns its alerts and what it said. */
async function watched(
  path: string,
  only: ReadonlySet<string> | undefined,
  act: () => Promise<void>,
): Promise<{ readonly alerts: readonly Alert[]; readonly said: string }> {
  const local = join(path, 'local.yaml');
  writeFileSync(local, overrides(only));
  const [page, metrics] = [await freePort(), await freePort()];
  const child = spawn(
    join(root, 'picket'),
    [
      ...['run', '--no-store', '-o', 'jsonl', '--for', '120s'],
      ...['--listen', `127.0.0.1:${page}`, '--metrics-listen', `127.0.0.1:${metrics}`],
      ...[...files, local].flatMap((file) => ['--rules', file]),
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
  const ended = exited(child);
  try {
    await until('it has started', () => said.includes('Ctrl-C ends it') || undefined, 30_000);
    await act();
    await sleep(500);
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
  const lines = out.split('\n').filter((line) => line.includes('"rule"'));
  return { alerts: lines.map((line) => JSON.parse(line) as Alert), said };
}

function exited(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

/** Does what a behaviour is, in a folder of its own; ends when its programs have. */
async function perform(
  { by, script, where }: Behaviour,
  name: string,
  path: string,
  container: Container,
): Promise<void> {
  const below = join(path, `picket-bait-${name}`);
  const command = by === 'sh' ? ['sh', '-c', script] : ['perl', '-e', script];
  const env = { [variable]: name };
  if (where === 'host') {
    mkdirSync(below);
    const [program = '', ...args] = command;
    await exited(spawn(program, args, { cwd: below, env: { ...process.env, ...env }, stdio: 'ignore' }));
    return;
  }
  const options = { env, cwd: '/home' };
  if (where === 'container') {
    await exited(spawn('runc', container.command(command, options), { stdio: 'ignore' }));
    return;
  }
  const shell = ['runc', ...container.command(command, { ...options, tty: true })];
  const quoted = shell.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  await exited(spawn('script', ['-qec', quoted, '/dev/null'], { stdio: 'ignore' }));
}

/** Rules by the behaviour that raised them. */
function byBehaviour(alerts: readonly Alert[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, Set<string>>();
  for (const { rule, output_fields } of alerts) {
    const name = output_fields[`proc.env[${variable}]`];
    if (typeof name === 'string') found.set(name, (found.get(name) ?? new Set()).add(rule));
  }
  return new Map([...found].map(([name, rules]) => [name, [...rules].sort()]));
}

describe.skipIf(skip)(`official rules, raised by what real programs do${skip ? `: ${skip}` : ''}`, () => {
  const raised = new Map<string, readonly string[]>();
  let said: readonly string[] = [];
  const temporary = temporaryFolder();

  beforeAll(async () => {
    const path = join(temporary.path, 'work');
    mkdirSync(path);
    const numbered = behaviours.map((behaviour, index) => ({ behaviour, name: `bait-${index}` }));
    const run = async (alone: boolean, only: ReadonlySet<string> | undefined) => {
      const { alerts, said: told } = await watched(path, only, async () => {
        const environment = [`${variable}=${alone ? 'plain' : started}`];
        using container = new Container({ isPrivileged: true, environment });
        using plain = alone
          ? new Container({ isPrivileged: false, environment: [`${variable}=plain container`] })
          : undefined;
        const wanted = numbered.filter(({ behaviour }) => (behaviour.alone === true) === alone);
        const slow = wanted.filter(({ behaviour }) => behaviour.script.includes('sleep 6'));
        const waiting = slow.map(({ behaviour, name }) => perform(behaviour, name, path, container));
        for (const one of wanted) {
          if (!slow.includes(one)) await perform(one.behaviour, one.name, path, container);
        }
        await Promise.all(waiting);
      });
      for (const [name, rules] of byBehaviour(alerts)) raised.set(name, rules);
      said = [...said, told];
    };
    await run(false, undefined);
    const second = behaviours.filter(({ alone }) => alone).flatMap(({ raises }) => raises);
    await run(true, new Set(second));
  }, 120_000);

  afterAll(() => temporary[Symbol.dispose]());

  test.each(
    behaviours.map((behaviour, index) => ({
      ...behaviour,
      name: `bait-${index}`,
      rule: behaviour.raises.join(' and '),
    })),
  )('$rule', ({ name, raises, script }) => {
    expect(raised.get(name) ?? [], script).toEqual([...raises].sort());
  });

  test('the start of a container', () => {
    console.log([...raised], said);
  });
});
