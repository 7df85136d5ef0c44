import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Cable, cannotAsk, guarded, type Probe, senders } from './network.fixture.ts';
import { parseNft } from './nft.ts';
import { address } from './rules.fixture.ts';
import { judgePacket } from './simulate.ts';

const ports = [22, 80, 7000, 7001, 7002, 7003];
const not = fc.constantFrom('', '', '!= ');
const condition = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('tcp', 'udp', 'th'),
      not,
      fc.constantFrom('22', '7000-7002', '{ 22, 80 }', '@ports'),
    )
    .map(([name, negation, value]) => `${name} dport ${negation}${value}`),
  fc
    .tuple(
      not,
      fc.constantFrom('198.51.100.1', '198.51.100.0/28', '198.51.100.9-198.51.100.20', '{ 198.51.100.200 }'),
    )
    .map(([negation, value]) => `ip saddr ${negation}${value}`),
  fc
    .tuple(
      fc.constantFrom('iifname', 'meta iifname'),
      not,
      fc.constantFrom('"lo"', 'eth0', '"eth*"', '{ lo, eth0 }'),
    )
    .map(([name, negation, value]) => `${name} ${negation}${value}`),
  fc.constantFrom('ct state established,related', 'ct state new', 'ct state != { new, invalid }'),
  fc.constantFrom('meta l4proto udp', 'meta l4proto { tcp, icmp }', 'ip protocol != tcp', 'ip6 nexthdr tcp'),
  fc.constantFrom('icmp type echo-request', 'icmp type != 0', 'meta nfproto ipv4', 'ip6 saddr != ::1'),
);
/** Bits, numbers, keys of several fields, and marks that are set on the way. */
const more = fc.oneof(
  fc.constantFrom('tcp dport >= 7001', 'tcp dport < 80', 'udp dport > 7002', 'tcp dport != 22-80'),
  fc.constantFrom('tcp flags syn', 'tcp flags == syn', 'tcp flags != syn', 'tcp flags syn,ack'),
  fc.constantFrom(
    'tcp flags & (syn | ack) == syn',
    'tcp flags ack / syn,ack',
    'tcp flags { syn, syn | ack }',
  ),
  fc
    .tuple(not, fc.constantFrom('@pairs', '{ 198.51.100.1 . 80, 198.51.100.9 . 7000-7002 }'))
    .map(([negation, value]) => `ip saddr . th dport ${negation}${value}`),
  fc.constantFrom('ip saddr & 255.255.255.240 == 198.51.100.0', 'ip ttl >= 2', 'ip length < 100'),
  fc.constantFrom('meta mark set 0x5', 'meta mark set meta mark | 0x2', 'meta mark set meta mark & 0x1'),
  fc.constantFrom('meta mark 0x5', 'meta mark & 0x2 != 0', 'meta mark != 0', 'meta mark { 1-4, 7 }'),
);
const choice = fc.constantFrom(
  'tcp dport vmap { 22 : accept, 7000-7001 : drop, 80 : jump b }',
  'ip saddr . th dport vmap { 198.51.100.1 . 80 : accept, 198.51.100.9 . 22 : drop }',
  'meta l4proto vmap @verdicts',
  'ip saddr vmap { 198.51.100.1 : continue, * : return }',
);
const verdict = fc.constantFrom(
  ...['accept', 'accept', 'drop', 'return', 'continue', 'reject', 'jump a', 'goto b', 'jump b'],
);
const rule = fc
  .tuple(
    fc.array(fc.oneof(condition, more), { maxLength: 3 }),
    fc.oneof({ weight: 4, arbitrary: verdict }, { weight: 1, arbitrary: choice }),
    fc.constantFrom('', 'counter ', 'log prefix "x" '),
  )
  .map(([conditions, end, before]) => [...conditions, `${before}${end}`].join(' '));
const chain = (name: string, head: string) =>
  fc
    .array(rule, { maxLength: 5 })
    .map((rules) =>
      rules.filter((line) => name === 'in' || !line.includes(name) || !/(jump|goto) [ab]$/.test(line)),
    )
    .map((rules) => (name === 'b' ? rules.filter((line) => !/(jump|goto) [ab](?: \}|$)/.test(line)) : rules))
    .map((rules) => (name === 'a' ? rules.filter((line) => !/(jump|goto) a$/.test(line)) : rules))
    .map((rules) => `chain ${name} {\n${head}${rules.join('\n')}\n}\n`);
const ruleset = fc
  .tuple(
    fc.constantFrom('inet', 'ip'),
    chain('b', ''),
    chain('a', ''),
    fc
      .tuple(fc.constantFrom('0', 'filter', 'mangle + 5', '-10'), fc.constantFrom('', 'policy drop;'))
      .chain(([priority, policy]) => chain('in', `type filter hook input priority ${priority}; ${policy}\n`)),
  )
  .map(([family, ...chains]) => {
    const set =
      'set ports { type inet_service; flags interval; elements = { 80, 7001-7002 } }\n' +
      'set pairs { type ipv4_addr . inet_service; flags interval; elements = { 198.51.100.0/28 . 80, 198.51.100.20 . 22 } }\n' +
      'map verdicts { type inet_proto : verdict; elements = { udp : drop, icmp : accept } }\n';
    // A table of IPv4 knows nothing of the other version.
    const text = `table ${family} f {\n${set}${chains.join('')}}\n`;
    return family === 'ip'
      ? text.replace(/(ip6 nexthdr tcp|ip6 saddr != ::1|meta nfproto ipv4) ?/g, '')
      : text;
  });

function loads(cable: Cable, text: string): boolean {
  try {
    cable.run('guarded', ['nft', '-f', '-'], text);
    return true;
  } catch {
    return false;
  }
}

const title = 'nft in the kernel and the simulation agree';
test.skipIf(cannotAsk !== undefined)(
  cannotAsk === undefined ? title : `${title} (skipped: ${cannotAsk})`,
  { timeout: 180_000 },
  () => {
    using cable = new Cable('nft');
    const sent: { text: string; probe: Probe; expected: string }[] = [];
    let id = 10_000;
    let rounds = 0;
    for (const text of fc.sample(ruleset, { numRuns: 250, seed: 5 })) {
      if (rounds === 60) break;
      // Some conditions contradict each other, which nft refuses.
      if (!loads(cable, text)) continue;
      rounds++;
      const parsed = parseNft(text);
      expect([parsed.problems, parsed.ruleset.opaque]).toEqual([[], []]);
      for (const side of ['sender', 'guarded'] as const) {
        const sources = side === 'sender' ? senders : [guarded];
        const probes = sources.flatMap((source) => [
          ...ports.flatMap((port) =>
            ([6, 17] as const).map((protocol): Probe => ({ protocol, source, id: id++, port })),
          ),
          { protocol: 1 as const, source, id: id++, port: 0 },
        ]);
        cable.send(side, probes);
        for (const probe of probes) {
          const { outcome } = judgePacket(parsed.ruleset, {
            family: 4,
            chain: 'INPUT',
            protocol: probe.protocol,
            source: address(probe.source),
            destination: address(guarded),
            state: 'NEW',
            local: side === 'guarded',
            // What the sender sends: a SYN with options, a datagram of one byte, an echo request.
            numbers: { mark: 0, 'hop limit': 64, length: { 6: 60, 17: 29, 1: 28 }[probe.protocol] },
            ...(probe.protocol === 6 && { tcpFlags: 2 }),
            inInterface: side === 'guarded' ? 'lo' : 'eth0',
            ...(probe.protocol === 1
              ? { icmpType: 8, icmpCode: 0 }
              : { port: probe.port, sourcePort: probe.id }),
          });
          sent.push({ text, probe, expected: outcome });
        }
      }
      cable.run('guarded', ['nft', 'delete', 'table', /^table (\S+) f/.exec(text)?.[1] ?? '', 'f']);
    }
    const { passed } = cable.observed();
    // What an echo request has where others have a port is not known to the simulation.
    const told = sent.filter(({ probe, expected }) => probe.protocol !== 1 || expected !== 'unknown');
    expect(told.length).toBeGreaterThan(sent.length * 0.95);
    const wrong = told.filter(({ probe: { protocol, id: own, port }, expected }) => {
      return expected !== (passed.has(`${protocol} ${own} ${port}`) ? 'allow' : 'deny');
    });
    expect(wrong.slice(0, 2)).toEqual([]);
    const allowed = sent.filter(({ expected }) => expected === 'allow').length;
    expect(rounds).toBe(60);
    expect(Math.min(allowed, sent.length - allowed)).toBeGreaterThan(sent.length / 10);
  },
);
