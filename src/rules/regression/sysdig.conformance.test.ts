import { basename } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parameterIndex, parametersOf } from '../../event/event-types.ts';
import { recordedType } from '../../event/scap/recorded-types.ts';
import { syscallSource } from '../../event/syscall-source.ts';
import type { SystemEvent } from '../../event/system-event.ts';
import { Dice } from '../../segmentation/generate.oracle.ts';
import { compileFilter } from '../compile/compile.ts';
import { bindOperand } from '../compile/operands.ts';
import { printValue } from '../format/print-value.ts';
import { checkCondition } from '../load/check-condition.ts';
import { parseCondition } from '../syntax/parse-condition.ts';
import { visitCapture } from './open-capture.fixture.ts';
import { captures, sysdigFields, sysdigNumbers, withoutSysdig } from './sysdig.fixture.ts';

/**
 * The same captures read by Debian's sysdig 0.29. Only returns of calls are compared: entries are no events here.
 *
 * Known differences, each by a rule:
 * - parameters and descriptors of a call's entry stand in its return here, as in Falco since 2025; sysdig has none there;
 * - sysdig has no current directory, executable path and session for these captures;
 * - of processes that the capture does not tell of, sysdig gives defaults: -1 as number, empty texts, type `o`;
 * - of threads sysdig takes the own process for the parent;
 * - sysdig does not follow a second `connect` of an IPv6 datagram socket, and takes its unspecified address for the loopback;
 * - sysdig knows a socket's protocol once it is connected, here it follows from the socket's type.
 */
const fields = [
  'evt.type',
  'evt.cpu',
  'evt.res',
  'evt.rawres',
  'evt.failed',
  'evt.is_io',
  'evt.is_io_read',
  'evt.is_io_write',
  'evt.is_open_read',
  'evt.is_open_write',
  'evt.rawtime',
  'evt.count',
  'evt.buffer',
  'evt.arg.res',
  'evt.arg.name',
  'evt.arg.flags',
  'evt.arg.fd',
  'evt.arg.tuple',
  'evt.arg.path',
  'fd.num',
  'fd.type',
  'fd.typechar',
  'fd.name',
  'fd.directory',
  'fd.filename',
  'fd.cip',
  'fd.sip',
  'fd.cport',
  'fd.sport',
  'fd.lip',
  'fd.rip',
  'fd.lport',
  'fd.rport',
  'fd.l4proto',
  'fd.sockfamily',
  'proc.pid',
  'proc.ppid',
  'proc.name',
  'proc.pname',
  'proc.exe',
  'proc.args',
  'proc.cmdline',
  'proc.pcmdline',
  'proc.exeline',
  'proc.env',
  'proc.aname[1]',
  'proc.aname[2]',
  'proc.aname[3]',
  'thread.tid',
  'thread.ismain',
  'user.uid',
  'user.name',
  'group.gid',
  'container.id',
];

/** Unknown, as sysdig prints it. */
const defaults: ReadonlySet<string> = new Set([
  '',
  '-1',
  '4294967295',
  'o',
  '/',
  '<NA>',
  '<NA> ',
  'NULL',
  '<unknown>',
  '8589934591',
]);

let [values, differences, filters] = [0, 0, 0];
afterAll(() => {
  if (withoutSysdig === undefined) {
    console.log(
      `sysdig: ${values} values of ${captures.length} captures compared, ${differences} differ by a rule; ${filters} filters give the same events`,
    );
  }
});

test.skipIf(!withoutSysdig)(`fields and filters beside sysdig: ${withoutSysdig}`, () => {});

test.skipIf(withoutSysdig).each(captures.map((path) => [basename(path), path]))('values of %s', (_, path) => {
  const theirs = sysdigFields(path, fields, 'evt.dir=<');
  const asked = fields.map((name) => {
    const parsed = parseCondition(`${name} exists`);
    if (!parsed.ok || parsed.condition.kind !== 'exists') throw new Error(name);
    return bindOperand(parsed.condition.left, syscallSource);
  });
  const faults: string[] = [];
  visitCapture(path, (event) => {
    const printed = theirs.get(event.number);
    if (printed === undefined) return;
    for (const [index, name] of fields.entries()) {
      const value = asked[index]?.(event);
      const ours = value === undefined ? undefined : printValue(value);
      values++;
      if (ours === printed[index]) continue;
      if (isKnown(name, event, ours, printed[index])) differences++;
      else faults.push(`${event.number} ${event.typeName} ${name}: ${ours}, sysdig ${printed[index]}`);
    }
  });
  expect(faults).toEqual([]);
});

function isKnown(
  name: string,
  event: SystemEvent,
  ours: string | undefined,
  theirs: string | undefined,
): boolean {
  if (theirs === undefined || defaults.has(theirs)) {
    if (ours === undefined) return true;
    // Of a file that could not be opened sysdig knows the name alone.
    if (event.fd === -1 && event.descriptor !== undefined) return name.startsWith('fd.');
    if (name === 'fd.l4proto') return event.descriptor?.connected === false;
    return name.startsWith('fd.') || name.startsWith('evt.arg.')
      ? isOfEntry(name, event)
      : theirs === '' || theirs?.startsWith('<') === true;
  }
  if (name.startsWith('fd.') && event.descriptor?.type === 'ipv6' && event.descriptor.protocol === 17) {
    return event.typeName === 'connect' || event.typeName === 'sendto';
  }
  // The descriptor that a pair is about is one of two.
  if (event.typeName === 'pipe') return name.startsWith('fd.');
  // An argument-less command line ends with a blank there.
  if (name === 'proc.exeline') return `${ours} ` === theirs;
  if (
    name === 'proc.pname' ||
    name === 'proc.pcmdline' ||
    name.startsWith('proc.aname') ||
    name === 'proc.ppid'
  )
    return !event.thread.isLeader;
  return false;
}

/** Whether what is asked comes from the entry of the call, going by the table of recorded types. */
function isOfEntry(name: string, event: SystemEvent): boolean {
  const { type } = event.raw;
  const parameter = name.startsWith('evt.arg.') ? name.slice('evt.arg.'.length) : fdParameter(type);
  const recorded = Array.from({ length: 200 }, (_, index) => recordedType(index * 2)).find(
    (one) => one?.type === type,
  );
  return recorded === undefined || !recorded.exit.includes(parameter);
}

function fdParameter(type: number): string {
  return parameterIndex(type, 'fd') === undefined ? (parametersOf(type)[0]?.name ?? '') : 'fd';
}

/** Filters on each capture; PICKET_CASES=500 for every one of them in full. */
const perCapture = Math.ceil(Number(process.env.PICKET_CASES ?? 520 / Math.max(1, captures.length)));

test.skipIf(withoutSysdig).each(captures.map((path, index) => [basename(path), path, index] as const))(
  'generated filters on %s',
  { timeout: 600_000 },
  (_, path, seed) => {
    const dice = new Dice(seed + 1);
    const samples = sampleValues(path);
    const texts = Array.from({ length: perCapture }, () => filterText(dice, samples, 0));
    const compiled = texts.map((text) => {
      const parsed = parseCondition(text);
      if (!parsed.ok) throw new Error(`${text}: ${parsed.message}`);
      const [fault] = [...checkCondition(parsed.condition, syscallSource as never)].filter(
        ({ code }) => code.severity === 'error',
      );
      if (fault !== undefined) throw new Error(`${text}: ${fault.message}`);
      return compileFilter(parsed.condition, syscallSource);
    });
    const ours = texts.map((): number[] => []);
    const known = comparable(path);
    visitCapture(path, (event) => {
      if (!known.has(event.number)) return;
      for (const [index, holds] of compiled.entries()) if (holds(event)) ours[index]?.push(event.number);
    });
    for (const [index, text] of texts.entries()) {
      const theirs = sysdigNumbers(path, `evt.dir=< and (${text})`).filter((number) => known.has(number));
      expect(ours[index], text).toEqual(theirs);
      filters++;
    }
  },
);

/** Numbers of the returns about which both know the same: of processes that the capture tells of, on sockets that both follow. */
function comparable(path: string): ReadonlySet<number> {
  const returns = new Set(sysdigNumbers(path, 'evt.dir=<'));
  const known = new Set<number>();
  visitCapture(path, ({ number, thread, descriptor }) => {
    const isDatagram = descriptor?.type === 'ipv6' && descriptor.protocol === 17;
    if (returns.has(number) && thread.comm !== '' && !isDatagram) known.add(number);
  });
  return known;
}

/** Fields of which both say the same for these. */
const filterable = [
  'evt.type',
  'evt.res',
  'proc.name',
  'proc.exe',
  'proc.args',
  'proc.cmdline',
  'fd.sip',
  'fd.cip',
  'container.id',
  'evt.arg.name',
] as const;
const numeric = ['evt.rawres', 'evt.cpu', 'proc.pid', 'thread.tid'] as const;
const flags = [
  'evt.is_io',
  'evt.is_io_read',
  'evt.is_io_write',
  'evt.is_open_read',
  'evt.is_open_write',
  'evt.failed',
  'thread.ismain',
] as const;

type Samples = ReadonlyMap<string, readonly string[]>;

/** Values that the fields have in a capture, so that filters hit something. */
function sampleValues(path: string): Samples {
  const names = [...filterable, ...numeric];
  const found = new Map<string, Set<string>>(names.map((name) => [name, new Set()]));
  for (const row of sysdigFields(path, names, 'evt.dir=<').values()) {
    for (const [index, name] of names.entries()) {
      const value = row[index];
      if (value !== undefined && /^[\w./:-]{1,60}$/.test(value)) found.get(name)?.add(value);
    }
  }
  return new Map([...found].map(([name, set]) => [name, [...set].slice(0, 40)]));
}

function filterText(dice: Dice, samples: Samples, depth: number): string {
  if (depth < 3 && dice.chance(0.45)) {
    const kind = dice.pick(['and', 'or', 'not']);
    if (kind === 'not') return `not (${filterText(dice, samples, depth + 1)})`;
    return `(${filterText(dice, samples, depth + 1)} ${kind} ${filterText(dice, samples, depth + 1)})`;
  }
  const kind = dice.pick(['text', 'text', 'text', 'number', 'flag', 'exists']);
  if (kind === 'flag') return `${dice.pick(flags)} = ${dice.pick(['true', 'false'])}`;
  if (kind === 'number') {
    const name = dice.pick(numeric);
    const value = dice.pick(samples.get(name)?.length ? (samples.get(name) as string[]) : ['0']);
    return `${name} ${dice.pick(['=', '!=', '<', '<=', '>', '>='])} ${value}`;
  }
  const name = dice.pick(filterable);
  if (kind === 'exists') return `${name} exists`;
  const known = samples.get(name) as readonly string[];
  const value =
    known.length > 0 && dice.chance(0.9)
      ? dice.pick(known)
      : name.endsWith('ip')
        ? '198.51.100.7'
        : name === 'evt.type'
          ? 'futex'
          : 'nothing';
  if (name.endsWith('ip')) return `${name} ${dice.pick(['=', '!='])} ${value}`;
  const part = value.slice(0, 1 + Math.floor(dice.random() * value.length));
  const operator = dice.pick(
    name === 'evt.type'
      ? ['=', '!=', 'in']
      : ['=', '!=', 'contains', 'icontains', 'startswith', 'endswith', 'in', 'glob'],
  );
  if (operator === 'in')
    return `${name} in (${[value, dice.pick(known.length > 0 ? known : [value])].join(', ')})`;
  if (operator === 'glob') return `${name} glob "${part}*"`;
  if (operator === 'endswith') return `${name} endswith ${value.slice(-part.length)}`;
  return `${name} ${operator} ${operator === '=' || operator === '!=' ? value : part}`;
}
