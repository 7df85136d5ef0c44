import type { Path } from '../../manifest/resource.ts';
import { parseDuration } from '../duration.ts';
import { rulesExtension, warningExtension } from './codes.ts';
import type { Item } from './read-items.ts';

/** Up to this the engine's times are exact. */
const longest = 100 * 86_400e9;
const long = 7 * 86_400e9;

export const defaultMaxKeys = 10_000;

/** How long events may lie apart, in nanoseconds; undefined when it is no such time, which is told. */
export function readWithin(item: Item): number | undefined {
  const within = duration(item, 'within', 1e6);
  if (within !== undefined && within > long) {
    const message = 'what is remembered is lost at a restart: so long a time is seldom seen whole';
    item.report(warningExtension, message, item.at('within'));
  }
  return within;
}

/** How long a key is silent after an alert, in nanoseconds: `within` when it is not said. */
export function readCooldown(item: Item, within: number): number | undefined {
  return item.has('cooldown') ? duration(item, 'cooldown', 0) : within;
}

/** How many keys are remembered at once. */
export function readMaxKeys(item: Item): number | undefined {
  return item.has('max_keys') ? wholeNumber(item, ['max_keys'], 1, 1_000_000) : defaultMaxKeys;
}

/** A whole number at a path; undefined when there is none between the bounds, which is told. */
export function wholeNumber(item: Item, path: Path, least: number, most: number): number | undefined {
  const text = item.text(...path)?.text;
  const value = text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  const place = text === undefined ? item.keyAt(...path.slice(0, -1)) : item.at(...path);
  item.report(rulesExtension, `\`${path.at(-1)}\` is a whole number from ${least} to ${most}`, place);
  return undefined;
}

/** A key's duration; `least` 0 lets it be `0` too. */
function duration(item: Item, key: string, least: number): number | undefined {
  const text = item.text(key)?.text ?? '';
  const value = least === 0 && text === '0' ? 0 : parseDuration(text);
  if (value !== undefined && value >= least && value <= longest) return value;
  item.report(rulesExtension, `\`${key}\` is a duration of at most 100 days`, item.at(key), {
    help: 'write 500ms, 60s, 5m, 2h or 1d',
  });
  return undefined;
}
