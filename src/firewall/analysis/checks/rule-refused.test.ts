import { expect, test } from 'vitest';
import { findings, ssh } from '../analysis.fixture.ts';
import { ruleRefused } from './rule-refused.ts';

test('is told where it is, with what to write', () => {
  expect(findings(ruleRefused, [ssh, 'iptables -A INPUT -p tcp --dport 70000 -j ACCEPT'])).toEqual([
    {
      at: '70000',
      message: 'this is refused: 70000 is no port or range of ports',
      help: 'write 22 or 8000:8100',
      related: [],
    },
  ]);
});

test('nothing to say', () => expect(findings(ruleRefused, [ssh])).toEqual([]));
