import { expect, test } from 'vitest';
import { drop, established, findings, ssh } from '../analysis.fixture.ts';
import { nodeTrafficDropped } from './node-traffic-dropped.ts';

test('is told where it is', () => {
  const found = findings(nodeTrafficDropped, [established, ssh, drop]);
  expect(found).toMatchObject([{ at: drop }]);
  expect(found[0]!.message).toMatch(/kubelet TCP 10250.*etcd TCP 2379-2380/);
});

test('a machine by itself is told of ICMP alone', () => {
  const here = { isClusterNode: false };
  const [found] = findings(nodeTrafficDropped, [ssh, drop], here);
  expect(found!.message).toBe(
    'what the machine itself needs is dropped: ICMP fragmentation-needed (large transfers stall)',
  );
  expect(findings(nodeTrafficDropped, [established, ssh, drop], here)).toEqual([]);
});

test.each([
  [
    `what the help names is accepted`,
    [
      established,
      'iptables -A INPUT -s 198.51.100.0/24 -p tcp -m multiport --dports 10250,2379:2380 -j ACCEPT',
      'iptables -A INPUT -p icmp -j ACCEPT',
      drop,
    ],
  ],
  [`nothing is dropped`, [established, ssh]],
])('nothing to say: %s', (_, text) => expect(findings(nodeTrafficDropped, text)).toEqual([]));
