/**
 * How fast packets are judged: node bench/firewall.ts [--quick]. Rules made ready as bits against the plain walk over the
 * same packets, for 10 to 10,000 rules, in one thread; both must count the same packets as accepted.
 */
import { Classifier, Outcome } from '../src/firewall/fast/classifier.ts';
import { PacketColumns } from '../src/firewall/fast/packet-columns.ts';
import { parseDump } from '../src/firewall/iptables-restore.ts';
import { judgePacket } from '../src/firewall/simulate.ts';
import { ipv4 } from '../src/net/address.ts';
import { compare, quick } from './measure.ts';

const random = (() => {
  let state = 1;
  return (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
})();

/** Rules as a site has them: states first, then services by network, ports and interface, at last a drop. */
function rulesText(count: number): string {
  const lines = Array.from({ length: count - 2 }, (_, i) => {
    const network = `${10 + (i % 90)}.${random(256)}.${random(256)}.0/${[16, 20, 24, 24, 24][i % 5]}`;
    const ports = i % 4 === 0 ? `${1000 + i}:${1010 + i}` : `${random(9000)}`;
    const port = `-p ${i % 3 === 0 ? 'udp' : 'tcp'} --dport ${ports}`;
    return `-A INPUT -s ${network}${i % 7 === 0 ? ' -i eth1' : ''} ${port} -j ${i % 5 === 0 ? 'DROP' : 'ACCEPT'}`;
  });
  const states = '-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT';
  return ['*filter', ':INPUT ACCEPT', states, ...lines, '-A INPUT -j DROP', 'COMMIT', ''].join('\n');
}

function packets(count: number): PacketColumns {
  const columns = new PacketColumns(count, ['eth0', 'eth1']);
  for (let i = 0; i < count; i++) {
    columns.add({
      family: 4,
      chain: 'INPUT',
      protocol: i % 3 === 0 ? 17 : 6,
      state: i % 10 === 0 ? 'ESTABLISHED' : 'NEW',
      source: ipv4((10 + random(90)) * 2 ** 24 + random(2 ** 24)),
      destination: ipv4(0xc6336401),
      sourcePort: 1024 + random(60_000),
      port: random(11_000),
      tcpFlags: 2,
      inInterface: i % 2 === 0 ? 'eth0' : 'eth1',
    });
  }
  return columns;
}

const many = packets(quick ? 100_000 : 1_000_000);
for (const rules of [10, 100, 1000, 10_000]) {
  const { ruleset } = parseDump(rulesText(rules), 'ip');
  const begun = performance.now();
  const classifier = new Classifier(ruleset, ['eth0', 'eth1']);
  const made = performance.now() - begun;
  const few = Math.max(200, Math.floor((quick ? 100_000 : 2_000_000) / rules / 10));
  const plain = Array.from({ length: few }, (_, i) => many.packetAt(i));
  const accepted = (outcome: Uint8Array, count: number) => {
    let sum = 0;
    for (let i = 0; i < count; i++) if (outcome[i] === Outcome.Allow) sum++;
    return sum;
  };
  const first = classifier.judge(many);
  const expected = plain.filter((packet) => judgePacket(ruleset, packet).outcome === 'allow').length;
  if (accepted(first.outcome, few) !== expected) throw new Error('both count differently');
  console.log(
    `\n${rules} rules: made ready in ${made.toFixed(0)} ms, ${first.walked} of ${many.count} packets by the plain walk`,
  );
  const timings = await compare(`${rules} rules`, [
    {
      name: 'bits',
      operations: many.count,
      run: () => accepted(classifier.judge(many).outcome, many.count),
    },
    {
      name: 'plain walk',
      operations: few,
      run: () => plain.filter((packet) => judgePacket(ruleset, packet).outcome === 'allow').length,
    },
  ]);
  console.log(
    `  ${Math.round(1e9 / timings[0]!.median).toLocaleString('en')} packets a second in one thread`,
  );
}
