/** A limit as ingress-nginx reads it: the annotation's name without its prefix, and its value. */
export interface RateLimit {
  readonly name: 'limit-rps' | 'limit-rpm';
  readonly value: number;
  /** Whether it is the rate that was meant, not a rounded one. */
  readonly exact: boolean;
}

const unitSeconds: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * Returns the limit that a count of requests per window comes to, e.g. `100` and `1m`: limits are per second or
 * per minute only. Undefined when either text cannot be read.
 */
export function rateLimitOf(count: string, window: string): RateLimit | undefined {
  const requests = /^\d{1,9}$/.test(count.trim()) ? Number(count) : 0;
  const [, amount = '', unit = ''] = /^(\d{1,6})([smhd]?)$/.exec(window.trim()) ?? [];
  const seconds = Number(amount) * (unitSeconds[unit] ?? 0);
  if (requests === 0 || seconds === 0) return undefined;
  if (seconds % 60 !== 0 && requests % seconds === 0) {
    return { name: 'limit-rps', value: requests / seconds, exact: true };
  }
  const perMinute = (requests * 60) / seconds;
  const value = Math.max(1, Math.round(perMinute));
  return { name: 'limit-rpm', value, exact: value === perMinute };
}
