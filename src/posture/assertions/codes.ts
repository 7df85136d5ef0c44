import type { Code, CodeDefinition, DiagnosticClass } from '../../diagnostic/diagnostic.ts';

function assertionCode(
  code: Code,
  kind: DiagnosticClass,
  title: string,
  doc: string,
  bad: string,
  good?: string,
): CodeDefinition {
  const example = good === undefined ? { bad } : { bad, good };
  return { code, title, class: kind, severity: 'error', since: '0.2.0', doc, example };
}

export const invalidAssertion = assertionCode(
  'PKT0450',
  'schema',
  'Assertion cannot be read',
  `An assertion file (\`picket-test.yaml\` or \`*.picket-test.yaml\`) has something that is no assertion. What cannot be read
is not tested, so \`picket test\` counts it as an error: a mistyped assertion must not look as if it held.

Each item of \`assertions\` has exactly one of \`must\`, \`must-not\` and \`only\`, each with \`from\`, \`to\` and \`port\`.`,
  'assertions:\n  - must: {from: shop/web, port: 8080}',
  'assertions:\n  - must: {from: shop/web, to: shop/api, port: 8080}',
);

export const matchesNothing = assertionCode(
  'PKT0451',
  'provable',
  'Assertion matches nothing',
  `The assertion names an end (or a port by name) that the manifests do not have, so it would hold whatever they say: a
\`must-not\` about a workload that was renamed protects nothing. It fails instead.

Write the name that is meant, or take the assertion out.`,
  'assertions:\n  - must-not: {from: internet, to: shop/databse, port: any}',
  'assertions:\n  - must-not: {from: internet, to: shop/database, port: any}',
);

export const mustFails = assertionCode(
  'PKT0452',
  'provable',
  'A connection that must be possible is denied',
  `A \`must\` assertion does not hold: at least one of its connections is denied. The message names one such connection, and
the place is that of the rule or object that denies it.

Change the control that denies it, as the help says, or the assertion when it is out of date.`,
  'assertions:\n  - must: {from: shop/web, to: shop/api, port: 8080}\n# and no policy lets shop/web in',
);

export const mustNotFails = assertionCode(
  'PKT0453',
  'provable',
  'A connection that must not be possible is allowed',
  `A \`must-not\` assertion does not hold: at least one of its connections is allowed. The message names one such connection
and what allows it; where no policy selects an end, that end is open by default.

Narrow the rule that allows it, or isolate the destination with a policy that selects it.`,
  'assertions:\n  - must-not: {from: internet, to: shop/db, port: any}\n# and no policy selects shop/db',
);

export const onlyFails = assertionCode(
  'PKT0454',
  'provable',
  'Others than the listed sources reach a destination, or a listed one does not',
  `An \`only\` assertion does not hold. Either something that it does not list may reach the destination, or something that it
lists may not, on any of the ports: then the list is out of date.

Narrow the rule that lets the other one in, or mend the list.`,
  'assertions:\n  - only: {from: shop/web, to: shop/db, port: 5432}\n# and shop/job reaches shop/db, too',
);

export const undecided = assertionCode(
  'PKT0455',
  'provable',
  'Whether an assertion holds is not known',
  `The manifests do not tell whether a connection of the assertion is possible: a faulty object, a label that only a
controller knows, a rule about HTTP requests when no request is given. What is not known satisfies neither \`must\` nor
\`must-not\`.

Mend what the message names, add a \`request\` when rules look into requests, or say \`allow-unknown: true\` when the doubt is
acceptable.`,
  'assertions:\n  - must: {from: shop/web, to: shop/api, port: 8080}\n# and the policy of shop/api is faulty',
);

/** Codes of assertions. */
export const assertionCodes: readonly CodeDefinition[] = [
  invalidAssertion,
  matchesNothing,
  mustFails,
  mustNotFails,
  onlyFails,
  undecided,
];
