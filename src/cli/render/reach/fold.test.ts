import { expect, test } from 'vitest';
import type { Answer } from './answers.ts';
import type { EndRecord } from './ends.ts';
import { foldRows } from './fold.ts';

const answer = (index: number): Answer => ({
  index,
  cells: [],
  text: { allow: `TCP ${index}`, unknown: '', deny: '' },
  isOpen: true,
});
const [http, dns] = [answer(80), answer(53)] as const;

const end = (index: number, id: string, kind: EndRecord['kind'] = 'workload'): EndRecord => ({
  index,
  id,
  kind,
  namespace: kind === 'workload' ? id.split('/')[0] : undefined,
  workloadKind: undefined,
  range: undefined,
  span: undefined,
});
const shop = ['a', 'b', 'c', 'd'].map((name, index) => end(index, `shop/${name}`));
const data = ['x', 'y'].map((name, index) => end(4 + index, `data/${name}`));
const outside = end(6, '0.0.0.0/0', 'external');
const members = new Map([
  ['shop', 4],
  ['data', 2],
]);

const lines = (rows: Parameters<typeof foldRows>[0]) =>
  foldRows(rows, members).map(
    ({ source, destinations, answer: { text } }) => `${source.id}: ${destinations.join(', ')}: ${text.allow}`,
  );

test('a few destinations have a line each', () => {
  const rows = shop.slice(1).map((destination) => ({ source: shop[0]!, destination, answer: http }));
  expect(lines(rows)).toEqual(['shop/a: shop/b: TCP 80', 'shop/a: shop/c: TCP 80', 'shop/a: shop/d: TCP 80']);
});

test('more of them share one, whole namespaces by their names; the source itself is not missed in its own', () => {
  const rows = [...shop.slice(1), ...data].map((destination) => ({
    source: shop[0]!,
    destination,
    answer: http,
  }));
  expect(lines(rows)).toEqual(['shop/a: shop/* (3), data/* (2): TCP 80']);
});

test('a namespace of which one is missing is written out', () => {
  const rows = [...shop, data[0]!].map((destination) => ({ source: data[1]!, destination, answer: http }));
  const others = [...shop.slice(1), ...data].map((destination) => ({
    source: data[0]!,
    destination,
    answer: http,
  }));
  expect(lines(rows)).toEqual(['data/y: shop/* (4), data/x: TCP 80']);
  expect(lines(others)).toEqual(['data/x: shop/b, shop/c, shop/d, data/* (2): TCP 80']);
});

test('answers are not mixed, and what goes outside stands with its source', () => {
  const rows = [
    { source: shop[0]!, destination: shop[1]!, answer: http },
    { source: shop[0]!, destination: shop[2]!, answer: dns },
    { source: shop[1]!, destination: shop[0]!, answer: http },
    ...shop.flatMap((one) => [
      { source: outside, destination: one, answer: http },
      { source: one, destination: outside, answer: dns },
    ]),
    ...data.map((one) => ({ source: outside, destination: one, answer: http })),
  ];
  expect(lines(rows)).toEqual([
    'shop/a: shop/b: TCP 80',
    'shop/a: shop/c: TCP 53',
    'shop/a: 0.0.0.0/0: TCP 53',
    'shop/b: shop/a: TCP 80',
    'shop/b: 0.0.0.0/0: TCP 53',
    'shop/c: 0.0.0.0/0: TCP 53',
    'shop/d: 0.0.0.0/0: TCP 53',
    '0.0.0.0/0: shop/* (4), data/* (2): TCP 80',
  ]);
});
