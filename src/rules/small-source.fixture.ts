import type { EventSource, Field, FieldArgument, FieldType, FieldValue } from '../event/field.ts';

/** An event of the small source: its type, and what its fields give. */
export interface SmallEvent {
  readonly type: number;
  readonly values: Readonly<Record<string, FieldValue | readonly FieldValue[] | undefined>>;
}

function field(
  name: string,
  type: FieldType,
  more: {
    readonly values?: Field<SmallEvent>['values'];
    readonly argument?: FieldArgument;
    readonly onRight?: boolean;
    readonly deprecated?: string;
  } = {},
): Field<SmallEvent> {
  return {
    name,
    type,
    values: 'one',
    onRight: true,
    doc: `${name}.`,
    ...more,
    bind: (argument) => {
      if (name === 'evt.type') return ({ type: number }) => smallTypes[number];
      const key = argument === undefined ? name : `${name}[${argument}]`;
      return argument === 'odd' ? { problem: 'no such argument' } : ({ values }) => values[key];
    },
  };
}

export const smallTypes = ['open', 'openat', 'execve', 'connect', 'close'];

const fields = [
  field('evt.type', 'string'),
  field('evt.arg', 'string', { argument: { required: true, kind: 'either' } }),
  field('evt.dir', 'string', { deprecated: 'there are no enter events' }),
  field('proc.name', 'string'),
  field('proc.pname', 'string'),
  field('proc.cmdline', 'string'),
  field('proc.aname', 'string', { argument: { required: false, kind: 'index' } }),
  field('proc.pid', 'integer'),
  field('evt.rawtime', 'time'),
  field('evt.is_open_write', 'boolean'),
  field('fd.name', 'string'),
  field('fd.directory', 'string'),
  field('fd.port', 'port', { values: 'either', onRight: false }),
  field('fd.ip', 'address', { values: 'either', onRight: false }),
  field('fd.cip', 'address'),
  field('fd.cnet', 'network'),
  field('evt.buffer', 'bytes'),
  field('proc.args', 'string', { values: 'list' }),
];

/** A few fields of each kind, over events that hold their values. */
export const smallSource: EventSource<SmallEvent> = {
  id: 'syscall',
  fields: new Map(fields.map((one) => [one.name, one])),
  types: smallTypes,
  typeOf: ({ type }) => type,
};
