import type { Code, CodeDefinition } from '../diagnostic/diagnostic.ts';

function filterCode(code: Code, title: string, doc: string, bad: string, good: string): CodeDefinition {
  return { code, title, class: 'schema', severity: 'error', since: '0.1.0', doc, example: { bad, good } };
}

export const filterSyntax = filterCode(
  'PKT0400',
  'Filter cannot be read',
  `The filter does not follow the grammar: terms \`key=value\`, \`key!=value\`, \`key>number\`, single words, joined by \`and\`
(which may be left out), \`or\`, \`not\` and parentheses. \`and\` binds tighter than \`or\`. A value with blanks or parentheses
stands in double quotes.`,
  'verdict=deny and (port=22',
  'verdict=deny and (port=22)',
);

export const filterKey = filterCode(
  'PKT0401',
  'Unknown key in a filter',
  'The key is none of those that a filter over these records has. To look for a text that contains `=`, put it in double quotes.',
  'dest=10.0.0.0/8',
  'dst=10.0.0.0/8',
);

export const filterValue = filterCode(
  'PKT0402',
  'Wrong value in a filter',
  'The value cannot be one of this key: not a number where a number is wanted, or none of the words that the key can have. Such a term would never match, so it is refused.',
  'state=open',
  'state=established',
);

export const filterOperator = filterCode(
  'PKT0403',
  'Wrong operator in a filter',
  'Only numbers have an order: `<`, `<=`, `>` and `>=` go with `port`, `sport`, `bytes`, `packets`, `sent`, `received` and `duration`. All other keys take `=` and `!=`.',
  'state>established',
  'state=established',
);

export const filterSize = filterCode(
  'PKT0404',
  'Filter too large',
  'A filter has at most 4096 characters and 64 levels of `not` and parentheses.',
  'not not not … port=80',
  'not port=80',
);

/** Every code of this room. */
export const flowCodes: readonly CodeDefinition[] = [
  filterSyntax,
  filterKey,
  filterValue,
  filterOperator,
  filterSize,
];
