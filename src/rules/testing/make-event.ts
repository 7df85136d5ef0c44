import { eventTypeNumber, type Parameter, parametersOf } from '../../event/event-types.ts';
import { flagBits } from '../../event/print/flags.ts';
import type { RawEvent, RawValue, SocketTuple, ThreadRecord } from '../../event/raw-event.ts';
import { parseAddress } from '../../net/address.ts';
import type { TestEvent } from './schema.ts';

/** What is wrong with an event that was made up; `path` is where in it. */
export interface EventFault {
  readonly problem: string;
  readonly path: readonly string[];
}

const defaultPid = 1000;

/** Returns an event that was written by hand as a sensor would give it. */
export function makeEvent(
  { type: name, params = {}, process: caller }: TestEvent,
  time: bigint,
): RawEvent | EventFault {
  const type = eventTypeNumber(name);
  if (type === undefined) return { problem: `there is no event of type ${name}`, path: ['type'] };
  const parameters = parametersOf(type);
  const unknown = Object.keys(params).find((key) => !parameters.some((one) => one.name === key));
  if (unknown !== undefined) {
    const names = parameters.map((one) => one.name).join(', ');
    return { problem: `${name} has no parameter ${unknown}; it has ${names}`, path: ['params', unknown] };
  }
  const values: (RawValue | undefined)[] = [];
  for (const parameter of parameters) {
    const given = params[parameter.name];
    const value = given === undefined ? undefined : readParameter(parameter, given);
    if (given !== undefined && value === undefined) {
      return {
        problem: `${JSON.stringify(given)} is no ${parameter.kind}`,
        path: ['params', parameter.name],
      };
    }
    values.push(value);
  }
  return { type, time, cpu: 0, tid: caller?.pid ?? defaultPid, params: values };
}

function readParameter(
  { kind }: Parameter,
  given: string | number | boolean | readonly string[],
): RawValue | undefined {
  if (typeof given === 'number') return given;
  if (typeof given === 'boolean') return kind === 'bool' ? Number(given) : undefined;
  if (typeof given !== 'string')
    return kind === 'bytes'
      ? new TextEncoder().encode(given.map((word) => `${word}\0`).join(''))
      : flagBits(kind, given.join('|'));
  switch (kind) {
    case 'string':
    case 'path':
    case 'relative path':
      return given;
    case 'bytes':
      return new TextEncoder().encode(given);
    case 'tuple':
      return readTuple(given);
    default:
      return flagBits(kind, given);
  }
}

/** `198.51.100.7:40000->203.0.113.9:443`; IPv6 in brackets or not. */
function readTuple(text: string): SocketTuple | undefined {
  const ends = text.split('->').map((end) => {
    const colon = end.lastIndexOf(':');
    const address = parseAddress(end.slice(0, colon).replace(/^\[|\]$/g, ''));
    const port = Number(end.slice(colon + 1));
    return address && Number.isInteger(port) && port >= 0 && port <= 65_535 ? { address, port } : undefined;
  });
  const [source, destination, more] = ends;
  return source && destination && more === undefined ? { kind: 'inet', source, destination } : undefined;
}

/** Returns the processes that an event speaks of: its own, and its ancestors. */
export function processesOf({ process: caller = {} }: TestEvent): ThreadRecord[] {
  const pid = caller.pid ?? defaultPid;
  const ancestors = (caller.ancestors ?? []).map((one, index) => ({ ...one, pid: one.pid ?? 900 - index }));
  const name = caller.name ?? 'test';
  const cgroups =
    caller.container === undefined ? [] : [`=/docker/${caller.container.padEnd(64, '0').slice(0, 64)}`];
  const common = { uid: caller.uid ?? 0, gid: 0, cwd: '/', descriptors: [], cgroups };
  const own: ThreadRecord = {
    ...common,
    tid: pid,
    pid,
    ptid: ancestors[0]?.pid ?? 1,
    comm: name,
    exe: caller.exe ?? name,
    args: caller.args ?? [],
    cwd: caller.cwd ?? '/',
    env: Object.entries(caller.env ?? {}).map(([key, value]) => `${key}=${value}`),
    ...(caller.exepath !== undefined && { exepath: caller.exepath }),
    ...(caller.loginuid !== undefined && { loginuid: caller.loginuid }),
    ...(caller.tty !== undefined && { tty: caller.tty }),
  };
  const others = ancestors.map((one, index): ThreadRecord => {
    const comm = one.name ?? 'parent';
    return {
      ...common,
      tid: one.pid,
      pid: one.pid,
      ptid: ancestors[index + 1]?.pid ?? 1,
      comm,
      exe: one.exe ?? comm,
      args: one.args ?? [],
      ...(one.exepath !== undefined && { exepath: one.exepath }),
    };
  });
  return [own, ...others];
}
