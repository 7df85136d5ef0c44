import { expect, test } from 'vitest';
import { parseAddress } from '../net/address.ts';
import type { EntityRef } from './detector.ts';
import { maxEntities } from './detector.ts';
import { entitiesOf, entityOf } from './entities.ts';
import { flowOf, named } from './flow.fixture.ts';

const texts = (entities: readonly EntityRef[]) =>
  entities.map(({ role, kind, name }) => `${role} ${kind} ${name}`);

test('what a detector says of who takes part holds, up to a bound', () => {
  const entities = Array.from(
    { length: 40 },
    (_, n) => ({ kind: 'user', name: `u${n}`, role: 'actor' }) as const,
  );
  expect(entitiesOf({ entity: 'x', flows: [], entities })).toEqual(entities.slice(0, maxEntities));
  expect(entitiesOf({ entity: 'x', flows: [], entities: [] })).toEqual([]);
});

test('where it says nothing, the source of its flows is the actor and each destination a target, once', () => {
  const [one, other] = ['198.51.100.7', '203.0.113.9'];
  const flows = [flowOf(one, other, 22), flowOf(one, other, 23), flowOf(one, '203.0.113.10', 22)];
  expect(texts(entitiesOf({ entity: one, flows }))).toEqual([
    `actor address ${one}`,
    `target address ${other}`,
    'target address 203.0.113.10',
  ]);
  const inside = flows.map((flow) => named(flow, 'shop/guest', 'shop/db'));
  expect(texts(entitiesOf({ entity: 'shop/guest', flows: inside }))).toEqual([
    'actor workload shop/guest',
    'target workload shop/db',
  ]);
});

test('who only stands at the far end of its flows is the target; the sources may be forged', () => {
  const flows = [flowOf('198.51.100.7', '203.0.113.9', 80), flowOf('198.51.100.8', '203.0.113.9', 80)];
  expect(texts(entitiesOf({ entity: '203.0.113.9', flows }))).toEqual(['target address 203.0.113.9']);
});

test.each([
  ['2001:db8::7', 'actor address 2001:db8::7'],
  ['shop/web', 'actor workload shop/web'],
  ['edge-1', 'actor host edge-1'],
])('without flows a name tells its kind by its form: %s', (entity, text) => {
  expect(texts(entitiesOf({ entity, flows: [] }))).toEqual([text]);
});

test('an end has the kind of what is declared there', () => {
  const end = { address: parseAddress('192.0.2.1')!, port: 1 };
  expect(entityOf({ ...end, identity: { kind: 'node', name: 'n1' } }, 'target')).toEqual({
    kind: 'node',
    name: 'n1',
    role: 'target',
  });
  expect(entityOf(end, 'actor')).toEqual({ kind: 'address', name: '192.0.2.1', role: 'actor' });
});
