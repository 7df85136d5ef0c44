/**
 * Strong Kleene logic over what manifests tell: `and` is the minimum, `or` the maximum, `not` is `Yes - x`.
 * `Maybe` stands for "the manifests do not say", never for "probably".
 */
export const Ternary = { No: 0, Maybe: 1, Yes: 2 } as const;
export type Ternary = (typeof Ternary)[keyof typeof Ternary];

/** The conjunction of `a` and `b`. */
export function both(a: Ternary, b: Ternary): Ternary {
  return a < b ? a : b;
}

/** The disjunction of `a` and `b`. */
export function either(a: Ternary, b: Ternary): Ternary {
  return a > b ? a : b;
}

/**
 * What holds of a thing that is one of several, without knowing which: `Yes` or `No` when it holds of all or of
 * none of them, `Maybe` otherwise and for an empty list.
 */
export function unanimous(answers: readonly Ternary[]): Ternary {
  const [first, ...rest] = answers;
  if (first === undefined) return Ternary.Maybe;
  return rest.every((answer) => answer === first) ? first : Ternary.Maybe;
}
