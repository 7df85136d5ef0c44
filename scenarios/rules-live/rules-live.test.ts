import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { has, temporaryFolder } from '../harness.ts';
import type { Behaviour } from './behaviour.ts';
import { byEngine } from './by-engine.ts';
import { Container } from './container.fixture.ts';
import { inContainer } from './in-container.ts';
import { notShown } from './not-shown.ts';
import { onHost } from './on-host.ts';
import {
  type Alert,
  byBehaviour,
  cannotAsk,
  exited,
  official,
  scenario,
  stable,
  variable,
  watched,
} from './watched.fixture.ts';

const programs = 'perl nmap ncat curl runc script shred ssh sshd setpriv unshare ip'.split(' ');
const missing = programs.filter((name) => !has(name));
const skip = cannotAsk ?? (missing.length > 0 ? `needs ${missing.join(', ')}` : undefined);

type Named = Behaviour & { readonly name: string };
const behaviours: readonly Behaviour[] = [...onHost, ...inContainer];

/** Does what a behaviour is, in a folder of its own; ends when its programs have. */
async function perform(
  { by, script, where, name }: Named,
  path: string,
  container: Container,
): Promise<void> {
  const below = join(path, name);
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

/** Stable rules raised by programs of the scenario that are no behaviour. */
function strayOf(alerts: readonly Alert[]): string[] {
  return alerts
    .filter((alert) => {
      const hasName = typeof alert.output_fields[`proc.env[${variable}]`] === 'string';
      return stable.has(alert.rule) && isOurs(alert) && !hasName;
    })
    .map(({ output }) => output);
}

function isOurs({ output_fields }: Alert): boolean {
  return output_fields[`proc.env[${scenario}]`] === 'yes';
}

/** Does one after the other; those that take their time at the side. */
async function performAll(wanted: readonly Named[], path: string, container: Container): Promise<void> {
  const isSlow = ({ script }: Behaviour) => script.includes('sleep 6');
  const waiting = wanted.filter(isSlow).map((one) => perform(one, path, container));
  for (const one of wanted.filter((each) => !isSlow(each))) await perform(one, path, container);
  await Promise.all(waiting);
}

const runs = [undefined, 1, 2] as const;
/** What the starts of containers raise, by the run: one with many capabilities, one with hardly any. */
const starts = new Map([
  ['start of a capable container', { run: undefined, raises: 'Launch Excessively Capable Container' }],
  ['start of a plain container', { run: 1, raises: 'Container Run as Root User' }],
] as const);
const shown = [
  ...[...behaviours, ...byEngine].flatMap(({ raises }) => raises),
  ...[...starts.values()].map(({ raises }) => raises),
];

describe.skipIf(skip)(`official rules, raised by what real programs do${skip ? `: ${skip}` : ''}`, () => {
  const raised = new Map<string, readonly string[]>();
  const stray: string[] = [];
  let ours = 0;
  const said: string[] = [];
  const temporary = temporaryFolder();
  const named = behaviours.map((behaviour, index) => ({ ...behaviour, name: `behaviour-${index}` }));

  beforeAll(async () => {
    process.env[scenario] = 'yes';
    for (const run of runs) {
      const wanted = named.filter(({ again }) => again === run);
      const [start] = [...starts].find(([, one]) => one.run === run) ?? ['start'];
      const only = new Set([
        ...wanted.flatMap(({ raises }) => raises),
        ...[...starts.values()].filter((one) => one.run === run).map(({ raises }) => raises),
      ]);
      const result = await watched(
        temporary.path,
        { only: run === undefined ? undefined : only },
        async () => {
          const path = join(temporary.path, `picket-bait-${run ?? 0}`);
          mkdirSync(path);
          using container = new Container({ isCapable: run !== 1, environment: [`${variable}=${start}`] });
          using capable =
            run === 1 ? new Container({ isCapable: true, environment: [`${variable}=another`] }) : undefined;
          await performAll(wanted, path, capable ?? container);
        },
      );
      for (const [name, rules] of byBehaviour(result.alerts)) raised.set(name, rules);
      stray.push(...strayOf(result.alerts));
      ours += result.alerts.filter(isOurs).length;
      said.push(result.said);
    }
  }, 400_000);

  afterAll(() => {
    delete process.env[scenario];
    temporary[Symbol.dispose]();
  });

  test.each(named.map((one) => ({ ...one, rule: one.raises.join(' and ') })))('$rule', (one) => {
    expect(raised.get(one.name) ?? [], one.script).toEqual([...one.raises].sort());
  });

  test.each([...starts])('%s', (name, { raises }) => expect(raised.get(name)).toEqual([raises]));

  test('nothing else in the scenario raises a stable rule', () => {
    expect(ours).toBeGreaterThan(onHost.length / 2);
    expect(stray).toEqual([]);
  });

  test('nothing was lost', () => {
    expect(said).toHaveLength(runs.length);
    for (const text of said) expect(text).toMatch(/rules on syscall: \d+ events seen, 0 lost/);
  });

  test('each official rule is shown, or it is said why not', () => {
    const names = official.map(({ rule }) => rule);
    console.log(
      `${new Set(shown).size} of ${names.length} official rules shown; not shown:\n${Object.entries(notShown)
        .map(([rule, reason]) => `  ${rule}: ${reason}`)
        .join('\n')}`,
    );
    expect([...new Set([...shown, ...Object.keys(notShown)])].sort()).toEqual([...names].sort());
    expect(shown.filter((rule) => rule in notShown)).toEqual([]);
  });
});
