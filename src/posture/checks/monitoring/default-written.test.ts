import { expect, test } from 'vitest';
import { findings, fixed } from '../checks.fixture.ts';
import { defaultWritten } from './default-written.ts';
import { prometheusYaml, targetsText } from './monitoring-checks.fixture.ts';

const job = targetsText('exporter:9100');

test('defaults of a job', () => {
  const text = prometheusYaml(`metrics_path: /metrics\nscheme: http\n${job}`);
  expect(findings(defaultWritten, text)).toMatchObject([
    { at: 'metrics_path', message: '`metrics_path: /metrics` is the default, as one more line of this file' },
  ]);
  expect(fixed(defaultWritten, text)).toBe(prometheusYaml(job));
});

test('other values', () => {
  expect(findings(defaultWritten, prometheusYaml(`metrics_path: /stats\nscheme: https\n${job}`))).toEqual([]);
  expect(findings(defaultWritten, prometheusYaml(job))).toEqual([]);
});
