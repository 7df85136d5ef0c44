import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { NamespacePair } from '../../src/sensor/netns.fixture.ts';
import { cannotWatch, command, Guard, has, picket, sleep, temporaryFolder, until } from '../harness.ts';

const programs = ['softflowd', 'tcpdump', 'tshark', 'perl'];
const missing = programs.filter((name) => !has(name));
const skip = cannotWatch ?? (missing.length > 0 ? `needs ${missing.join(', ')}` : undefined);

const pod = (name: string, ip: string) =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: shop, labels: {app: ${name}}}\nspec: {containers: [{name: c, image: i}]}\nstatus: {podIP: ${ip}}\n`;
const manifests = [
  'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n',
  pod('web', '198.51.100.1'),
  pod('db', '198.51.100.2'),
  'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: db, namespace: shop}\nspec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress], ingress: [{ports: [{port: 7778}]}]}\n',
].join('---\n');

/** Conversations of a capture as tshark counts them: packets and IP bytes from the first end and back, by the other's port. */
function conversations(path: string): Map<string, readonly [sent: number, received: number]> {
  const fields = ['ip.src', 'tcp.srcport', 'tcp.dstport', 'ip.len'].flatMap((name) => ['-e', name]);
  const { out } = command('tshark', ['-r', path, '-Y', 'tcp', '-T', 'fields', ...fields]);
  const sums = new Map<string, [number, number]>();
  for (const line of out.trim().split('\n')) {
    const [source, from, to, length] = line.split('\t');
    const isSent = source === '198.51.100.1';
    const port = (isSent ? to : from) as string;
    const sum = sums.get(port) ?? [0, 0];
    sum[isSent ? 0 : 1] += Number(length);
    sums.set(port, sum);
  }
  return sums;
}

const server = (port: number) =>
  `socket(my $l,AF_INET,SOCK_STREAM,0);setsockopt($l,SOL_SOCKET,SO_REUSEADDR,1);bind($l,pack_sockaddr_in(${port},INADDR_ANY));listen($l,5);print "up\\n";while(accept(my $c,$l)){while(sysread($c,my $b,65536)){}syswrite($c,"y"x5000);close $c}`;
const client = (port: number, bytes: number) =>
  `socket(my $s,AF_INET,SOCK_STREAM,0);connect($s,pack_sockaddr_in(${port},inet_aton("198.51.100.2"))) or die;syswrite($s,"x"x${bytes});shutdown($s,1);while(sysread($s,my $b,65536)){}`;

/** Has two programs talk in namespaces of their own, and tcpdump write it down. */
async function record(path: string): Promise<void> {
  const pair = new NamespacePair();
  try {
    const dump = spawn(
      'ip',
      [
        'netns',
        'exec',
        pair.left,
        'tcpdump',
        '-i',
        'cable',
        '-w',
        path,
        '-U',
        '-Z',
        'root',
        '--immediate-mode',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const said = createInterface({ input: dump.stderr! })[Symbol.asyncIterator]();
    await said.next();
    for (const port of [7777, 7778]) await pair.perl(pair.right, server(port));
    pair.run(pair.left, 'perl', '-MSocket', '-e', client(7777, 300_000));
    pair.run(pair.left, 'perl', '-MSocket', '-e', client(7778, 20_000));
    await sleep(300);
    dump.kill('SIGINT');
    await once(dump, 'exit');
  } finally {
    pair.remove();
  }
}

test.skipIf(skip)(
  `what a router exports is named, judged, kept, counted and found again${skip ? `: ${skip}` : ''}`,
  { timeout: 90_000 },
  async () => {
    using folder = temporaryFolder();
    const capture = join(folder.path, 'traffic.pcap');
    const declared = join(folder.path, 'shop.yaml');
    writeFileSync(declared, manifests);
    await record(capture);
    const truth = conversations(capture);

    const state = join(folder.path, 'state');
    const port = 20_000 + (process.pid % 10_000);
    {
      await using guard = await Guard.start([
        '-m',
        declared,
        '--state',
        state,
        '--flow-listen',
        `127.0.0.1:${port}`,
        '--flow-from',
        '127.0.0.1',
      ]);
      expect(
        command('softflowd', ['-r', capture, '-n', `127.0.0.1:${port}`, '-v', '10', '-d', '-c', 'none']),
      ).toMatchObject({ code: 0 });
      await until(
        'an alert of what is forbidden',
        () => Promise.resolve(guard.printed('alert').find((one) => /7777/.test(String(one.title)))),
        20_000,
      );
      const metrics = await guard.metrics();
      const bytes = (direction: string) =>
        [...metrics.matchAll(/^picket_flow_bytes_total\{observer="ipfix",.*protocol="tcp".*\} (\d+)$/gm)]
          .filter(([line]) => line.includes(`direction="${direction}"`))
          .reduce((sum, [, value]) => sum + Number(value), 0);
      const total = (index: 0 | 1) => [...truth.values()].reduce((sum, both) => sum + both[index], 0);
      expect([bytes('sent'), bytes('received')]).toEqual([total(0), total(1)]);
      expect(metrics).toMatch(
        /picket_workload_bytes_total\{source_namespace="shop",source="web",destination_namespace="shop",destination="db",verdict="deny"\}/,
      );
    }

    const asked = ['flows', 'observer=ipfix and proto=tcp', '--state', state];
    const sums = picket([...asked, '--by', 'src,dst,port', '-o', 'csv']).out.split(/\r?\n/);
    for (const [other, [sent, received]] of truth) {
      const line = sums.find((one) => one.includes(`shop/web,shop/db,${other},`));
      expect(line?.split(',')).toEqual(expect.arrayContaining([String(sent), String(received)]));
    }
    expect(picket([...asked, 'verdict=deny']).out).toMatch(/shop\/web\s+shop\/db:7777\/tcp/);
    expect(picket([...asked, 'verdict=allow']).out).toMatch(/shop\/db:7778\/tcp/);
  },
);
