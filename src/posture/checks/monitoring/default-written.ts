import { diagnose, type Fix } from '../../../diagnostic/diagnostic.ts';
import type { Check } from '../definition.ts';
import { removeLines } from '../yaml-edit.ts';

/** Settings of a job that say what holds anyway. */
export const defaultWritten: Check = {
  code: 'PKT1304',
  title: 'Default of a scrape job written out',
  class: 'product',
  severity: 'note',
  since: '0.2.0',
  doc: `\`metrics_path: /metrics\` and \`scheme: http\` are what holds when nothing is written. Lines that change nothing hide the ones
that do.

Delete them.`,
  example: { bad: 'job_name: web\nmetrics_path: /metrics', good: 'job_name: web' },
  run({ controls, manifests }) {
    return controls.prometheusConfigs.flatMap(({ jobs }) => {
      const written = jobs.flatMap(({ metricsPath, scheme }) => [
        ...(metricsPath?.value === '/metrics' ? [metricsPath] : []),
        ...(scheme?.value === 'http' ? [scheme] : []),
      ]);
      const [first, ...others] = written;
      if (first === undefined) return [];
      const edits = written.flatMap(
        ({ keySpan, span }) => removeLines(manifests.sources, keySpan, span) ?? [],
      );
      const isWhole = edits.length === written.length;
      const fix: Fix = { title: 'delete what holds anyway', safe: true, edits };
      const more =
        others.length === 0
          ? ''
          : `, as ${others.length === 1 ? 'one more line' : `${others.length} more lines`} of this file`;
      return [
        diagnose(defaultWritten, {
          message: `\`${String(first.path.at(-1))}: ${first.value}\` is the default${more}`,
          span: first.keySpan,
          related: others.map(({ keySpan }) => ({ span: keySpan, message: 'and this' })),
          help: others.length === 0 ? 'delete the line' : 'delete the lines',
          ...(isWhole && { fix }),
        }),
      ];
    });
  },
};
