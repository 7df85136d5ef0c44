import { nearest } from '../../diagnostic/suggest.ts';
import { type Dimension, dimensionAliases, dimensions } from './dimension.ts';

/** What a list of dimensions means, or what is wrong with it. */
export type ParsedDimensions =
  | { readonly dimensions: readonly Dimension[] }
  | { readonly repeated: string }
  | { readonly unknown: string; readonly meant: string | undefined; readonly known: readonly string[] };

/** Reads names of dimensions, joined by commas. */
export function parseDimensions(text: string): ParsedDimensions {
  const names = text.split(',').flatMap((part) => {
    const name = part.trim();
    return Object.hasOwn(dimensionAliases, name) ? dimensionAliases[name]! : [name];
  });
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) return { repeated };
  const found: Dimension[] = [];
  for (const name of names) {
    const dimension = dimensions.get(name);
    if (dimension === undefined) {
      const known = [...dimensions.keys(), ...Object.keys(dimensionAliases)];
      return { unknown: name, meant: nearest(name, known), known };
    }
    found.push(dimension);
  }
  return { dimensions: found };
}
