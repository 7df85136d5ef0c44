import { expect, test } from 'vitest';
import { findings, ssh } from '../analysis.fixture.ts';
import { forwardCut } from './forward-cut.ts';

const policy = 'iptables -P FORWARD DROP';
const own = [
  'iptables -A FORWARD -s 10.42.0.0/16 -j ACCEPT',
  'iptables -A FORWARD -d 10.42.0.0/16 -j ACCEPT',
];

test('on a node of a cluster', () => {
  const [found] = findings(forwardCut, [ssh, policy]);
  expect(found).toMatchObject({ at: 'DROP' });
  expect(found!.message).toContain('accepts pods:');
});

test('where a container engine has chains', () => {
  const dump = ['*filter', ':FORWARD DROP [0:0]', ':DOCKER-USER - [0:0]', ':DOCKER - [0:0]', 'COMMIT'];
  const [found] = findings(forwardCut, dump, { isClusterNode: false });
  expect(found!.message).toContain('pods and containers (Docker (for you), Docker)');
  const accepting = dump.toSpliced(-1, 0, '-A FORWARD -o docker0 -j ACCEPT');
  expect(findings(forwardCut, accepting, { isClusterNode: false })).toEqual([]);
});

test.each([
  ['its networks are accepted, as the help says', [...own, policy], {}],
  ['a machine without containers', [policy], { isClusterNode: false }],
  ['INPUT alone', [ssh, 'iptables -P INPUT DROP'], {}],
] as const)('nothing to say: %s', (_, lines, machine) =>
  expect(findings(forwardCut, lines, machine)).toEqual([]),
);
