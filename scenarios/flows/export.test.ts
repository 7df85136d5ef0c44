import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Nfcapd, type NfdumpRecord } from '../../src/flow/export/nfcapd.fixture.ts';
import { NamespacePair } from '../../src/sensor/netns.fixture.ts';
import { cannotWatch, has, root, sleep, until } from '../harness.ts';

const programs = ['nfcapd', 'nfdump', 'nft', 'perl', 'ping'];
const missing = programs.filter((name) => !has(name));
const skip = cannotWatch ?? (missing.length > 0 ? `needs ${missing.join(', ')}` : undefined);

const peer = '198.51.100.2';
const server = (port: number) =>
  `socket(my $l,AF_INET,SOCK_STREAM,0);setsockopt($l,SOL_SOCKET,SO_REUSEADDR,1);bind($l,pack_sockaddr_in(${port},INADDR_ANY));listen($l,5);print "up\\n";while(accept(my $c,$l)){while(sysread($c,my $b,65536)){}syswrite($c,"y"x5000);close $c}`;
const client = (port: number, bytes: number) =>
  `socket(my $s,AF_INET,SOCK_STREAM,0);connect($s,pack_sockaddr_in(${port},inet_aton("${peer}"))) or die;syswrite($s,"x"x${bytes});shutdown($s,1);while(sysread($s,my $b,65536)){}`;
const echo = `socket(my $s,AF_INET,SOCK_DGRAM,0);bind($s,pack_sockaddr_in(5353,INADDR_ANY));print "up\\n";while(my $from=recv($s,my $m,2000,0)){send($s,$m x 2,0,$from)}`;
const ask = `socket(my $s,AF_INET,SOCK_DGRAM,0);connect($s,pack_sockaddr_in(5353,inet_aton("${peer}")));for(1..3){send($s,"q"x100,0);recv($s,my $m,2000,0)}`;

const tcpPorts = [7777, 7778];
/** Counts what goes to the peer and comes from it, by its port, 0 for ICMP; has the namespace track connections. */
const rules = `table ip count {
  chain output { type filter hook output priority 300; ct state invalid drop;
    ${counters('ip daddr', 'dport', 'sent')} }
  chain input { type filter hook input priority 300;
    ${counters('ip saddr', 'sport', 'received')} }
}`;

function counters(end: string, port: string, way: string): string {
  return [
    ...tcpPorts.map((one) => [`tcp ${port} ${one}`, one] as const),
    [`udp ${port} 5353`, 5353] as const,
    ['ip protocol icmp', 0] as const,
  ]
    .map(([match, name]) => `${end} ${peer} ${match} counter comment "${name} ${way}";`)
    .join('\n    ');
}

type Sums = Record<string, { packets: number; bytes: number }>;

/** What the kernel's packet filter counted, by port and way. */
function kernelCounts(ruleset: string): Sums {
  const found = ruleset.matchAll(/counter packets (\d+) bytes (\d+) comment "([^"]+)"/g);
  return Object.fromEntries(
    [...found].map(([, packets, bytes, name]) => [name, { packets: Number(packets), bytes: Number(bytes) }]),
  );
}

/** What the collector has, by the same. Sockets of all namespaces are watched: others of this machine may talk to an address like that. */
function collected(records: readonly NfdumpRecord[]): Sums {
  const sums: Sums = {};
  const add = (name: string, packets = 0, bytes = 0) => {
    const before = sums[name] ?? { packets: 0, bytes: 0 };
    sums[name] = { packets: before.packets + packets, bytes: before.bytes + bytes };
  };
  for (const one of records.filter(({ dst4_addr: to }) => to === peer)) {
    const port = one.proto === 1 ? 0 : (one.dst_port ?? 0);
    if (port !== 0 && port !== 5353 && !tcpPorts.includes(port)) continue;
    add(`${port} sent`, one.in_packets, one.in_bytes);
    add(`${port} received`, one.out_packets, one.out_bytes);
  }
  return sums;
}

test.skipIf(skip).each([[['--conntrack']], [['--capture', 'cable']]])(
  `what picket run %j sees arrives in a collector, to the last byte${skip ? `: ${skip}` : ''}`,
  { timeout: 90_000 },
  async (source) => {
    const pair = new NamespacePair();
    let nfcapd: Nfcapd | undefined;
    try {
      const inLeft = ['netns', 'exec', pair.left];
      pair.run(pair.left, 'sysctl', '-qw', 'net.netfilter.nf_conntrack_acct=1');
      expect(pair.run(pair.left, 'nft', rules)).toBe('');
      nfcapd = await Nfcapd.start(4, [], pair.left);
      const listen = ['--listen', '127.0.0.1:8470', '--metrics-listen', '127.0.0.1:9090', '--no-store'];
      const args = [...listen, '--flow-export', `127.0.0.1:${nfcapd.port}`, ...source];
      const guard = spawn('ip', [...inLeft, join(root, 'picket'), 'run', ...args], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let said = '';
      guard.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
      const ended = once(guard, 'exit');
      await until('picket watches', () => (said.includes('Ctrl-C ends it') ? true : undefined), 30_000);

      for (const port of tcpPorts) await pair.perl(pair.right, server(port));
      await pair.perl(pair.right, echo);
      pair.run(pair.left, 'perl', '-MSocket', '-e', client(7777, 300_000));
      pair.run(pair.left, 'perl', '-MSocket', '-e', client(7777, 10));
      pair.run(pair.left, 'perl', '-MSocket', '-e', client(7778, 20_000));
      pair.run(pair.left, 'perl', '-MSocket', '-e', ask);
      pair.run(pair.left, 'ping', '-c', '2', '-i', '0.2', peer);
      await sleep(1_500);
      const metrics = pair.run(pair.left, 'curl', '-s', 'http://127.0.0.1:9090/metrics');
      const collector = `collector="udp://127.0.0.1:${nfcapd.port}"`;
      expect(metrics).toContain(`picket_flow_export_up{${collector}} 1`);
      expect(metrics).toContain(`picket_flow_export_dropped_total{${collector},reason="queue"} 0`);

      guard.kill('SIGINT');
      expect(await ended).toEqual([0, null]);
      const [, sent, lost] = /sent (\d+) flows? to udp:\/\/\S+, (\d+) lost/.exec(said) ?? [];
      await sleep(300);
      const records = await nfcapd.stop();
      nfcapd = undefined;
      expect([records.length, 0]).toEqual([Number(sent), Number(lost)]);
      const truth = kernelCounts(pair.run(pair.left, 'nft', 'list', 'ruleset'));
      expect(Object.keys(truth)).toHaveLength(8);
      expect(truth['7777 sent']!.bytes).toBeGreaterThan(300_000);
      expect(collected(records)).toEqual(truth);
    } finally {
      await nfcapd?.end();
      pair.remove();
    }
  },
);
