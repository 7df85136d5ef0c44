import { expect, test } from 'vitest';
import { AddressSet } from '../../net/address-set.ts';
import { PortSet } from '../../net/port-set.ts';
import { parsePrefix } from '../../net/prefix.ts';
import { podYaml, policyYaml } from '../../segmentation/manifests.fixture.ts';
import { postureOf } from '../posture.fixture.ts';
import type { ReachEnd } from '../reach/end.ts';
import { reachEndText } from '../reach/end.ts';
import type { ProtocolPorts, ReachRow } from '../reach/matrix.ts';
import { type ConnectionChange, changeClass, diffPostures, diffRows, mayOpen, shownEnd } from './diff.ts';
import { explainChange } from './explain.ts';

const pods = podYaml('web', 'app: web') + podYaml('api', 'app: api');
const allowing = (port: string) =>
  policyYaml(
    'api',
    `  podSelector: {matchLabels: {app: api}}\n  ingress:\n  - from: [{podSelector: {matchLabels: {app: web}}}]\n    ports: [${port}]`,
  );

function lines(changes: readonly ConnectionChange[]): string[] {
  return changes.map(
    ({ source, destination, from, to, ports }) =>
      `${reachEndText(shownEnd(source))} ${reachEndText(shownEnd(destination))} ${from}>${to} ${ports.map((one) => `${one.protocol} ${one.ports}`).join(' ')}`,
  );
}

const inside = (changes: readonly ConnectionChange[]) =>
  changes.filter(
    ({ source, destination }) =>
      shownEnd(source).kind === 'workload' && shownEnd(destination).kind === 'workload',
  );

test('the same connections in other words are no difference', () => {
  const before = postureOf(pods + allowing('{port: 8080, endPort: 8082}'));
  const after = postureOf(pods + allowing('{port: 8080}, {port: 8081, endPort: 8082}'));
  expect(diffPostures(before, after)).toEqual({ added: [], removed: [], changes: [] });
});

test('ports gained and lost are exact, with an example and the deciding rules', () => {
  const before = postureOf(pods + allowing('{port: 8080, endPort: 8082}'));
  const after = postureOf(pods + allowing('{port: 8082, endPort: 8090}'));
  const changes = inside(diffPostures(before, after).changes);
  expect(lines(changes)).toEqual([
    'shop/web shop/api deny>allow TCP 8083-8090',
    'shop/web shop/api allow>deny TCP 8080-8081',
  ]);
  expect(changes.map(changeClass)).toEqual(['gained', 'lost']);
  expect(changes.map(mayOpen)).toEqual([true, false]);
  const [gained, lost] = changes.map((change) => explainChange(change, before, after));
  expect(gained?.example).toEqual({
    source: 'shop/web',
    destination: 'shop/api',
    protocol: 'TCP',
    port: 8083,
  });
  expect(gained?.why.before).toMatchObject({
    outcome: 'deny',
    object: { name: 'api' },
    span: { file: 'shop.yaml' },
  });
  expect(gained?.why.after).toMatchObject({
    outcome: 'allow',
    direction: 'ingress',
    object: { name: 'api' },
  });
  expect(lost?.example.port, 'a declared container port').toBe(8080);
});

test('workloads that come and go are named, and their connections too', () => {
  const before = postureOf(pods);
  const after = postureOf(podYaml('web', 'app: web') + podYaml('db', 'app: db'));
  const { added, removed, changes } = diffPostures(before, after);
  expect([added.map(({ name }) => name), removed.map(({ name }) => name)]).toEqual([['db'], ['api']]);
  const all = 'TCP 0-65535 UDP 0-65535 SCTP 0-65535';
  expect(lines(inside(changes))).toEqual([
    `shop/db shop/web deny>allow ${all}`,
    `shop/web shop/db deny>allow ${all}`,
    `shop/api shop/web allow>deny ${all}`,
    `shop/web shop/api allow>deny ${all}`,
  ]);
  const [first] = inside(changes);
  const { why } = explainChange(first as ConnectionChange, before, after);
  expect(why.before).toBeUndefined();
  expect(why.after?.outcome).toBe('allow');
});

test('what becomes unknown is a class of its own', () => {
  const before = postureOf(pods + allowing('{port: 8080}'));
  const faulty = policyYaml('api', '  podSelector: {matchLabels: {app: api}}\n  ingress: 7');
  const { changes } = diffPostures(before, postureOf(pods + faulty));
  const between = inside(changes).filter((change) => reachEndText(shownEnd(change.source)) === 'shop/web');
  expect(between.map(changeClass)).toEqual(['unknown', 'unknown']);
  expect(between.map(mayOpen), 'denied before: it may be open now').toEqual([true, false]);
});

test('objects with a generated name are told apart', () => {
  const pod = podYaml('x', 'app: x').replace('name: x, namespace', 'generateName: x-, namespace');
  const two = postureOf(pod + pod);
  expect(diffPostures(two, postureOf(pod + pod)).changes).toEqual([]);
});

const range = (...prefixes: string[]) => AddressSet.ofPrefixes(prefixes.map((text) => parsePrefix(text)!));
const external = (...prefixes: string[]): ReachEnd => ({ kind: 'external', range: range(...prefixes) });
const tcp = (allowed: string): ProtocolPorts[] => [
  { protocol: 'TCP', allowed: PortSet.parse(allowed)!, unknown: PortSet.empty },
];
const api: ReachEnd = { kind: 'workload', workload: postureOf(pods).inventory.workloads[1]! };
const row = (source: ReachEnd, destination: ReachEnd, ports: ProtocolPorts[]): ReachRow => ({
  source,
  destination,
  ports,
});

test('addresses are compared as sets: cut differently, they are the same', () => {
  const whole = [row(external('0.0.0.0/0'), api, tcp('80'))];
  const cut = [row(external('0.0.0.0/1'), api, tcp('80')), row(external('128.0.0.0/1'), api, tcp('80'))];
  expect(diffRows(whole, cut)).toEqual([]);
  expect(diffRows(cut, whole)).toEqual([]);
});

test('addresses that gained are exactly those, in one range for each answer', () => {
  const before = [row(external('0.0.0.0/0'), api, tcp('none'))];
  const after = [
    row(external('10.0.0.0/9'), api, tcp('80')),
    row(external('10.128.0.0/9'), api, tcp('80')),
    row(external('11.0.0.0/8'), api, tcp('81')),
  ];
  expect(lines(diffRows(before, after))).toEqual([
    '10.0.0.0/8 shop/api deny>allow TCP 80',
    '11.0.0.0/8 shop/api deny>allow TCP 81',
  ]);
});

test('addresses that a matrix does not speak of are closed there', () => {
  const before = [row(external('10.0.0.0/8'), api, tcp('80'))];
  const after = [row(external('10.0.0.0/8', '203.0.113.0/24'), api, tcp('80'))];
  expect(lines(diffRows(before, after))).toEqual(['203.0.113.0/24 shop/api deny>allow TCP 80']);
  expect(lines(diffRows(after, before))).toEqual(['203.0.113.0/24 shop/api allow>deny TCP 80']);
});

test('against nothing at all everything is gained', () => {
  expect(lines(diffRows([], [row(external('0.0.0.0/0'), api, tcp('80'))]))).toEqual([
    '0.0.0.0/0 shop/api deny>allow TCP 80',
  ]);
});

test('entries and what is unseen are compared by what they call themselves', () => {
  const entry: ReachEnd = {
    kind: 'entry',
    text: 'Ingress shop/web',
    span: api.kind === 'workload' ? api.workload.source.span : never(),
  };
  const unseen: ReachEnd = { kind: 'unseen', text: 'any pod in namespace ops' };
  const before = [row(entry, api, tcp('80')), row(unseen, api, tcp('none'))];
  const after = [row(entry, api, tcp('none')), row(unseen, api, tcp('80'))];
  expect(lines(diffRows(before, after))).toEqual([
    'any pod in namespace ops shop/api deny>allow TCP 80',
    'Ingress shop/web shop/api allow>deny TCP 80',
  ]);
});

function never(): never {
  throw new Error('api is a workload');
}
