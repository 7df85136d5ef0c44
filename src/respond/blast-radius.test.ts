import fc from 'fast-check';
import { expect, test } from 'vitest';
import { firstPacket } from '../firewall/guard/cut-conversations.ts';
import { parseNft } from '../firewall/nft.ts';
import { judgePacket } from '../firewall/simulate.ts';
import { formatPrefix, prefixOf } from '../net/prefix.ts';
import { cutsOf } from './actions/registry.ts';
import { blastRadius, percentCut } from './blast-radius.ts';
import type { Action } from './model.ts';
import { address, machine } from './respond.fixture.ts';
import { judgedText } from './table.ts';

const peer = fc.nat({ max: 255 }).map((last) => address(`203.0.113.${last}`));
const own = address('198.51.100.2');
const conversation = fc
  .record({
    peer,
    isInbound: fc.boolean(),
    port: fc.integer({ min: 1, max: 65535 }),
    protocol: fc.constantFrom(6, 17),
  })
  .map(({ peer, isInbound, ...rest }) => ({
    ...rest,
    source: isInbound ? peer : own,
    destination: isInbound ? own : peer,
    sourcePort: 40_000,
  }));

test('what is counted as cut is what the rules drop', () => {
  fc.assert(
    fc.property(
      peer,
      fc.integer({ min: 24, max: 32 }),
      fc.array(conversation, { maxLength: 10 }),
      (at, length, seen) => {
        const action: Action = { kind: 'block', prefix: formatPrefix(prefixOf(at, length)), seconds: 60 };
        const { ruleset } = parseNft(judgedText(action));
        const dropped = seen.filter(
          (one) => judgePacket(ruleset, firstPacket(machine, one)).outcome === 'deny',
        );
        const blast = blastRadius(cutsOf(action), { conversations: seen, unseen: 0 });
        expect([blast.conversations, blast.cut]).toEqual([seen.length, dropped.length]);
      },
    ),
    { numRuns: 60 },
  );
});

test('counts, peers, share and examples', () => {
  const action: Action = { kind: 'block', prefix: '203.0.113.0/24', seconds: 60 };
  const from = (text: string, count: number) => ({
    protocol: 6,
    source: address(text),
    destination: own,
    port: 443,
    count,
  });
  const conversations = [
    from('203.0.113.9', 3),
    from('203.0.113.10', 1),
    from('192.0.2.1', 36),
    from('203.0.113.9', 0),
  ];
  const blast = blastRadius(cutsOf(action), { conversations, unseen: 7 });
  expect(blast).toMatchObject({ conversations: 40, cut: 4, peers: 2, unseen: 7 });
  expect(blast.examples[0]).toBe('203.0.113.9 > 198.51.100.2 port 443 tcp, 3 times');
  expect(percentCut(blast)).toBe(10);
  expect(percentCut(blastRadius(cutsOf(action), { conversations: [], unseen: 0 }))).toBe(0);
});
