const units: Readonly<Record<string, number>> = { ms: 1e6, s: 1e9, m: 60e9, h: 3600e9, d: 86_400e9 };

/** Returns the nanoseconds that `500ms`, `60s`, `5m`, `2h` or `1d` writes; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  const value = Number(amount) * (units[unit] ?? Number.NaN);
  return Number.isNaN(value) ? undefined : value;
}
