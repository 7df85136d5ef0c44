import { expect, test } from 'vitest';
import { AddressSet } from '../../../net/address-set.ts';
import { parsePrefix } from '../../../net/prefix.ts';
import { postureOf } from '../../../posture/posture.fixture.ts';
import { podYaml } from '../../../segmentation/manifests.fixture.ts';
import { EndTable, rangeText, withoutNamespace } from './ends.ts';

const set = (...texts: string[]) => AddressSet.ofPrefixes(texts.map((text) => parsePrefix(text)!));

test('ranges are said in the fewest words, and no address is lost', () => {
  expect(rangeText(AddressSet.all)).toBe('0.0.0.0/0, ::/0');
  expect(rangeText(set('10.0.0.0/8', '2001:db8::/32'))).toBe('10.0.0.0/8, 2001:db8::/32');
  expect(rangeText(set('0.0.0.0/0').subtract(set('10.0.0.0/8', '192.168.0.0/16')))).toBe(
    '0.0.0.0/0 but 10.0.0.0/8, 192.168.0.0/16',
  );
  expect(rangeText(set('::/0').subtract(set('fd00::/8')))).toBe('::/0 but fd00::/8');
  expect(rangeText(AddressSet.empty)).toBe('none');
});

test('one end has one record, and ids are unique', () => {
  const { workloads } = postureOf(
    podYaml('web', 'app: web') +
      podYaml('web', 'app: web').replace('kind: Pod', 'kind: ReplicationController'),
  ).inventory;
  const table = new EndTable();
  const first = table.of({ kind: 'workload', workload: workloads[0]! });
  expect(table.of({ kind: 'workload', workload: workloads[0]! })).toBe(first);
  const office = table.of({ kind: 'external', range: set('10.0.0.0/8') });
  expect(table.of({ kind: 'external', range: set('10.0.0.0/8') })).toBe(office);
  table.of({ kind: 'unseen', text: 'shop/web' });
  table.of({ kind: 'unseen', text: 'unseen/shop/web' });
  for (const workload of workloads) table.of({ kind: 'workload', workload });
  const ids = table.records.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.slice(0, 3)).toEqual(['shop/web', '10.0.0.0/8', 'unseen/shop/web']);
});

test('a name stands without its namespace only where it begins with it', () => {
  expect(withoutNamespace('shop/web', 'shop')).toBe('web');
  expect(withoutNamespace('Pod/shop/web', 'shop')).toBe('Pod/shop/web');
  expect(withoutNamespace('10.0.0.0/8', undefined)).toBe('10.0.0.0/8');
});
