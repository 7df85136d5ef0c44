import type { Capabilities, Level } from '../event/capabilities.ts';
import { eventTypeNumber, eventTypes, parameterIndex, parametersOf } from '../event/event-types.ts';
import { callOf, calls } from './bpf/calls.ts';
import type { EventSensorKind } from './event-sensor.ts';

/** What is told beside the sensor: a container engine, by its runtime interface. */
export interface Extras {
  readonly containers?: boolean;
}

type FieldLevel = Capabilities['field'];
type Levels = readonly (readonly [fields: RegExp, level: Level])[];

const starts: ReadonlySet<string> = new Set(['execve', 'execveat']);

/** Fields that only the engine of a container tells. */
const ofEngine = /^(?:container\.(?!id$|full_id$)|k8s\.)/;

/** What no source of system events gives, and why. */
const nowhere: Levels = [
  [/^proc\.is_container_/, 'none'],
  [/^proc\.nchilds$/, 'none'],
];

function levelOf(levels: Levels, name: string): Level | undefined {
  return levels.find(([fields]) => fields.test(name))?.[1];
}

/** How a parameter by its name or number is given: what the type does not have is nothing that lacks. */
function ofParameter(
  type: string,
  argument: string | undefined,
  given: (type: string, index: number) => boolean,
): Level {
  const number = eventTypeNumber(type) as number;
  const index = /^\d+$/.test(argument ?? '') ? Number(argument) : parameterIndex(number, argument ?? '');
  if (index === undefined || parametersOf(number)[index] === undefined) return 'full';
  return given(type, index) ? 'full' : 'none';
}

/** Levels of the fields that come from parameters; undefined for others. */
function ofParameters(
  type: string,
  name: string,
  argument: string | undefined,
  given: (type: string, index: number) => boolean,
): Level | undefined {
  if (name === 'evt.arg' || name === 'evt.rawarg') return ofParameter(type, argument, given);
  if (name === 'evt.buffer' || name === 'evt.buflen') return ofParameter(type, 'data', given);
  if (name !== 'evt.args' && name !== 'evt.info') return undefined;
  const indexes = parametersOf(eventTypeNumber(type) as number).map((_, index) => index);
  return indexes.every((index) => given(type, index)) ? 'full' : 'partial';
}

function withEngine(field: FieldLevel, { containers = false }: Extras): FieldLevel {
  return (type, name, argument) => {
    if (ofEngine.test(name)) return containers ? 'full' : 'none';
    return levelOf(nowhere, name) ?? field(type, name, argument);
  };
}

/** Parameters of a start of a program that BPF does not copy: sizes of memory and limits. */
const startLacks: ReadonlySet<string> = new Set([
  'fdlimit',
  'pgft_maj',
  'pgft_min',
  'vm_size',
  'vm_rss',
  'vm_swap',
]);

function bpfGives(type: string, index: number): boolean {
  if (starts.has(type)) {
    const { name = '' } = parametersOf(eventTypeNumber(type) as number)[index] ?? {};
    return !startLacks.has(name);
  }
  const call = callOf(type);
  return call === undefined || call.sources[index]?.kind !== 'none';
}

const bpfPartial: Levels = [
  // Descriptors are looked at when a call is about them; what else is open is not followed.
  [/^fd\.types$/, 'partial'],
  [/^proc\.(?:std(?:in|out|err)\.name|fdopencount)$/, 'partial'],
  // Only the unified hierarchy.
  [/^thread\.cgroups?$/, 'partial'],
];
/** Of processes that were there before, these are not known. */
const sinceStart = /^proc\.(?:p?env|is_exe_|exe_ino|pgid)/;

function bpf(extras: Extras): Capabilities {
  const given = new Set([...Object.keys(calls), 'clone', 'clone3', 'fork', 'vfork', 'procexit']);
  return {
    id: 'bpf',
    type: (name) => (given.has(name) ? 'full' : 'none'),
    field: withEngine((type, name, argument) => {
      const level = ofParameters(type, name, argument, bpfGives) ?? levelOf(bpfPartial, name);
      if (level !== undefined) return level;
      if (!starts.has(type) && sinceStart.test(name)) return 'partial';
      return 'full';
    }, extras),
  };
}

/** Of each type the parameters that trace events and /proc tell. */
const tracefsParameters: Readonly<Record<string, readonly string[]>> = {
  execve:
    'res exe args tid pid ptid cwd comm cgroups tty vpgid loginuid cap_inheritable cap_permitted cap_effective uid gid trusted_exepath filename'.split(
      ' ',
    ),
  clone: ['res', 'flags'],
  procexit: [],
  connect: ['res', 'tuple', 'addr'],
};

const tracefsFields: Levels = [
  [/^evt\.(?:res|rawres|failed)$/, 'partial'],
  [/^proc\.(?:p?env|is_exe_|exe_ino|pgid|std|fdopencount)/, 'none'],
  [/^fd\.(?:num|types|uid)$/, 'none'],
  // The port of the client is often not chosen yet when the record is made.
  [/^fd\.(?:name|nameraw|containername|port|[cl](?:port|proto|ip|net))$/, 'partial'],
  [/^proc\.(?:a?name|pname|aname|pid|ppid|apid)$/, 'full'],
  [/^(?:thread\.(?:tid|ismain)|evt\.|syscall\.|fd\.)/, 'full'],
  // All others come from /proc, if the process was still there.
  [/^/, 'partial'],
];

function tracefs(extras: Extras): Capabilities {
  const levels: Readonly<Record<string, Level>> = {
    // Starts that fail are not told; those by execveat are told as execve.
    execve: 'partial',
    execveat: 'partial',
    clone: 'full',
    procexit: 'full',
    // TCP alone.
    connect: 'partial',
  };
  const given = (type: string, index: number) => {
    const { name = '' } = parametersOf(eventTypeNumber(type) as number)[index] ?? {};
    return tracefsParameters[starts.has(type) ? 'execve' : type]?.includes(name) === true;
  };
  return {
    id: 'tracefs',
    type: (name) => levels[name] ?? 'none',
    field: withEngine((type, name, argument) => {
      const level = ofParameters(type, name, argument, given);
      // What is told of the parameters comes from /proc.
      if (level === 'full' && starts.has(type)) return 'partial';
      return level ?? (levelOf(tracefsFields, name) as Level);
    }, extras),
  };
}

/** Returns what a sensor of system events can give. */
export function capabilitiesOf(kind: EventSensorKind, extras: Extras = {}): Capabilities {
  return kind === 'bpf' ? bpf(extras) : tracefs(extras);
}

/** What captures hold: all types and parameters, of containers the id alone unless they were told of. */
export function recordingCapabilities(extras: Extras = {}): Capabilities {
  return {
    id: 'recording',
    type: (name) => (eventTypes.includes(name) ? 'full' : 'none'),
    // Which names addresses had at the time, nobody wrote down.
    field: withEngine((_, name) => (/^fd\.\w+ip\.name$/.test(name) ? 'none' : 'full'), extras),
  };
}
