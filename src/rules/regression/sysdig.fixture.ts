import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const data = join(process.env.PICKET_SHARED ?? join(import.meta.dirname, '../../../../shared'), 'data/falco');

/** Every capture with known content. */
export const captures: readonly string[] = ['regression/trace_files', 'captures']
  .map((folder) => join(data, folder))
  .filter((folder) => existsSync(folder))
  .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  .filter((path) => path.endsWith('.scap'));

/** Why sysdig cannot be compared with here. */
export const withoutSysdig: string | undefined =
  captures.length === 0
    ? `needs ${data}`
    : spawnSync('sysdig', ['--version']).status === 0
      ? undefined
      : 'needs sysdig';

/** Stands between fields: no value has it. */
const separator = '\u0001';

/** Returns what sysdig prints of each event that a filter lets through: number and these fields, undefined where it has none. */
export function sysdigFields(
  capture: string,
  fields: readonly string[],
  filter = '',
): Map<number, (string | undefined)[]> {
  const format = ['%evt.num', ...fields.map((field) => `%${field}`)].join(separator);
  // The star: events are printed also when they lack some of the fields.
  const out = execFileSync(
    'sysdig',
    ['-r', capture, '-p', `*${format}`, ...(filter === '' ? [] : [filter])],
    {
      maxBuffer: 2 ** 30,
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  ).toString('latin1');
  const events = new Map<number, (string | undefined)[]>();
  for (const line of out.split('\n')) {
    const [number, ...values] = line.split(separator);
    if (values.length !== fields.length) continue;
    events.set(
      Number(number),
      values.map((value) => (value === '<NA>' ? undefined : value)),
    );
  }
  return events;
}

/** Returns the numbers of the events that a filter lets through. */
export function sysdigNumbers(capture: string, filter: string): number[] {
  const out = execFileSync('sysdig', ['-r', capture, '-p', '*%evt.num', filter], {
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 2 ** 30,
  });
  return out
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);
}
