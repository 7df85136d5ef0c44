import type { CodeDefinition } from '../diagnostic/diagnostic.ts';

export const badMatch: CodeDefinition = {
  code: 'PKT0752',
  title: 'Filter of a playbook that cannot be read',
  class: 'schema',
  severity: 'error',
  since: '0.2.0',
  doc: `\`match\` of a playbook is a filter over alerts, in the language of \`picket alerts\`: keys with values, which must all hold. This one cannot be
read, so that nobody can say which alerts are meant. None of the playbooks is used. \`docs/reference/filters.md\` lists all keys.`,
  example: { bad: 'match: detector==port-scan', good: 'match: detector=port-scan severity=high' },
};

export const matchesAll: CodeDefinition = {
  code: 'PKT0753',
  title: 'Playbook that acts on every alert by itself',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `The playbook has an empty filter, asks nobody (\`approval: false\`) and is no dry run: whatever raises an alert about somebody's address has
that address blocked. Who can send packets with another's address can then have Picket cut off that other.

Name the detectors that a sender cannot feign, e.g. those that need an answered connection, or leave \`approval\` as it is.`,
  example: {
    bad: "- {name: all, match: '', approval: false, dryRun: false, do: [{block: source, for: 1h}]}",
    good: '- {name: logins, match: detector=brute-force, approval: false, dryRun: false, do: [{block: source, for: 1h}]}',
  },
};

/** Codes of responses. */
export const respondCodes: readonly CodeDefinition[] = [badMatch, matchesAll];
