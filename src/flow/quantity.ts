/** Factors of the suffixes of quantities: decimal ones (SI) and binary ones (IEC 80000-13), in any case but for the `i`. */
const factors: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
  ti: 2 ** 40,
};

const spans: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1e3,
  m: 60e3,
  h: 3_600e3,
  d: 86_400e3,
  w: 604_800e3,
};

/** Returns the number of `1500`, `10k`, `1.5MB`, `64KiB`; undefined for anything else. */
export function parseQuantity(text: string): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,9})?)([kmgt]i?)?b?$/i.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * factors[(match[2] ?? '').toLowerCase()]!;
}

/** Returns the ms of `250ms`, `30s`, `1.5h`, `7d`; undefined for anything else, a number without its unit too. */
export function parseSpan(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,6})?)(ms|[smhdw])$/i.exec(text);
  return match === null ? undefined : Number(match[1]) * spans[match[2]!.toLowerCase()]!;
}

/**
 * Returns the moment that `text` names, ms since the epoch: a date and time with its zone (RFC 3339), a date (its first
 * moment in UTC), or how long before `now`, `-1h`. Undefined for anything else; also for the last, when `now` is not known.
 */
export function parseMoment(text: string, now: number | undefined): number | undefined {
  const ago = parseSpan(text.startsWith('-') ? text.slice(1) : text);
  if (ago !== undefined) return now === undefined ? undefined : now - ago;
  if (!/^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?$/i.test(text))
    return undefined;
  const at = Date.parse(text.replace(' ', 'T'));
  return Number.isNaN(at) ? undefined : at;
}
