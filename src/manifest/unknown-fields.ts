import type { z } from 'zod';
import type { Path } from './resource.ts';

/** A key that the schema does not have at this place. */
export interface UnknownField {
  readonly path: Path;
  /** The keys that it has there. */
  readonly known: readonly string[];
  /** The object is a strict one: it does not fit the schema with a key that is not in it. */
  readonly strict: boolean;
}

/**
 * The keys of `value` that `schema` does not name, in document order. Zod's own strict objects would make an unknown key
 * an error that stops all other rules of the object; here it is a finding of its own, of these too. Loose objects are left alone.
 */
export function unknownFields(schema: z.core.$ZodType, value: unknown): UnknownField[] {
  const found: UnknownField[] = [];
  walk(schema, value, [], found);
  return found;
}

function walk(schema: z.core.$ZodType, value: unknown, path: Path, found: UnknownField[]): void {
  if (typeof value !== 'object' || value === null) return;
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === 'optional' || def.type === 'nullable') {
    walk(def.innerType, value, path, found);
  } else if (Array.isArray(value)) {
    if (def.type !== 'array') return;
    for (const [index, item] of value.entries()) walk(def.element, item, [...path, index], found);
  } else if (def.type === 'record') {
    for (const [key, member] of Object.entries(value)) walk(def.valueType, member, [...path, key], found);
  } else if (def.type === 'object') {
    for (const [key, member] of Object.entries(value)) {
      const known = Object.hasOwn(def.shape, key) ? def.shape[key] : undefined;
      if (known) walk(known, member, [...path, key], found);
      else {
        const strict = def.catchall?._zod.def.type === 'never';
        if (strict || !def.catchall)
          found.push({ path: [...path, key], known: Object.keys(def.shape), strict });
      }
    }
  }
}
