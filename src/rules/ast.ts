/** Offsets into the text that was parsed, end exclusive. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

export const comparisonOperators = [
  '=',
  '==',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  'contains',
  'icontains',
  'bcontains',
  'startswith',
  'bstartswith',
  'endswith',
  'glob',
  'iglob',
  'regex',
  'in',
  'intersects',
  'pmatch',
] as const;
export type ComparisonOperator = (typeof comparisonOperators)[number];

/** How many values of a list the operator is to hold for. */
export type Modifier = 'oneof' | 'anyof' | 'allof';

/** A condition as it is written, macros not yet put in. */
export type Condition = And | Or | Not | Comparison | Exists | MacroReference;

export interface And {
  readonly kind: 'and';
  readonly terms: readonly Condition[];
  readonly at: TextRange;
}

export interface Or {
  readonly kind: 'or';
  readonly terms: readonly Condition[];
  readonly at: TextRange;
}

export interface Not {
  readonly kind: 'not';
  readonly term: Condition;
  readonly at: TextRange;
}

export interface Comparison {
  readonly kind: 'comparison';
  readonly left: Operand;
  readonly operator: ComparisonOperator;
  readonly modifier?: Modifier;
  /** A list for `in`, `intersects`, `pmatch` and after a modifier. */
  readonly right: Literal | LiteralList | Operand;
  readonly at: TextRange;
}

export interface Exists {
  readonly kind: 'exists';
  readonly left: Operand;
  readonly at: TextRange;
}

export interface MacroReference {
  readonly kind: 'macro';
  readonly name: string;
  readonly at: TextRange;
}

/** What is asked of the event: a field, or a transformer over one. `val(field)` stands on the right side only. */
export type Operand = FieldReference | Transformed;

export interface FieldReference {
  readonly kind: 'field';
  readonly name: string;
  /** What stands in the brackets, quotes taken off. */
  readonly argument?: string;
  readonly at: TextRange;
}

export interface Transformed {
  readonly kind: 'transformer';
  readonly name: string;
  readonly arguments: readonly (Operand | Literal | LiteralList)[];
  /** `getopt(...)[key]`. */
  readonly argument?: string;
  readonly at: TextRange;
}

export interface Literal {
  readonly kind: 'literal';
  /** Escapes undone. */
  readonly text: string;
  readonly quoted: boolean;
  readonly at: TextRange;
}

export interface LiteralList {
  readonly kind: 'list';
  readonly items: readonly (Literal | Operand)[];
  readonly at: TextRange;
}
