import type { CodeDefinition } from '../diagnostic/diagnostic.ts';

export const refusedText: CodeDefinition = {
  code: 'PKT0600',
  title: 'The wanted packet filter is not taken',
  class: 'environment',
  severity: 'error',
  since: '0.2.0',
  doc: `What was to be put in force is more than Picket's own table \`inet picket\`, or nft does not take it on this machine: a syntax error, a
name that does not resolve, a set or match that the kernel does not have. Nothing was changed. The place is that in the text of the
table; what a declaration is compiled to is shown by \`picket firewall compile\`.`,
  example: {
    bad: 'table inet picket {\n  chain input {\n    tcp dport bogus accept\n  }\n}',
    good: 'table inet picket {\n  chain input {\n    tcp dport 22 accept\n  }\n}',
  },
};

/** Codes of what changes machines. */
export const enforceCodes: readonly CodeDefinition[] = [refusedText];
