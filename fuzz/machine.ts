/**
 * Throws texts that are half format and half noise at what reads a machine before its packet filter is changed: ip(8), wg(8), resolv.conf,
 * routes, sockets, SSH_CONNECTION, errors of nft, the journal; and judges what came of them:
 * node fuzz/machine.ts [--seconds N] [--seed S]. Prints the cases run; exits 1 with the failing text on a crash or a slow case.
 */
import fc from 'fast-check';
import { gateways, gateways6 } from '../src/agent/own-machine.ts';
import { journalEntry } from '../src/enforce/commit/journal.ts';
import { readIpAddresses, readIpGateways, readIpRoutes } from '../src/enforce/machine/ip-json.ts';
import { readSockets } from '../src/enforce/machine/read-machine.ts';
import { readNameservers } from '../src/enforce/machine/resolv-conf.ts';
import { readSshConnection } from '../src/enforce/machine/ssh-connection.ts';
import { readWireguardDump } from '../src/enforce/machine/wireguard-dump.ts';
import { readNftError } from '../src/enforce/nft-errors.ts';
import { findCuts } from '../src/firewall/guard/find-cuts.ts';
import { readMachineRules } from '../src/firewall/guard/machine-rules.ts';
import { fuzz, fuzzOptions } from './support/run.ts';

const pieces = [
  '[{"ifname":"eth0","addr_info":[{"local":"198.51.100.2","prefixlen":24,"dynamic":true}]}]',
  '[{"ifname":"cni0","addr_info":[{"local":"2001:db8::1","prefixlen":-1}]}]',
  '[{"dst":"default","dev":"eth0"}]',
  '[{"dst":"default","via":{"family":"inet6","host":"fe80::1"},"nexthops":[{"gateway":"198.51.100.1"}]}]',
  '   0: 016433C6:0016 026433C6:D431 01 00000000:00000000 02:00000A2B 00000003  1000        0 12345 2 0\n',
  '   1: 00000000:192B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 7 1 0\n',
  '  12: 00000000:0044 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 7 1 0\n',
  'wg0\tA\tB\t51820\toff\n',
  'wg0\tP\t(none)\t[2001:db8::9]:7\t::/0\t0\t0\t0\toff\n',
  'nameserver 198.51.100.53\n',
  'eth0\t00000000\tFE0200C0\t0003\n',
  `${'0'.repeat(32)} 00 ${'0'.repeat(32)} 00 20010db8000000000000000000000001 00000400\n`,
  '203.0.113.7 5000 198.51.100.2 22',
  '/dev/stdin:3:1-2: Error: syntax error\n',
  '{"schemaVersion":1,"time":"t","change":1,"event":"started"}\n',
  'table inet x { chain input { type filter hook input priority 0; policy drop; } }\n',
  '*filter\n:INPUT DROP [0:0]\n:KUBE-FORWARD - [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n',
  ...['{', '}', '[', ']', '"', ',', ':', '\t', '\n', ' ', '0', '99999', '%', '\u0000', '💥', '\ud800'],
];
const text = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...pieces) },
      { weight: 1, arbitrary: fc.string({ maxLength: 6 }) },
    ),
    {
      maxLength: 12,
    },
  )
  .chain((parts) =>
    fc.nat({ max: 400 }).map((cut) => (cut % 3 === 0 ? parts.join('').slice(0, cut) : parts.join(''))),
  );

fuzz(fuzzOptions(), 1000, (seed) => fc.sample(text, { seed, numRuns: 300 }), run, JSON.stringify);

function run(one: string): void {
  const { connections, unseen, listeners } = readSockets(one, one);
  const session = readSshConnection(one);
  const machine = {
    interfaces: readIpAddresses(one),
    uplinks: readIpRoutes(one),
    gateways: readIpGateways(one),
    listeners,
    connections,
    unseenConnections: unseen,
    nameservers: [...readNameservers(one), ...gateways(one), ...gateways6(one)],
    forwards: { ipv4: true, ipv6: true },
    wireguard: readWireguardDump(one),
    ...(session && { session }),
    admins: [],
    ownPorts: [22],
  };
  if (readNftError(one).message === '') throw new Error('an error without a message');
  for (const line of one.split('\n')) {
    try {
      journalEntry.safeParse(JSON.parse(line));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  const others = readMachineRules({
    nft: one,
    dumps: { 'iptables-legacy-save': one, 'ip6tables-nft-save': one },
  });
  const none = { tables: [], opaque: [] };
  for (const { outcome, title } of findCuts({ before: none, after: others, others: none }, machine)) {
    if (title === '' || (outcome !== 'deny' && outcome !== 'unknown'))
      throw new Error('a cut without a name');
  }
  const same = findCuts({ before: others, after: others, others: none }, machine);
  if (same.length > 0) throw new Error(`no change cuts ${same[0]?.title}`);
}
