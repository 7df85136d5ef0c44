import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { probeBpf } from '../../src/sensor/bpf.ts';
import { freePort, root, shared, sleep, until } from '../harness.ts';

const folder = join(shared, 'data/falco/rules');
const files = ['falco_rules', 'falco-incubating_rules', 'falco-sandbox_rules'].map((name) =>
  join(folder, `${name}.yaml`),
);
const probe = probeBpf();

/** Why official rules cannot be asked of this machine, or undefined when they can. */
export const cannotAsk: string | undefined =
  probe.state !== 'available'
    ? probe.details[0]
    : existsSync(folder)
      ? undefined
      : 'the official rules are not here';

interface OfficialRule {
  readonly rule?: string;
  readonly enabled?: boolean;
}

function rulesOf(file: string): readonly (OfficialRule & { readonly rule: string })[] {
  const items = parse(readFileSync(file, 'utf8')) as OfficialRule[];
  return items.filter((item): item is OfficialRule & { readonly rule: string } => item.rule !== undefined);
}

/** All official rules on system calls, in their order, and the names of the stable ones. */
export const official: readonly (OfficialRule & { readonly rule: string })[] =
  cannotAsk === undefined ? files.flatMap(rulesOf) : [];
export const stable: ReadonlySet<string> = new Set(
  cannotAsk === undefined ? rulesOf(files[0] as string).map(({ rule }) => rule) : [],
);

/** Every program of a behaviour has its number in this variable, and every alert tells it. */
export const variable = 'PICKET_BAIT';
/** Every program of the scenario has this one, also those that are no behaviour. */
export const scenario = 'PICKET_SCENARIO';

/** A file that makes rules tell whose behaviour they saw; only those named are on, or those as shipped. */
function overrides(only: ReadonlySet<string> | undefined): string {
  return official
    .map(({ rule, enabled = true }) => {
      const output = `  output: "bait=%proc.env[${variable}] scenario=%proc.env[${scenario}]"\n`;
      const isOn = only === undefined ? enabled : only.has(rule);
      return `- rule: ${JSON.stringify(rule)}\n${output}  enabled: ${isOn}\n  override: {output: append, enabled: replace}\n`;
    })
    .join('');
}

/** An alert as Falco's JSON tells it. */
export interface Alert {
  readonly rule: string;
  readonly output: string;
  readonly output_fields: Readonly<Record<string, unknown>>;
}

/** How rules are asked. */
export interface WatchOptions {
  /** Rules that are on; without it those as shipped. */
  readonly only?: ReadonlySet<string> | undefined;
  /** Socket of the container engine. */
  readonly engine?: string;
  /** What runs Picket, with its arguments. */
  readonly prefix?: readonly string[];
}

/**
 * `picket run` with the official rules while something is done. Returns its alerts and
 * what it said.
 */
export async function watched(
  path: string,
  { only, engine = 'none', prefix = [] }: WatchOptions,
  act: () => Promise<void>,
): Promise<{ readonly alerts: readonly Alert[]; readonly said: string }> {
  const local = join(path, 'local.yaml');
  writeFileSync(local, overrides(only));
  const [page, metrics] = [await freePort(), await freePort()];
  const [program = '', ...before] = [...prefix, join(root, 'picket')];
  const child = spawn(
    program,
    [
      ...before,
      ...['run', '--no-store', '-o', 'jsonl', '--for', '300s', '--cri-socket', engine],
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
    await until('it has started', () => said.includes('Ctrl-C ends it') || undefined, 120_000);
    await act();
    await sleep(500);
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
  const lines = out.split('\n').filter((line) => line.includes('"rule"'));
  return { alerts: lines.map((line) => JSON.parse(line) as Alert), said };
}

/** Resolves when a program has ended. */
export function exited(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

/** Rules by the behaviour that raised them. */
export function byBehaviour(alerts: readonly Alert[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, Set<string>>();
  for (const { rule, output_fields } of alerts) {
    const name = output_fields[`proc.env[${variable}]`];
    if (typeof name === 'string') found.set(name, (found.get(name) ?? new Set()).add(rule));
  }
  return new Map([...found].map(([name, rules]) => [name, [...rules].sort()]));
}
