/** Units of rates as nft(8) names them, in seconds. */
const periods = { second: 1, minute: 60, hour: 3600, day: 86_400 } as const;

/** How often something may happen. */
export interface Limit {
  readonly count: number;
  readonly period: keyof typeof periods;
  /** How many may come at once, after quiet. */
  readonly burst: number;
  /** Each source has its own account; sources of IPv6 are networks of 64 bits. */
  readonly perSource: boolean;
}

const limitForm = /^(\d{1,6})\/(second|minute|hour|day)( per source)?(?: burst (\d{1,6}))?$/;

/**
 * Returns the limit of e.g. `10/minute`, `10/minute per source` or `10/minute per source burst 20`; undefined for other text. As
 * many as come in one period may come at once unless `burst` says otherwise.
 */
export function parseLimit(text: string): Limit | undefined {
  const [, count, period, perSource, burst = count] = limitForm.exec(text) ?? [];
  if (count === undefined || Number(count) === 0 || Number(burst) === 0) return undefined;
  return {
    count: Number(count),
    period: period as Limit['period'],
    burst: Number(burst),
    perSource: perSource !== undefined,
  };
}

/** Returns after how many seconds of quiet a source has its whole burst back; at least one. */
export function refillSeconds({ count, period, burst }: Limit): number {
  return Math.max(1, Math.ceil((burst * periods[period]) / count));
}

const units: Readonly<Record<string, number>> = { d: 86_400, h: 3600, m: 60, s: 1 };
const longest = 366 * 86_400;

/** Returns the seconds of `30s`, `10m`, `1h30m` or `2d`, from one second to 366 days; undefined for other text. */
export function parseDuration(text: string): number | undefined {
  const parts = /^(?:(\d{1,8})d)?(?:(\d{1,8})h)?(?:(\d{1,8})m)?(?:(\d{1,8})s)?$/.exec(text);
  if (parts === null) return undefined;
  const seconds = Object.values(units).reduce((sum, unit, at) => sum + unit * Number(parts[at + 1] ?? 0), 0);
  return seconds >= 1 && seconds <= longest ? seconds : undefined;
}

/** Returns the shortest text of {@link parseDuration}'s form, which is nft's too. */
export function formatDuration(seconds: number): string {
  let rest = seconds;
  let text = '';
  for (const [unit, size] of Object.entries(units)) {
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest %= size;
  }
  return text;
}

/**
 * Tells whether a text is the name of an interface, or its beginning followed by `*`: up to 15 characters, none that the
 * kernel refuses (net/core/dev.c, dev_valid_name) and none that would need quoting.
 */
export function isInterfaceName(text: string): boolean {
  return /^[\w.@+-]{1,15}\*?$/.test(text) && text.length <= 16 && text !== '.' && text !== '..';
}

/** Tells whether a text can name a zone or a block set. */
export function isPartName(text: string): boolean {
  return /^[a-z][a-z0-9-]{0,30}$/.test(text);
}
