import { nearest } from '../../../diagnostic/suggest.ts';
import {
  type Labels,
  matches,
  type Requirement,
  type Selector,
  selectorText,
} from '../../../segmentation/label-selector.ts';
import { Ternary } from '../../../segmentation/ternary.ts';

/** A label that a selector asks for, and the one that it most likely means. */
export interface LabelSuggestion {
  readonly asked: string;
  readonly meant: string;
}

/**
 * Returns the nearest label that exists in the population for the first requirement that nobody there meets: another
 * value of the same key, else the same value under a similar key.
 */
export function nearestLabel(selector: Selector, population: readonly Labels[]): LabelSuggestion | undefined {
  for (const requirement of selector) {
    if (requirement.operator !== 'In') continue;
    if (population.some((labels) => matches([requirement], labels) !== Ternary.No)) continue;
    const meant = similar(requirement, population);
    if (meant !== undefined) return { asked: selectorText([requirement]), meant };
  }
  return undefined;
}

function similar({ key, values }: Requirement, population: readonly Labels[]): string | undefined {
  const known = new Set(
    population.flatMap(({ known }) => [...known].map(([name, value]) => `${name}=${value}`)),
  );
  const ofKey = population.flatMap((labels) => labels.known.get(key) ?? []);
  for (const value of values) {
    const near = nearest(value, ofKey);
    if (near !== undefined) return `${key}=${near}`;
    const nearKey = nearest(key, new Set(population.flatMap((labels) => [...labels.known.keys()])));
    if (nearKey !== undefined && known.has(`${nearKey}=${value}`)) return `${nearKey}=${value}`;
  }
  return undefined;
}

/** Returns the labels of a population as text, most frequent first, at most `limit` of them. */
export function labelsText(population: readonly Labels[], limit = 6): string {
  const counts = new Map<string, number>();
  for (const { known } of population) {
    for (const [key, value] of known) counts.set(`${key}=${value}`, (counts.get(`${key}=${value}`) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a).map(([label]) => label);
  const more = sorted.length > limit ? ` and ${sorted.length - limit} more` : '';
  return sorted.slice(0, limit).join(', ') + more;
}
