import { spawn } from 'node:child_process';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TcpState } from '../../flow/kernel-batch.ts';
import { canMakeNamespaces, NamespacePair } from '../netns.fixture.ts';
import { networkNamespace } from './procfs.ts';
import { takeSnapshot } from './snapshot.ts';

/** For machines that are busy with something else meanwhile. */
const patient = { sockets: 65_536, ownersMs: 5000 };

describe('own sockets', () => {
  let server: Server;
  let client: Socket;
  let port: number;

  beforeAll(async () => {
    server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    port = (server.address() as { port: number }).port;
    client = connect(port, '127.0.0.1');
    await new Promise((resolve) => client.once('connect', resolve));
  });

  afterAll(() => {
    client.destroy();
    server.close();
  });

  test('listener and both ends of a connection, with their process', () => {
    const { sockets, time } = takeSnapshot(patient);
    const mine = sockets.filter(({ local, remote }) => local.port === port || remote.port === port);
    expect(mine.map(({ state }) => state).sort()).toEqual([
      TcpState.Established,
      TcpState.Established,
      TcpState.Listen,
    ]);
    for (const socket of mine) {
      expect(socket.local.address).toEqual({ family: 4, a: 0, b: 0, c: 0, d: 0x7f000001 });
      expect(socket.netns).toBe(networkNamespace(process.pid));
    }
    expect(mine.filter((socket) => socket.process?.pid === process.pid).length).toBeGreaterThanOrEqual(2);
    expect(time).toBeGreaterThan(0);
  });

  test('bounds: a picture cut short says so', () => {
    const short = takeSnapshot({ sockets: 1, ownersMs: 400 });
    expect(short.sockets).toHaveLength(1);
    expect(short.partial).toBe(true);
    const hurried = takeSnapshot({ sockets: 65_536, ownersMs: -1 });
    expect(hurried.partial).toBe(true);
    expect(hurried.sockets.every(({ process }) => process === undefined)).toBe(true);
  });
});

describe.skipIf(!canMakeNamespaces)('other namespaces (needs root and network namespaces)', () => {
  test('a listener in one is found; one without a process makes the picture partial', async () => {
    const pair = new NamespacePair();
    try {
      const child = await pair.perl(
        pair.left,
        'socket(L,AF_INET6,SOCK_STREAM,0); bind(L,sockaddr_in6(8120,IN6ADDR_ANY)); listen(L,5); print "ready\\n"; sleep 30;',
      );
      const { sockets, partial } = takeSnapshot(patient);
      const found = sockets.find(({ local }) => local.port === 8120)!;
      expect(found).toMatchObject({ state: TcpState.Listen, process: { pid: child.pid, comm: 'perl' } });
      expect(found.local.address).toEqual({ family: 6, a: 0, b: 0, c: 0, d: 0 });
      expect(found.netns).toBe(networkNamespace(child.pid!));
      expect(found.netns).not.toBe(networkNamespace(process.pid));
      expect(partial).toBe(true);
    } finally {
      pair.remove();
    }
  });

  test('takes little time', () => {
    const children = Array.from({ length: 20 }, () => spawn('sleep', ['20']));
    const start = performance.now();
    takeSnapshot();
    const took = performance.now() - start;
    for (const child of children) child.kill();
    expect(took).toBeLessThan(1000);
  });
});
