import { expect, test } from 'vitest';
import { formatAddress } from '../../net/address.ts';
import { Cable, cannotAsk, guarded, type Probe, senders } from '../network.fixture.ts';
import { parseNft } from '../nft.ts';
import type { Packet } from '../packet.ts';
import { type Comparison, compareRulesets } from './compare.ts';

const title = (text: string) => (cannotAsk === undefined ? text : `${text} (skipped: ${cannotAsk})`);
const base = 'type filter hook input priority 0; policy drop;';

/** Rules that an optimizer or a hand merges, rightly and wrongly, for packets to one machine from another. */
const pairs: readonly { readonly old: string; readonly now: string; readonly equal: boolean }[] = [
  {
    old: 'tcp dport 1000-1999 accept\ntcp dport 2001-3000 accept',
    now: 'tcp dport 1000-3000 accept',
    equal: false,
  },
  {
    old: 'tcp dport 1000-1999 accept\ntcp dport 2000-3000 accept',
    now: 'tcp dport { 1000-2499, 2500-3000 } accept',
    equal: true,
  },
  {
    old: 'ip saddr 198.51.100.0/28 udp dport 53 drop\nudp dport { 53, 80 } accept',
    now: 'udp dport { 53, 80 } accept\nip saddr 198.51.100.0/28 udp dport 53 drop',
    equal: false,
  },
  {
    old: 'ip saddr 198.51.100.0/25 accept\nip saddr 198.51.100.128/25 accept',
    now: 'ip saddr 198.51.100.0/24 accept',
    equal: true,
  },
  { old: 'ip protocol != udp accept', now: 'meta l4proto tcp accept', equal: false },
];

const textOf = (rules: string) => `table ip f {\nchain in {\n${base}\n${rules}\n}\n}\n`;

/** Rules that keep to packets that the sender can send: new, from its addresses. */
const onlySent = `iifname != "eth0" accept\nct state != new accept\nip saddr != { ${senders.join(', ')} } accept\nip daddr != ${guarded} accept\n`;

/** The packet as one that can be sent; undefined where it needs more than a protocol, ends and ports. */
function probeOf(
  { protocol, source, port, sourcePort, icmpType, tcpFlags }: Packet,
  id: number,
): Probe | undefined {
  if (source === undefined || (tcpFlags ?? 2) !== 2) return undefined;
  const from = formatAddress(source);
  if (protocol === 1) return icmpType === 8 ? { protocol, source: from, id, port: 0 } : undefined;
  if ((protocol !== 6 && protocol !== 17) || sourcePort === undefined) return undefined;
  return { protocol, source: from, id, port: port ?? 0 };
}

test.skipIf(cannotAsk !== undefined)(
  title('the kernel does with the examples what the comparison says'),
  () => {
    using cable = new Cable('compare');
    let id = 20_000;
    const sent: { readonly probe: Probe; readonly outcome: string; readonly pair: number }[] = [];
    const ask = (rules: string, probes: readonly { probe: Probe; outcome: string; pair: number }[]) => {
      cable.run('guarded', ['nft', '-f', '-'], textOf(rules));
      cable.send(
        'sender',
        probes.map(({ probe }) => probe),
      );
      sent.push(...probes);
      cable.run('guarded', ['nft', 'delete', 'table', 'ip', 'f']);
    };
    for (const [pair, { old, now, equal }] of pairs.entries()) {
      const [before, after] = [old, now].map((rules) => onlySent + rules) as [string, string];
      const compared: Comparison = compareRulesets(
        parseNft(textOf(before)).ruleset,
        parseNft(textOf(after)).ruleset,
      );
      expect([pair, compared.equal]).toEqual([pair, equal]);
      const sides = (['old', 'new'] as const).map((side) =>
        compared.differences.flatMap((one) => {
          const probe = probeOf(one.example, id++);
          return probe ? [{ probe, outcome: one[side].outcome, pair }] : [];
        }),
      );
      if (!equal) expect([pair, sides[0]!.length > 0]).toEqual([pair, true]);
      ask(before, sides[0]!);
      ask(after, sides[1]!);
    }
    const { passed, seen } = cable.observed();
    const key = ({ protocol, id: own, port }: Probe) => `${protocol} ${own} ${port}`;
    expect(sent.filter(({ probe }) => probe.protocol !== 1 && !seen.has(key(probe)))).toEqual([]);
    expect(sent.filter(({ probe, outcome }) => passed.has(key(probe)) !== (outcome === 'allow'))).toEqual([]);
    expect(new Set(sent.map(({ outcome }) => outcome))).toEqual(new Set(['allow', 'deny']));
  },
);
