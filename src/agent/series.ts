import { Counter, Gauge, type Registry } from 'prom-client';

/** A value with its labels. */
export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** Registers a series, a counter when its name ends in `_total`; returns what sets it anew from what is so now. */
export function series<S>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly string[],
  samples: (now: S) => readonly Sample[],
): (now: S) => void {
  const configuration = { name, help, labelNames: [...labelNames], registers: [registry] };
  const metric = name.endsWith('_total') ? new Counter(configuration) : new Gauge(configuration);
  return (now) => {
    metric.reset();
    for (const [labels, value] of samples(now)) metric.inc({ ...labels }, value);
  };
}
