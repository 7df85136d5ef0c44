import fc from 'fast-check';
import { expect, test } from 'vitest';
import { always, Diagrams, type Node, never, TooLarge } from './diagrams.ts';

const width = 5;
const rows = 2 ** width;

/** A formula over five variables, as a tree. */
type Formula =
  | { readonly variable: number }
  | { readonly operation: 'and' | 'or' | 'minus' | 'xor'; readonly of: readonly [Formula, Formula] }
  | { readonly operation: 'not'; readonly of: readonly [Formula] }
  | { readonly operation: 'ite'; readonly of: readonly [Formula, Formula, Formula] }
  | { readonly operation: 'exists' | 'forAll'; readonly bound: number; readonly of: readonly [Formula] }
  | {
      readonly operation: 'cofactor';
      readonly bound: number;
      readonly value: boolean;
      readonly of: readonly [Formula];
    };

const { formula } = fc.letrec<{ formula: Formula }>((tie) => ({
  formula: fc.oneof(
    { maxDepth: 5, depthSize: 'medium' },
    fc.record({ variable: fc.nat({ max: width - 1 }) }),
    fc.record({
      operation: fc.constantFrom('and', 'or', 'minus', 'xor'),
      of: fc.tuple(tie('formula'), tie('formula')),
    }),
    fc.record({ operation: fc.constant('not'), of: fc.tuple(tie('formula')) }),
    fc.record({
      operation: fc.constant('ite'),
      of: fc.tuple(tie('formula'), tie('formula'), tie('formula')),
    }),
    fc.record({
      operation: fc.constantFrom('exists', 'forAll'),
      bound: fc.nat({ max: rows - 1 }),
      of: fc.tuple(tie('formula')),
    }),
    fc.record({
      operation: fc.constant('cofactor'),
      bound: fc.nat({ max: width - 1 }),
      value: fc.boolean(),
      of: fc.tuple(tie('formula')),
    }),
  ) as fc.Arbitrary<Formula>,
}));

function build(diagrams: Diagrams, tree: Formula): Node {
  if ('variable' in tree) return diagrams.variable(tree.variable);
  const [f, g, h] = tree.of.map((one) => build(diagrams, one));
  const variables = (mask: number) => [0, 1, 2, 3, 4].filter((bit) => (mask >> bit) & 1);
  switch (tree.operation) {
    case 'not':
      return diagrams.not(f!);
    case 'ite':
      return diagrams.ite(f!, g!, h!);
    case 'exists':
    case 'forAll':
      return diagrams[tree.operation](f!, diagrams.cube(variables(tree.bound)));
    case 'cofactor':
      return diagrams.cofactor(f!, tree.bound, tree.value);
    default:
      return diagrams[tree.operation](f!, g!);
  }
}

/** The truth of a formula where bit `i` of `row` is the value of variable `i`. */
function truth(tree: Formula, row: number): boolean {
  if ('variable' in tree) return ((row >> tree.variable) & 1) === 1;
  const [first, ...others] = tree.of;
  const here = (one: Formula | undefined) => truth(one!, row);
  switch (tree.operation) {
    case 'not':
      return !here(first);
    case 'and':
      return here(first) && here(others[0]);
    case 'or':
      return here(first) || here(others[0]);
    case 'minus':
      return here(first) && !here(others[0]);
    case 'xor':
      return here(first) !== here(others[0]);
    case 'ite':
      return here(first) ? here(others[0]) : here(others[1]);
    case 'cofactor':
      return truth(first, tree.value ? row | (1 << tree.bound) : row & ~(1 << tree.bound));
    default: {
      const all = Array.from({ length: rows }, (_, one) => one).filter(
        (one) => ((one ^ row) & ~tree.bound & (rows - 1)) === 0,
      );
      return tree.operation === 'exists'
        ? all.some((one) => truth(first, one))
        : all.every((one) => truth(first, one));
    }
  }
}

const table = (tree: Formula) => Array.from({ length: rows }, (_, row) => truth(tree, row));

test('diagrams are what their formulas say, and equal where those are', () => {
  const diagrams = new Diagrams();
  const nodes = new Map<string, Node>();
  const property = fc.property(formula, (tree) => {
    const node = build(diagrams, tree);
    const values = table(tree);
    const found = values.map((_, row) => diagrams.holds(node, (variable) => ((row >> variable) & 1) === 1));
    expect(found).toEqual(values);
    expect(diagrams.count(node, width)).toBe(BigInt(values.filter(Boolean).length));
    const key = values.join();
    expect(nodes.get(key) ?? node).toBe(node);
    nodes.set(key, node);
    const matters = [0, 1, 2, 3, 4].filter((bit) =>
      values.some((value, row) => value !== values[row ^ (1 << bit)]),
    );
    expect(diagrams.support(node)).toEqual(matters);
    const example = diagrams.example(node);
    if (node === never) expect(example).toBeUndefined();
    else expect(diagrams.holds(node, (variable) => example!.get(variable)!)).toBe(true);
    const rowBits = values.map((_, row) => Uint8Array.from({ length: width }, (_, bit) => (row >> bit) & 1));
    expect(rowBits.map((set) => diagrams.isTrue(node, set))).toEqual(values);
    if (node === never) return;
    const settled = rowBits.map((set) => {
      const copy = set.slice();
      diagrams.settle(node, copy);
      return copy;
    });
    expect(settled.every((set) => diagrams.isTrue(node, set))).toBe(true);
    expect(settled.filter((_, row) => values[row])).toEqual(rowBits.filter((_, row) => values[row]));
  });
  fc.assert(property, { numRuns: 2000, seed: 1 });
});

test('results outlive the growth of the tables', () => {
  const diagrams = new Diagrams();
  // x0 y0 + x1 y1 + … with all x before all y has about 2^12 nodes for 12 pairs.
  const pairs = Array.from({ length: 14 }, (_, at) =>
    diagrams.and(diagrams.variable(at), diagrams.variable(14 + at)),
  );
  const forwards = pairs.reduce((sum, one) => diagrams.or(sum, one), never);
  const backwards = pairs.reduceRight((sum, one) => diagrams.or(one, sum), never);
  expect(diagrams.size).toBeGreaterThan(2 ** 15);
  expect(backwards).toBe(forwards);
  expect(diagrams.count(forwards, 28)).toBe(4n ** 14n - 3n ** 14n);
  expect(diagrams.or(forwards, diagrams.not(forwards))).toBe(always);
});

test('too many nodes are said, not made', () => {
  const diagrams = new Diagrams(5000);
  const grow = () => {
    let sum: Node = never;
    for (let at = 0; at < 20; at++)
      sum = diagrams.or(sum, diagrams.and(diagrams.variable(at), diagrams.variable(20 + at)));
    return sum;
  };
  expect(grow).toThrow(TooLarge);
  expect(diagrams.size).toBeLessThanOrEqual(5000);
});

test('what is made in scratch leaves no trace', () => {
  const trees = fc.array(formula, { minLength: 2, maxLength: 6 });
  const property = fc.property(trees, trees, (kept, tried) => {
    const diagrams = new Diagrams();
    const before = kept.map((tree) => build(diagrams, tree));
    const { size } = diagrams;
    const tables = diagrams.scratch(10_000, () =>
      tried.map((tree) => {
        const nested = diagrams.scratch(10_000, () => diagrams.count(build(diagrams, tree), width));
        return [nested, diagrams.count(build(diagrams, tree), width)];
      }),
    );
    const counts = tried.map((tree) => BigInt(table(tree).filter(Boolean).length));
    expect(tables).toEqual(counts.map((count) => [count, count]));
    expect(diagrams.size).toBe(size);
    expect(kept.map((tree) => build(diagrams, tree))).toEqual(before);
    // Numbers of nodes are given again; no result of before may be taken for theirs.
    const after = [...tried].reverse().map((tree) => build(diagrams, tree));
    expect(after.map((node) => diagrams.count(node, width))).toEqual(counts.toReversed());
  });
  fc.assert(property, { numRuns: 300, seed: 3 });
});

test('scratch over many nodes, through the growth of the tables, and with too few', () => {
  const diagrams = new Diagrams(1_000_000);
  const pairs = (count: number, order: readonly number[]) =>
    order
      .slice(0, count)
      .reduce<Node>(
        (sum, at) => diagrams.or(sum, diagrams.and(diagrams.variable(at), diagrams.variable(20 + at))),
        never,
      );
  const order = Array.from({ length: 16 }, (_, at) => at);
  const small = pairs(5, order);
  const { size } = diagrams;
  const count = diagrams.scratch(900_000, () => diagrams.count(pairs(16, order), 40));
  expect(diagrams.size).toBe(size);
  expect(() => diagrams.scratch(1000, () => pairs(16, order))).toThrow(TooLarge);
  expect(() =>
    diagrams.orForget(() => {
      pairs(16, order.toReversed());
      throw new RangeError('given up');
    }),
  ).toThrow(RangeError);
  expect(diagrams.size).toBe(size);
  expect(pairs(5, order)).toBe(small);
  const kept = diagrams.orForget(() => pairs(16, order));
  expect(diagrams.count(kept, 40)).toBe(count);
  expect(pairs(16, order.toReversed())).toBe(kept);
});
