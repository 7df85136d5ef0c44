import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { workloadName } from '../../segmentation/model.ts';
import { reachEndText } from './end.ts';
import { exposure } from './exposure.ts';
import type { ReachRow } from './matrix.ts';
import { setsWith, storedPosture, storedSets } from './stored-set.fixture.ts';

const truth = 'expected.exposure.txt';
const cases = setsWith(truth);

test.skipIf(cases.length > 0)(`exposure of others' results: needs ${storedSets}`, () => {});

test.each(cases)('exposure: %s', (name) => {
  const [, expected = ''] = readFileSync(join(storedSets, name, truth), 'utf8').split(
    'Exposure Analysis Result:',
  );
  const { ingress, egress, unprotected } = exposure(storedPosture(name));
  const found = [
    ...ingress.map((row) => line(row, row.destination, '<=', row.source)),
    ...egress.map((row) => line(row, row.source, '=>', row.destination)),
    ...unprotected.map(({ workload, direction }) => `${workloadName(workload)} open for ${direction}`),
  ];
  const wanted = expected.split('\n').flatMap((text) => inOurWords(text) ?? []);
  expect(wanted.length).toBeGreaterThan(0);
  expect(found.sort()).toEqual(wanted.sort());
});

function line(
  { ports }: ReachRow,
  own: ReachRow['source'],
  arrow: string,
  other: ReachRow['source'],
): string {
  const shown = ports.every(({ allowed }) => allowed.isAll)
    ? 'All Connections'
    : ports
        .filter(({ allowed }) => !allowed.isEmpty)
        .map(({ protocol, allowed }) => `${protocol} ${allowed}`)
        .join(',');
  expect(ports.every(({ unknown }) => unknown.isEmpty)).toBe(true);
  return `${reachEndText(own)} ${arrow} ${reachEndText(other)} : ${shown}`;
}

/** Their line in our words: the outside has IPv6 too, kinds are left out, and unseen pods are said plainly. */
function inOurWords(text: string): string | undefined {
  const open = /^(\S+)\[\w+\] is not protected on (Ingress|Egress)/.exec(text);
  if (open !== null) return `${open[1]} open for ${open[2]?.toLowerCase()}`;
  const row = /^(\S+)\[\w+\]\s+(=>|<=)\s+(.+) : (.+)$/.exec(text);
  if (row === null) return undefined;
  const [, own, arrow, other, shown] = row as unknown as readonly [string, string, string, string, string];
  return `${own} ${arrow} ${unseen(other)} : ${shown}`;
}

function unseen(other: string): string {
  if (other === '0.0.0.0-255.255.255.255[External]') return '0.0.0.0/0,::/0';
  if (other === 'entire-cluster') return 'any pod';
  const [, namespace, key, value] =
    /^(?:(\w+)|\[namespace with \{\{Key:(\S+),Operator:In,Values:\[(\S+)\],\}\}\])\/\[all pods\]$/.exec(
      other,
    ) ?? [];
  if (namespace !== undefined) return `all pods of namespace ${namespace}`;
  if (key !== undefined) return `all pods of namespaces with ${key}=${value}`;
  const [, labels] = /^\[all namespaces\]\/\[pod with \{(.+)\}\]$/.exec(other) ?? [];
  if (labels !== undefined) return `pods with ${labels} of any namespace`;
  throw new Error(`not read: ${other}`);
}
