import { fork } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { StreamReport } from './stream.fixture.ts';
import { EventStream, type EventStreamOptions } from './stream.ts';

let server: Server | undefined;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
});

/** Serves a stream on loopback; returns it with the port. */
async function serveStream(options: EventStreamOptions = {}): Promise<{ stream: EventStream; port: number }> {
  const stream = new EventStream(options);
  const listening = createServer((request, response) => {
    const lastEventId = request.headers['last-event-id'];
    if (!stream.subscribe(response, typeof lastEventId === 'string' ? lastEventId : undefined)) {
      response.writeHead(503).end();
    }
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return { stream, port: (listening.address() as AddressInfo).port };
}

/** A client at the level of the socket, which reads only when told to. */
class RawClient {
  readonly socket: Socket;
  /** All complete events so far: event name and data. */
  readonly events: { event: string; data: unknown; id: string | undefined }[] = [];
  comments = 0;
  closed = false;
  #rest = '';

  constructor(port: number, headers: Readonly<Record<string, string>> = {}) {
    this.socket = connect(port, '127.0.0.1');
    sockets.push(this.socket);
    const lines = Object.entries({ Host: 'localhost', ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    // HTTP/1.0: the body comes as it is, not in chunks.
    this.socket.write(`GET / HTTP/1.0\r\n${lines.join('')}\r\n`);
    this.socket.on('close', () => {
      this.closed = true;
    });
    this.socket.on('error', () => {});
  }

  read(): this {
    this.socket.setEncoding('utf8').on('data', (chunk: string) => this.#take(chunk));
    return this;
  }

  received(event: string): number {
    return this.events.filter((received) => received.event === event).length;
  }

  /** The sum of all `dropped` events. */
  get dropped(): number {
    return this.events
      .filter(({ event }) => event === 'dropped')
      .reduce((sum, { data }) => sum + (data as { count: number }).count, 0);
  }

  #take(chunk: string): void {
    const blocks = (this.#rest + chunk).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    for (const block of blocks) {
      if (block.startsWith(':')) this.comments += 1;
      const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
      const event = field('event');
      if (event !== undefined)
        this.events.push({ event, data: JSON.parse(field('data') ?? ''), id: field('id') });
    }
  }
}

const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

const until = (condition: () => boolean): Promise<void> =>
  expect.poll(condition, { timeout: 10_000, interval: 5 }).toBe(true);

describe('event stream', () => {
  test('every reader gets every message in order', async () => {
    const { stream, port } = await serveStream();
    const clients = [new RawClient(port).read(), new RawClient(port).read(), new RawClient(port).read()];
    await until(() => stream.subscribers === 3);
    for (let n = 0; n < 1000; n += 1) stream.publish({ type: 'flow', data: { n } });
    stream.publish({ type: 'alert', data: { title: 'line\nbreak' } });
    await until(() => clients.every((client) => client.received('alert') === 1));
    for (const client of clients) {
      expect(client.events.slice(0, 1000).map(({ data }) => data)).toEqual(
        Array.from({ length: 1000 }, (_, n) => ({ n })),
      );
      expect(client.events.at(-1)?.data).toEqual({ title: 'line\nbreak' });
    }
    expect(stream.dropped).toBe(0);
  });

  test('a message is serialised once for all readers', async () => {
    const { stream, port } = await serveStream();
    const clients = [new RawClient(port).read(), new RawClient(port).read()];
    await until(() => stream.subscribers === 2);
    let serialised = 0;
    const data = {
      toJSON(): number {
        serialised += 1;
        return serialised;
      },
    };
    stream.publish({ type: 'status', data });
    await until(() => clients.every((client) => client.events.length === 1));
    expect(serialised).toBe(1);
  });

  test('a reader that comes back goes on where it was', async () => {
    const { stream, port } = await serveStream({ maxMessages: 100 });
    const first = new RawClient(port).read();
    await until(() => stream.subscribers === 1);
    for (let n = 0; n < 10; n += 1) stream.publish({ type: 'flow', data: n });
    await until(() => first.events.length === 10);
    const lastEventId = first.events[3]?.id ?? '';
    first.socket.destroy();

    const second = new RawClient(port, { 'Last-Event-ID': lastEventId }).read();
    await until(() => second.events.length === 6);
    expect(second.events.map(({ data }) => data)).toEqual([4, 5, 6, 7, 8, 9]);
    second.socket.destroy();
    await until(() => stream.subscribers === 0);

    // The ring has gone on by more than it holds.
    for (let n = 10; n < 150; n += 1) stream.publish({ type: 'flow', data: n });
    const third = new RawClient(port, { 'Last-Event-ID': lastEventId }).read();
    await until(() => third.received('flow') === 100);
    expect(third.events[0]).toMatchObject({ event: 'dropped', data: { count: 46 } });
    expect(third.events[1]?.data).toBe(50);
    expect(stream.dropped).toBe(46);
  });

  test.each(['0badcafe-17', 'nonsense', '', '-', `-1`])('Last-Event-ID %j of another run', async (id) => {
    const { stream, port } = await serveStream();
    stream.publish({ type: 'flow', data: 'before' });
    const client = new RawClient(port, { 'Last-Event-ID': id }).read();
    await until(() => stream.subscribers === 1);
    stream.publish({ type: 'flow', data: 'after' });
    await until(() => client.received('flow') === 1);
    expect(client.events.map(({ data }) => data)).toEqual(id === '' ? ['after'] : [{ count: null }, 'after']);
  });

  test('quiet connections are kept open by comments, and only while there are readers', async () => {
    const { stream, port } = await serveStream({ heartbeatMs: 20 });
    const client = new RawClient(port).read();
    await until(() => client.comments >= 3);
    client.socket.destroy();
    await until(() => stream.subscribers === 0);
  });

  test('closing ends every connection', async () => {
    const { stream, port } = await serveStream();
    const clients = [new RawClient(port).read(), new RawClient(port)];
    await until(() => stream.subscribers === 2);
    stream.close();
    expect(stream.subscribers).toBe(0);
    await until(() => clients[0]?.closed === true);
  });
});

describe('a reader that does not read', () => {
  test('costs bounded memory, does not hold up others, and is told exactly how much it missed', async () => {
    const child = fork(join(import.meta.dirname, 'stream.fixture.ts'), { execArgv: [] });
    try {
      const next = (): Promise<StreamReport> =>
        new Promise((resolve) => child.once('message', resolve as never));
      const { port } = await next();
      const publish = (count: number): Promise<StreamReport> => {
        child.send(count);
        return next();
      };
      const good = new RawClient(port).read();
      const stalled = Array.from({ length: 5 }, () => new RawClient(port));
      for (const { socket } of stalled) socket.pause();
      while ((await publish(0)).subscribers < 6) await setTimeout(5);

      const total = 200_000;
      const batch = 500;
      let settled = 0;
      let peak = 0;
      for (let published = batch; published <= total; published += batch) {
        const { rss } = await publish(batch);
        await until(() => good.events.length === batch);
        expect(good.events.at(-1)?.data).toMatchObject({ n: published });
        good.events.length = 0;
        peak = Math.max(peak, rss);
        if (published === 20_000) settled = peak;
      }
      process.stdout.write(
        `stream: 200,000 messages past 5 stalled readers; peak RSS ${mb(peak)}, ${mb(peak - settled)} more than after 20,000\n`,
      );
      // For each reader 57 MB are published; what may stay is one ring of 2 MiB and the sockets' buffers.
      expect(peak - settled).toBeLessThan(20e6);

      for (const client of stalled) client.read().socket.resume();
      await until(() => stalled.every((client) => client.received('flow') + client.dropped === total));
      for (const client of stalled) {
        expect(client.events.at(-1)?.data).toMatchObject({ n: total });
        expect(client.dropped).toBeGreaterThan(total / 2);
      }
      const { dropped } = await publish(0);
      expect(dropped).toBe(stalled.reduce((sum, client) => sum + client.dropped, 0));
    } finally {
      child.kill();
    }
  });

  test('is disconnected in the end, and what waited for it counts as dropped', async () => {
    // Longer than it takes to publish all this on a busy machine.
    const { stream, port } = await serveStream({ heartbeatMs: 50, stallMs: 4000 });
    const stalled = new RawClient(port);
    const good = new RawClient(port).read();
    stalled.socket.pause();
    await until(() => stream.subscribers === 2);
    for (let n = 1; n <= 40_000; n += 1) {
      stream.publish({ type: 'flow', data: 'x'.repeat(240) });
      if (n % 500 === 0) await setImmediate();
    }
    expect(stream.subscribers).toBe(2);
    const before = stream.dropped;
    await until(() => stream.subscribers === 1);
    expect(stream.dropped).toBeGreaterThan(before);
    await setTimeout(300);
    expect(stream.subscribers).toBe(1);
    expect(good.closed).toBe(false);
  });
});
