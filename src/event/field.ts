import type { Address } from '../net/address.ts';

/**
 * Kinds of values, as far as the rules language tells them apart: which operators a field takes, and how what stands in
 * a condition is read. `address` is one IP address, `network` one that is compared with prefixes, `time` nanoseconds since
 * the epoch, `duration` nanoseconds.
 */
export type FieldType =
  | 'string'
  | 'integer'
  | 'boolean'
  | 'address'
  | 'network'
  | 'port'
  | 'bytes'
  | 'time'
  | 'duration';

/** Integers beyond 2^53 and times are bigints; all others numbers. */
export type FieldValue = string | number | bigint | boolean | Address | Uint8Array;

/** What a field is asked of an event: undefined where the event has no such thing, which makes every comparison false. */
export type Extract<E> = (event: E) => FieldValue | readonly FieldValue[] | undefined;

/** What stands in brackets behind a field's name. */
export interface FieldArgument {
  readonly required: boolean;
  /** `index`: a number; `key`: a name; `either`: both. */
  readonly kind: 'index' | 'key' | 'either';
  /** It may follow a dot instead: `evt.arg.name` for `evt.arg[name]`. */
  readonly dotted?: boolean;
}

/** One field of the rules language, over events of one source. */
export interface Field<E> {
  /** E.g. `proc.name`. */
  readonly name: string;
  readonly type: FieldType;
  /**
   * `list`: it has any number of values, and takes `in`, `intersects` and `exists` alone. `either`: it has the values of both
   * ends, `=` holds if one of them is equal and `!=` if none is. `any`: it has several, and an operator holds if it holds for one.
   */
  readonly values: 'one' | 'list' | 'either' | 'any';
  readonly argument?: FieldArgument;
  /** Whether it may stand on the right side, in `val()`. */
  readonly onRight: boolean;
  /** What to use instead, for a deprecated one. */
  readonly deprecated?: string;
  /** One sentence. */
  readonly doc: string;
  /** Returns how to get it from an event; a text where the argument is not one of the field's. */
  bind(argument: string | undefined): Extract<E> | { readonly problem: string };
}

/** A source of events, as rules name it (`source: syscall`), with its fields and types of events. */
export interface EventSource<E> {
  readonly id: string;
  readonly fields: ReadonlyMap<string, Field<E>>;
  /** Names for `evt.type`, by number. */
  readonly types: readonly string[];
  typeOf(event: E): number;
}

/** Returns the field that a name with its argument means; undefined when there is none. */
export function findField<E>(
  fields: ReadonlyMap<string, Field<E>>,
  name: string,
  argument: string | undefined,
): { readonly field: Field<E>; readonly argument: string | undefined } | undefined {
  const field = fields.get(name);
  if (field !== undefined) return { field, argument };
  const dot = name.lastIndexOf('.');
  const before = dot < 0 ? undefined : fields.get(name.slice(0, dot));
  if (before?.argument?.dotted !== true || argument !== undefined) return undefined;
  return { field: before, argument: name.slice(dot + 1) };
}
