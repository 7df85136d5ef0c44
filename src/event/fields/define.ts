import type { Extract, Field, FieldArgument, FieldType } from '../field.ts';
import type { SystemEvent } from '../system-event.ts';

export type SystemField = Field<SystemEvent>;

interface More {
  readonly values?: SystemField['values'];
  readonly onRight?: boolean;
  readonly deprecated?: string;
}

/** Returns a field without an argument. */
export function field(
  name: string,
  type: FieldType,
  doc: string,
  get: Extract<SystemEvent>,
  more: More = {},
): SystemField {
  return { name, type, doc, values: 'one', onRight: true, ...more, bind: () => get };
}

/** Returns a field with an argument; `bind` gets it, undefined where it may be left out and is. */
export function fieldWith(
  name: string,
  type: FieldType,
  doc: string,
  argument: FieldArgument,
  bind: (argument: string | undefined) => Extract<SystemEvent> | { readonly problem: string },
  more: More = {},
): SystemField {
  return { name, type, doc, values: 'one', onRight: true, ...more, argument, bind };
}
