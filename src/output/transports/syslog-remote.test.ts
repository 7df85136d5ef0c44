import { createSocket } from 'node:dgram';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, test, vi } from 'vitest';
import { alert } from '../alert.fixture.ts';
import { RefusedError } from '../transport.ts';
import { syslogMessage } from './syslog-message.ts';
import { remoteSyslogTransport } from './syslog-remote.ts';

const never = new AbortController().signal;
const message = (n: number) => syslogMessage(alert(n), true, process.pid).toString();

/** A real receiver of datagrams. */
async function datagrams(address: '127.0.0.1' | '::1' = '127.0.0.1', at = 0) {
  const messages: string[] = [];
  const socket = createSocket(address === '::1' ? 'udp6' : 'udp4');
  socket.on('message', (bytes) => messages.push(bytes.toString()));
  await new Promise<void>((done) => socket.bind(at, address, done));
  const close = () => new Promise<void>((done) => socket.close(done));
  return { messages, port: socket.address().port, close };
}

/** A real server of connections, and what came over each. */
async function connections(at = 0) {
  const [texts, sockets]: [string[], Socket[]] = [[], []];
  const server = createServer((socket) => {
    const index = sockets.push(socket) - 1;
    texts.push('');
    socket
      .on('error', () => {})
      .on('data', (bytes) => {
        texts[index] += bytes.toString();
      });
  });
  await new Promise<void>((done) => server.listen(at, '127.0.0.1', done));
  const close = () =>
    new Promise<void>((done) => {
      server.close(() => done());
      for (const socket of sockets) socket.destroy();
    });
  return { texts, sockets, port: (server.address() as AddressInfo).port, close };
}

test.each(['127.0.0.1', '::1'] as const)('UDP to %s: one message in one datagram', async (host) => {
  const receiver = await datagrams(host);
  const transport = remoteSyslogTransport({ protocol: 'udp', host, port: receiver.port, json: true });
  expect(transport.target).toBe(`udp://${host === '::1' ? '[::1]' : host}:${receiver.port}`);
  for (const n of [1, 2, 3]) await transport.send(alert(n), never);
  await vi.waitFor(() => expect(receiver.messages).toEqual([1, 2, 3].map(message)));
  await transport.close();
  await receiver.close();
});

test('UDP to nobody: the refusal comes with a later message, and a receiver that is back gets the next', async () => {
  const away = await datagrams();
  await away.close();
  const transport = remoteSyslogTransport({
    protocol: 'udp',
    host: '127.0.0.1',
    port: away.port,
    json: true,
  });
  const sent = async () => {
    for (let n = 1; n < 20; n++) await transport.send(alert(n), never);
  };
  await expect(sent()).rejects.toThrow('ECONNREFUSED');
  const back = await datagrams('127.0.0.1', away.port);
  await transport.send(alert(20), never);
  await vi.waitFor(() => expect(back.messages).toEqual([message(20)]));
  await transport.close();
  await back.close();
});

test('UDP: what fits into no datagram is refused for good, and the next one goes', async () => {
  const receiver = await datagrams();
  const transport = remoteSyslogTransport({
    protocol: 'udp',
    host: '127.0.0.1',
    port: receiver.port,
    json: true,
  });
  const large = transport.send(alert(1, { padding: 70_000 }), never);
  await expect(large).rejects.toThrow(RefusedError);
  await transport.send(alert(2), never);
  await vi.waitFor(() => expect(receiver.messages).toEqual([message(2)]));
  await transport.close();
  await receiver.close();
});

test('a name that resolves to nothing', async () => {
  for (const protocol of ['udp', 'tcp'] as const) {
    const transport = remoteSyslogTransport({ protocol, host: 'nowhere.invalid', port: 514, json: true });
    for (const n of [1, 2])
      await expect(transport.send(alert(n), never)).rejects.toThrow(/ENOTFOUND|EAI_AGAIN/);
    await transport.close();
  }
});

test('TCP: each message behind the count of its octets, over one connection', async () => {
  const server = await connections();
  const transport = remoteSyslogTransport({
    protocol: 'tcp',
    host: '127.0.0.1',
    port: server.port,
    json: true,
  });
  // Octets, not letters.
  const strange = { ...alert(2), json: '{"output":"☃ bücher"}' };
  for (const record of [alert(1), strange]) await transport.send(record, never);
  const framed = [alert(1), strange].map((record) => {
    const bytes = syslogMessage(record, true, process.pid);
    return `${bytes.length} ${bytes}`;
  });
  await vi.waitFor(() => expect(server.texts).toEqual([framed.join('')]));
  await transport.close();
  await server.close();
});

test('TCP: a connection that the server closed, or that reopen left, is followed by a new one', async () => {
  const server = await connections();
  const transport = remoteSyslogTransport({
    protocol: 'tcp',
    host: '127.0.0.1',
    port: server.port,
    json: true,
  });
  const came = (connection: number, n: number) =>
    vi.waitFor(() => expect(server.texts[connection]).toMatch(`shell number ${n}"`));
  await transport.send(alert(1), never);
  await came(0, 1);
  server.sockets[0]?.end();
  await vi.waitFor(() => expect(server.sockets[0]?.destroyed).toBe(true));
  await transport.send(alert(2), never);
  await came(1, 2);
  transport.reopen();
  await transport.send(alert(3), never);
  await came(2, 3);
  expect(server.texts).toHaveLength(3);
  await transport.close();
  await server.close();
});

test('TCP: a server that reads nothing holds up an attempt until its end, and no longer', async () => {
  const server = await connections();
  const transport = remoteSyslogTransport({
    protocol: 'tcp',
    host: '127.0.0.1',
    port: server.port,
    json: true,
  });
  await transport.send(alert(1), never);
  await vi.waitFor(() => expect(server.sockets).toHaveLength(1));
  server.sockets[0]?.pause();
  const late = AbortSignal.timeout(300);
  const flooded = async () => {
    for (let n = 2; n < 1_000; n++) await transport.send(alert(n, { padding: 100_000 }), late);
  };
  await expect(flooded()).rejects.toThrow(/timeout/);
  await transport.send(alert(1_000), never);
  await vi.waitFor(() => expect(server.texts[1]).toMatch('shell number 1000"'));
  await transport.close();
  await server.close();
});
