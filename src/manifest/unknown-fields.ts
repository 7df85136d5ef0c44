import { z } from 'zod';
import type { Path } from './resource.ts';

/** A key that the schema does not have at this place. */
export interface UnknownField {
  readonly path: Path;
  /** The keys that it has there. */
  readonly known: readonly string[];
}

/**
 * The keys of `value` that `schema` does not name, in document order. Zod's own strict objects would make an unknown key
 * an error that stops all other rules of the object; here it is a finding of its own. Loose objects are left alone.
 */
export function unknownFields(schema: z.ZodType, value: unknown): UnknownField[] {
  const found: UnknownField[] = [];
  walk(schema, value, [], found);
  return found;
}

function walk(schema: z.core.$ZodType, value: unknown, path: Path, found: UnknownField[]): void {
  if (value === null || value === undefined) return;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) {
    walk(schema.unwrap(), value, path, found);
  } else if (schema instanceof z.ZodObject && isMapping(value)) {
    const shape: z.core.$ZodShape = schema.shape;
    for (const [key, member] of Object.entries(value)) {
      const known = Object.hasOwn(shape, key) ? shape[key] : undefined;
      if (known) walk(known, member, [...path, key], found);
      else if (!schema.def.catchall) found.push({ path: [...path, key], known: Object.keys(shape) });
    }
  } else if (schema instanceof z.ZodArray && Array.isArray(value)) {
    for (const [index, item] of value.entries()) walk(schema.element, item, [...path, index], found);
  } else if (schema instanceof z.ZodRecord && isMapping(value)) {
    for (const [key, member] of Object.entries(value)) {
      walk(schema.valueType, member, [...path, key], found);
    }
  }
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
