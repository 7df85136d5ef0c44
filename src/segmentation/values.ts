/**
 * Reading plain data whose shape nobody has promised: objects that no schema accepted still say something, e.g. which
 * pods a faulty policy would select.
 */
export type Fields = Readonly<Record<string, unknown>>;

const noFields: Fields = {};

/** Returns `value` when it is an object, else an empty one. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : noFields;
}

/** Returns `value` when it is a list, else an empty one. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Returns `value` when it is a non-empty string. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Returns the value at the end of `path` in nested objects, or undefined. */
export function fieldAt(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce((inner, key) => fieldsOf(inner)[key], value);
}

/** Returns the string entries of an object. */
export function stringsOf(value: unknown): ReadonlyMap<string, string> {
  const entries = Object.entries(fieldsOf(value));
  return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
