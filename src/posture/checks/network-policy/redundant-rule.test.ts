import { expect, test } from 'vitest';
import { policyYaml } from '../../../segmentation/manifests.fixture.ts';
import { findings } from '../checks.fixture.ts';
import { redundantRule } from './redundant-rule.ts';

const rules = (...list: string[]) =>
  policyYaml('p', `  podSelector: {}\n  ingress:\n${list.map((rule) => `  - ${rule}`).join('\n')}`);
const said = (...list: string[]) => findings(redundantRule, rules(...list)).map(({ message }) => message);

const web = 'podSelector: {matchLabels: {app: web}}';

test.each([
  ['all pods, then some', [`{from: [{podSelector: {}}]}`, `{from: [{${web}}], ports: [{port: 80}]}`], 1],
  ['some, then all pods', [`{from: [{${web}}]}`, `{from: [{podSelector: {}}]}`], 0],
  [
    'a smaller block',
    ['{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}', '{from: [{ipBlock: {cidr: 10.1.0.0/16}}]}'],
    1,
  ],
  [
    'a part of the ports',
    [`{from: [{${web}}], ports: [{port: 80, endPort: 90}]}`, `{from: [{${web}}], ports: [{port: 85}]}`],
    1,
  ],
  ['the same rule twice: the second', [`{from: [{${web}}]}`, `{from: [{${web}}]}`], 1],
  ['any source', ['{}', `{from: [{${web}}]}`], 1],
])('%s', (_, list, index) => {
  expect(said(...list)).toEqual([
    `ingress[${index}] allows nothing that ingress[${1 - index}] does not allow`,
  ]);
});

test.each([
  ['other pods', [`{from: [{${web}}]}`, '{from: [{podSelector: {matchLabels: {app: db}}}]}']],
  ['other ports', [`{from: [{${web}}], ports: [{port: 80}]}`, `{from: [{${web}}], ports: [{port: 81}]}`]],
  [
    'another protocol',
    [`{from: [{${web}}], ports: [{port: 80}]}`, `{from: [{${web}}], ports: [{port: 80, protocol: UDP}]}`],
  ],
  [
    'a hole in the wider block',
    [
      '{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]}',
      '{from: [{ipBlock: {cidr: 10.1.2.0/24}}]}',
    ],
  ],
  [
    'the own namespace and all of them',
    ['{from: [{podSelector: {}}]}', '{from: [{namespaceSelector: {}, podSelector: {}}]}'],
  ],
])('nothing to say: %s', (_, list) => expect(said(...list)).toEqual([]));
