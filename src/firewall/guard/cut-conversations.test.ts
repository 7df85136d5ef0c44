import { expect, test } from 'vitest';
import { parseAddress } from '../../net/address.ts';
import { parsePrefix } from '../../net/prefix.ts';
import { parseNft } from '../nft.ts';
import { cutConversations, firstPacket, type SeenConversation } from './cut-conversations.ts';
import type { Machine } from './machine.ts';

const address = (text: string) => parseAddress(text)!;
const machine: Machine = {
  interfaces: [
    {
      name: 'lo',
      addresses: [{ address: address('127.0.0.1'), prefix: parsePrefix('127.0.0.0/8')!, dynamic: false }],
    },
    {
      name: 'eth0',
      addresses: [
        { address: address('198.51.100.2'), prefix: parsePrefix('198.51.100.0/24')!, dynamic: false },
      ],
    },
  ],
  uplinks: ['eth0'],
  listeners: [],
  connections: [],
  unseenConnections: 0,
  nameservers: [],
  forwards: { ipv4: true, ipv6: false },
  wireguard: [],
  admins: [],
  ownPorts: [],
};
const seen = (source: string, destination: string, port: number, count = 1): SeenConversation => ({
  protocol: 6,
  source: address(source),
  destination: address(destination),
  port,
  sourcePort: 40_000,
  count,
});
const none = { tables: [], opaque: [] };
const after = parseNft(`table inet picket {
 chain input { type filter hook input priority -10; policy drop; iifname "lo" accept; tcp dport 9 drop; ct state established accept; tcp dport 22 accept; ip saddr 203.0.113.9 limit rate 3/minute accept; }
 chain forward { type filter hook forward priority -10; policy accept; ip daddr 203.0.113.80 drop; }
}`).ruleset;
const limits = { examples: 10, isOver: () => false };
const conversations = [
  seen('203.0.113.7', '198.51.100.2', 22),
  seen('203.0.113.7', '198.51.100.2', 443, 5),
  seen('203.0.113.7', '198.51.100.2', 9),
  seen('203.0.113.9', '198.51.100.2', 443),
  seen('198.51.100.2', '203.0.113.80', 443),
  seen('198.51.100.9', '203.0.113.80', 443),
  seen('198.51.100.2', '198.51.100.2', 9),
];

test('which conversations a change cuts now, and which could not begin anew', () => {
  const { counts, examples } = cutConversations(
    { before: none, after, others: none },
    machine,
    conversations,
    true,
    limits,
  );
  expect(counts).toEqual({ looked: 11, now: 2, anew: 5, unknown: 1, unseen: 0 });
  expect(examples.map(({ port, when, rule }) => [port, when, rule])).toEqual([
    [443, 'anew', 'policy drop'],
    [9, 'now', 'tcp dport 9 drop'],
    [443, 'now', 'ip daddr 203.0.113.80 drop'],
  ]);
});

test('of those that are over, only the beginning counts', () => {
  const { counts } = cutConversations(
    { before: none, after, others: none },
    machine,
    conversations,
    false,
    limits,
  );
  expect(counts).toMatchObject({ now: 0, anew: 7, unknown: 1 });
});

test('what does not pass now is not cut', () => {
  expect(
    cutConversations({ before: after, after, others: none }, machine, conversations, true, limits).counts,
  ).toMatchObject({ now: 0, anew: 0 });
});

test('what there is no time for is counted', () => {
  let left = 2;
  const isOver = () => left-- <= 0;
  const { counts, examples } = cutConversations(
    { before: none, after, others: none },
    machine,
    conversations,
    true,
    { examples: 0, isOver },
  );
  expect([counts.looked, counts.unseen, examples]).toEqual([6, 5, []]);
});

test('where a packet goes', () => {
  const chains = conversations
    .map((one) => firstPacket(machine, one))
    .map(({ chain, inInterface, outInterface }) => `${chain} ${inInterface ?? ''} ${outInterface ?? ''}`);
  expect(chains).toEqual([
    'INPUT eth0 ',
    'INPUT eth0 ',
    'INPUT eth0 ',
    'INPUT eth0 ',
    'OUTPUT  eth0',
    'FORWARD  ',
    'INPUT lo ',
  ]);
});
