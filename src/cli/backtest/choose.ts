import type { DetectorDefinition } from '../../detect/detector.ts';
import { ownNetworks } from '../../detect/outbound.ts';
import { nearest } from '../../diagnostic/suggest.ts';
import { UsageError } from '../command.ts';
import { presetOf } from './backtest.ts';

/** A detector and what is to be tried of it. */
export interface Chosen {
  readonly definition: DetectorDefinition;
  readonly option: string;
  readonly values: readonly number[];
}

/** More values would take as many times as long. */
const maxValues = 20;

/** Returns the detector of this id, the option and the values to try. Throws UsageError. */
export function choose(
  detectors: readonly DetectorDefinition[],
  id: string,
  option: string | undefined,
  list: string | undefined,
): Chosen {
  const definition = detectors.find((one) => one.id === id);
  if (definition === undefined) {
    const ids = detectors.map((one) => one.id);
    const meant = nearest(id, ids);
    throw new UsageError(
      `there is no detector ${id}`,
      meant === undefined ? `one of ${ids.join(', ')}` : `did you mean ${meant}?`,
    );
  }
  const { threshold } = definition;
  const name = option ?? threshold?.option;
  if (name === undefined)
    throw new UsageError(
      `${id} has no threshold`,
      'name an option of it with --option and values with --values; docs/reference/detectors.md lists them',
    );
  if (presetOf(definition, name) === undefined)
    throw new UsageError(`${id} has no option ${name} that is a number`);
  const isOwn = name === threshold?.option;
  if (list === undefined && !isOwn)
    throw new UsageError(`which values of ${name} are to be tried is not known`, 'add --values 1,2,3');
  const values = list === undefined ? threshold!.values : valuesOf(definition, name, list);
  return { definition, option: name, values };
}

/** Names of the detectors, for help. */
export function idsOf(detectors: readonly DetectorDefinition[]): string {
  return detectors.map(({ id }) => id).join(', ');
}

/** Returns networks as they are. Throws UsageError where one is none. */
export function insideOf(prefixes: readonly string[]): readonly string[] {
  const parsed = ownNetworks.safeParse(prefixes);
  if (parsed.success) return parsed.data;
  throw new UsageError(`--inside: ${parsed.error.issues[0]?.message ?? 'is no list of prefixes'}`);
}

function valuesOf({ id, options }: DetectorDefinition, option: string, list: string): readonly number[] {
  const values = list.split(',').map((text) => (text.trim() === '' ? Number.NaN : Number(text)));
  if (values.length > maxValues) throw new UsageError(`--values: at most ${maxValues} values`);
  for (const [at, value] of values.entries()) {
    const parsed = options.safeParse({ [option]: value });
    if (parsed.success) continue;
    const why = parsed.error.issues[0]?.message ?? '';
    throw new UsageError(`--values: ${list.split(',')[at]} is no ${option} of ${id}: ${why}`);
  }
  return values;
}
