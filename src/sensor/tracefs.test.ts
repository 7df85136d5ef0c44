import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KernelRecord, TcpState } from '../flow/kernel-batch.ts';
import { Collector, type Row } from './collector.fixture.ts';
import { canMakeNamespaces, hasProgram, NamespacePair } from './netns.fixture.ts';
import { sensors } from './registry.ts';
import { openTracefs } from './tracefs/mount.ts';
import { networkNamespace } from './tracefs/procfs.ts';
import { type RunningTracefs, startTracefs, tracefs } from './tracefs.ts';

const { Established, SynSent, SynReceived, Close, Listen } = TcpState;
const usable = process.getuid?.() === 0 && (await tracefs.probe()).state !== 'unavailable';

function ownInstances(): string[] {
  const opened = openTracefs();
  try {
    return readdirSync(join(opened.root, 'instances')).filter((name) =>
      name.startsWith(`picket-${process.pid}-`),
    );
  } finally {
    opened.release();
  }
}

/** Mounts of tracefs that this process has left; another process may just be starting its own. */
async function tracefsMounts(): Promise<string[]> {
  const read = (): string[] =>
    readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes(' tracefs '));
  const first = read();
  await sleep(100);
  return first.filter((line) => read().includes(line));
}

test('the registry lists it', () => {
  expect(sensors.map(({ id }) => id)).toContain('tracefs');
});

test.runIf(process.getuid?.() === 0)(
  'the probe tells what this machine can give and leaves nothing behind',
  async () => {
    const before = await tracefsMounts();
    const probe = await tracefs.probe();
    expect(probe.details.length).toBeGreaterThan(0);
    expect(probe.details.every((detail) => detail.length > 10)).toBe(true);
    expect(await tracefsMounts()).toEqual(before);
  },
);

describe.skipIf(!usable || !canMakeNamespaces)(
  'live records (needs root, tracefs and network namespaces)',
  () => {
    let pair: NamespacePair;
    let sensor: RunningTracefs;
    let seen: Collector;
    let mark = 0;
    // The sensor sees all namespaces, so also what other tests do at common ports meanwhile.
    const port = (number: number): number => 20_000 + (process.pid % 1000) * 10 + number;

    beforeAll(async () => {
      pair = new NamespacePair();
      seen = new Collector();
      sensor = startTracefs(seen, { bufferKbPerCpu: 8192 });
      await seen.until('the snapshot', () => seen.snapshots.length === 1);
    });

    afterAll(async () => {
      await sensor?.stop();
      pair?.remove();
    });

    /** Socket records since the last call that concern `port`, once there are `count` of them. */
    async function concerning(port: number, count: number): Promise<Row[]> {
      const rows = (): Row[] =>
        seen.rows.slice(mark).filter((row) => row.localPort === port || row.remotePort === port);
      await seen.until(
        `${count} records of port ${port}, got ${JSON.stringify(rows())}`,
        () => rows().length >= count,
      );
      const found = rows();
      mark = seen.rows.length;
      return found;
    }

    const brief = (row: Row): unknown[] => [
      row.kind,
      row.states,
      row.local,
      row.localPort,
      row.remote,
      row.remotePort,
    ];
    const connect = (host: string, port: number, family = 'AF_INET'): string => {
      const address = `${family === 'AF_INET' ? 'sockaddr_in' : 'sockaddr_in6'}(${port},inet_pton(${family},"${host}"))`;
      return `socket(S,${family},SOCK_STREAM,0); print "ready\\n"; connect(S,${address}) or print "$!\\n";`;
    };

    test('accepted and closed: both ends, in order, with opener and listener', async () => {
      await pair.perl(
        pair.right,
        `socket(L,AF_INET,SOCK_STREAM,0); bind(L,sockaddr_in(${port(1)},INADDR_ANY)); listen(L,5); print "ready\\n";
       accept(C,L); sysread(C,$b,9); close(C); close(L); sleep 9;`,
      );
      await pair.perl(
        pair.left,
        `${connect('198.51.100.2', port(1))} syswrite(S,"x"); sysread(S,$b,9); close(S); sleep 9;`,
      );
      const rows = await concerning(port(1), 12);
      expect(rows.every((row) => row.kind === KernelRecord.SocketState && row.family === 4)).toBe(true);
      expect(rows.map(({ time }) => time)).toEqual(rows.map(({ time }) => time).sort((x, y) => x - y));
      const client = rows.filter((row) => row.remotePort === port(1));
      const server = rows.filter((row) => row.localPort === port(1));
      const clientPort = client[1]!.localPort;
      expect(client.map((row) => row.states).slice(0, 2)).toEqual([
        `${Close}>${SynSent}`,
        `${SynSent}>${Established}`,
      ]);
      expect(client.at(-1)!.states).toMatch(new RegExp(`>${Close}$`));
      expect(client.every((row) => row.local === '198.51.100.1' && row.remote === '198.51.100.2')).toBe(true);
      expect(new Set(client.map(({ socket }) => socket)).size).toBe(1);
      expect(server[0]).toMatchObject({ states: `${Close}>${Listen}`, local: '0.0.0.0', remotePort: 0 });
      expect(server[1]).toMatchObject({
        states: `${Listen}>${SynReceived}`,
        local: '198.51.100.2',
        remotePort: clientPort,
      });
      expect(server[2]).toMatchObject({ states: `${SynReceived}>${Established}`, remote: '198.51.100.1' });

      const opener = seen.tasks.get(client[0]!.pid)!;
      const listener = seen.tasks.get(server[0]!.pid)!;
      expect(opener).toMatchObject({ pid: client[0]!.pid, comm: 'perl' });
      expect(opener.command).toContain('perl -MSocket=:all');
      expect(listener).toMatchObject({ pid: server[0]!.pid, comm: 'perl' });
      expect(opener.netns).not.toBe(listener.netns);
      expect([opener.netns, listener.netns]).not.toContain(networkNamespace(process.pid));
    });

    test('refused: the reset is seen where it is sent and where it arrives', async () => {
      await pair.perl(pair.left, connect('198.51.100.2', port(2)));
      const rows = await concerning(port(2), 5);
      const { localPort } = rows[3]!;
      expect(rows.map(brief)).toEqual([
        [KernelRecord.SocketState, `${Close}>${SynSent}`, '198.51.100.1', 0, '198.51.100.2', port(2)],
        [KernelRecord.ResetSent, '0>0', '198.51.100.2', port(2), '198.51.100.1', localPort],
        [KernelRecord.ResetReceived, '0>0', '198.51.100.1', localPort, '198.51.100.2', port(2)],
        [KernelRecord.SocketState, `${SynSent}>${Close}`, '198.51.100.1', localPort, '198.51.100.2', port(2)],
        [KernelRecord.SocketError, '0>0', '198.51.100.1', localPort, '198.51.100.2', port(2)],
      ]);
      expect(rows[1]!.socket).toBe('000000000');
      expect(sensor.resetReasons.get(rows[1]!.detail)).toBe('NO_SOCKET');
      expect(rows[2]!.socket).toBe(rows[0]!.socket);
      expect(rows[4]!.detail).toBe(111);
    });

    test('refused over IPv6, and by an IPv6 socket that speaks IPv4', async () => {
      await pair.perl(pair.left, connect('2001:db8::2', port(3), 'AF_INET6'));
      const six = await concerning(port(3), 5);
      expect(six.every(({ family }) => family === 6)).toBe(true);
      const [near, far] = ['20010db8:00000000:00000000:00000001', '20010db8:00000000:00000000:00000002'];
      expect(six[1]).toMatchObject({
        kind: KernelRecord.ResetSent,
        local: far,
        localPort: port(3),
        remote: near,
      });
      expect(six[0]).toMatchObject({ local: near, remote: far, remotePort: port(3) });

      await pair.perl(pair.left, connect('::ffff:198.51.100.2', port(4), 'AF_INET6'));
      const mapped = await concerning(port(4), 5);
      expect(mapped.every(({ family, local }) => family === 4 && local.startsWith('198.51.100.'))).toBe(true);
    });

    test('unanswered: the attempt, and its end when the program gives up', async () => {
      const child = await pair.perl(
        pair.left,
        `$SIG{ALRM}=sub{exit}; alarm 1; ${connect('198.51.100.77', port(5))}`,
      );
      const [attempt] = await concerning(port(5), 1);
      expect(brief(attempt!)).toEqual([
        KernelRecord.SocketState,
        `${Close}>${SynSent}`,
        '198.51.100.1',
        0,
        '198.51.100.77',
        port(5),
      ]);
      await new Promise((resolve) => child.once('exit', resolve));
      const [end] = await concerning(port(5), 1);
      expect(end).toMatchObject({
        states: `${SynSent}>${Close}`,
        remote: '198.51.100.77',
        pid: attempt!.pid,
      });
    });

    test('a reset by the socket itself names the sending end as local', async () => {
      await pair.perl(
        pair.right,
        `socket(L,AF_INET6,SOCK_STREAM,0); setsockopt(L,IPPROTO_IPV6,IPV6_V6ONLY,0); bind(L,sockaddr_in6(${port(6)},IN6ADDR_ANY));
       listen(L,5); print "ready\\n"; accept(C,L); select(undef,undef,undef,0.2); close(C);`,
      );
      await pair.perl(
        pair.left,
        `${connect('198.51.100.2', port(6))} syswrite(S,"unread"); sysread(S,$b,1);`,
      );
      const rows = await concerning(port(6), 8);
      const sent = rows.find(({ kind }) => kind === KernelRecord.ResetSent)!;
      expect(sent).toMatchObject({
        family: 4,
        local: '198.51.100.2',
        localPort: port(6),
        remote: '198.51.100.1',
      });
      expect(sent.socket).not.toBe('000000000');
      const received = rows.find(({ kind }) => kind === KernelRecord.ResetReceived)!;
      expect(received).toMatchObject({ local: '198.51.100.1', remote: '198.51.100.2', remotePort: port(6) });
    });

    test.skipIf(!hasProgram('nmap'))(
      'a bare SYN to a closed port is seen by the reset that answers it (needs nmap)',
      async () => {
        for (const [args, near, far] of [
          [['198.51.100.2'], '198.51.100.1', '198.51.100.2'],
          [
            ['-6', '2001:db8::2'],
            '20010db8:00000000:00000000:00000001',
            '20010db8:00000000:00000000:00000002',
          ],
        ] as const) {
          pair.run(pair.left, 'nmap', '-sS', '-Pn', '-n', '-p', String(port(7)), ...args);
          const rows = await concerning(port(7), 1);
          expect(rows[0]).toMatchObject({
            kind: KernelRecord.ResetSent,
            local: far,
            localPort: port(7),
            remote: near,
            socket: '000000000',
          });
          expect(sensor.resetReasons.get(rows[0]!.detail)).toBe('NO_SOCKET');
        }
      },
    );

    test('processes: fork, exec and exit', async () => {
      const from = seen.rows.length;
      const child = await pair.perl(pair.left, 'print "ready\\n";');
      const ofChild = (kind: number): Row | undefined =>
        seen.rows
          .slice(from)
          .find(
            (row) => row.kind === kind && (kind === KernelRecord.Fork ? row.detail : row.pid) === child.pid,
          );
      await seen.until('the exit', () => ofChild(KernelRecord.Exit) !== undefined);
      expect(ofChild(KernelRecord.Fork)).toBeDefined();
      expect(ofChild(KernelRecord.Exec)).toBeDefined();
      expect(ofChild(KernelRecord.Exit)!.detail).toBe(1);
    });

    test('nothing was undecodable, and all came in time order', async () => {
      const counters = await sensor.counters();
      expect(counters).toMatchObject({ undecodable: 0 });
      expect(counters.records).toBeGreaterThanOrEqual(seen.rows.length);
      for (let i = 1; i < seen.rows.length; i++) {
        expect(seen.rows[i]!.time).toBeGreaterThanOrEqual(seen.rows[i - 1]!.time);
      }
      expect(seen.failures).toEqual([]);
    });
  },
);

describe.skipIf(!usable)('the start-up picture and the end (needs root and tracefs)', () => {
  test('listeners are told with their process before any record; stop is idempotent and leaves nothing', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const seen = new Collector();
    const mounts = await tracefsMounts();
    const sensor = startTracefs(seen, { bufferKbPerCpu: 256 });
    try {
      expect(ownInstances()).toHaveLength(1);
      await seen.until('the snapshot', () => seen.snapshots.length === 1);
      const found = seen.snapshots[0]!.sockets.find(({ local }) => local.port === port)!;
      expect(found).toMatchObject({
        state: Listen,
        process: { pid: process.pid },
        netns: networkNamespace(process.pid),
      });
    } finally {
      server.close();
      await Promise.all([sensor.stop(), sensor.stop()]);
    }
    expect(ownInstances()).toEqual([]);
    expect(await tracefsMounts()).toEqual(mounts);
    expect((await sensor.counters()).lost).toBe(0);
  });

  test('two sensors do not disturb each other', async () => {
    const [first, second] = [new Collector(), new Collector()];
    const one = startTracefs(first, { bufferKbPerCpu: 256 });
    const two = startTracefs(second, { bufferKbPerCpu: 256 });
    expect(ownInstances()).toHaveLength(2);
    await one.stop();
    const server = createServer().listen(0, '127.0.0.1');
    await second.until('a listen record', () =>
      second.rows.some(({ states }) => states === `${Close}>${Listen}`),
    );
    server.close();
    await two.stop();
    expect(ownInstances()).toEqual([]);
  });
});
