import type { Code, CodeDefinition, Severity } from '../../diagnostic/diagnostic.ts';

function settingsCode(
  code: Code,
  severity: Severity,
  title: string,
  doc: string,
  bad: string,
  good: string,
): CodeDefinition {
  return { code, title, class: 'schema', severity, since: '0.2.0', doc, example: { bad, good } };
}

export const invalidDetect = settingsCode(
  'PKT0710',
  'error',
  'Wrong settings of detectors',
  `\`detect\` in the site file maps the id of a detector to its options (\`docs/reference/detectors.md\`), or to \`enabled: false\`, and has
\`exceptions\`. Of a detector with an option that is wrong none counts: it runs as preset. An exception that is wrong holds nothing back.`,
  'detect:\n  port-scan: {portsPerHost: many}',
  'detect:\n  port-scan: {portsPerHost: 20}',
);

export const unknownDetector = settingsCode(
  'PKT0711',
  'error',
  'Exception for no detector',
  'The exception names a detector that Picket does not have, so it would hold nothing back. `rules` stands for Falco rules.',
  'exceptions:\n  - {detector: port-scam, filter: src=198.51.100.7, reason: our scanner, until: 2027-01-01}',
  'exceptions:\n  - {detector: port-scan, filter: src=198.51.100.7, reason: our scanner, until: 2027-01-01}',
);

export const expiredException = settingsCode(
  'PKT0712',
  'warning',
  'Exception has expired',
  `The time of the exception is over: it holds nothing back any more. What it was written for is told again, as it should be when nobody
remembers it.

Take it out, or give it a new \`until\` after looking whether its reason still holds.`,
  'until: 2020-01-01',
  'until: 2027-01-01',
);

/** The codes of what the site file says of detectors. */
export const detectCodes: readonly CodeDefinition[] = [invalidDetect, unknownDetector, expiredException];
