import type { Code, CodeDefinition } from '../../diagnostic/diagnostic.ts';

type Example = NonNullable<CodeDefinition['example']>;

function respondCode(code: Code, title: string, doc: string, example: Example): CodeDefinition {
  return { code, title, class: 'schema', severity: 'error', since: '0.2.0', doc, example };
}

export const respondValue = respondCode(
  'PKT0750',
  'Value that a playbook cannot have',
  `A time, a rate, an address, a target or a limit below \`respond\` in the site file is not written as it must be. None of the playbooks is
used then: one that is half read may act on what the whole leaves alone.

Times are written as \`30s\`, \`10m\` or \`1h30m\`, rates as \`10/second\` or \`100/minute burst 20\`, addresses as \`192.0.2.7\` or
\`192.0.2.0/24\`, what is to be reached as \`192.0.2.7:443\` or \`[2001:db8::7]:443\`.`,
  {
    bad: 'respond:\n  playbooks:\n  - {name: scans, match: detector=port-scan, do: [{block: source, for: one hour}]}',
    good: 'respond:\n  playbooks:\n  - {name: scans, match: detector=port-scan, do: [{block: source, for: 1h}]}',
  },
);

export const respondStep = respondCode(
  'PKT0751',
  'Step of a playbook that says too much or too little',
  `Each item below \`do\` is one action with what it needs: \`block\` and \`limit\` of an end need a time (\`for\`) after which they end by
themselves, a \`limit\` its \`rate\`. Two actions in one item have no order; a playbook without a step does nothing, and two playbooks of
one name cannot be told apart in the audit log. None of the playbooks is used.`,
  {
    bad: 'do:\n- {block: source}\n- {limit: source, for: 1h}',
    good: 'do:\n- {block: source, for: 1h}\n- {limit: source, rate: 10/second, for: 1h}',
  },
);

/** Codes of playbooks as the site file has them. */
export const respondSchemaCodes: readonly CodeDefinition[] = [respondValue, respondStep];
