import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EventStream } from './stream.ts';

/** What the parent is told after each batch. */
export interface StreamReport {
  readonly port: number;
  readonly published: number;
  readonly rss: number;
  readonly subscribers: number;
  readonly dropped: number;
}

// A process of its own that serves an event stream, so that its memory is that of the stream and nothing else. Sent a
// number by its parent, it publishes so many messages of about 300 bytes, and reports.
if (process.send !== undefined) {
  const stream = new EventStream();
  const server = createServer((_request, response) => void stream.subscribe(response));
  let published = 0;
  const report = (): void => {
    const { port } = server.address() as AddressInfo;
    const { subscribers, dropped } = stream;
    process.send?.({
      port,
      published,
      rss: process.memoryUsage.rss(),
      subscribers,
      dropped,
    } satisfies StreamReport);
  };
  server.listen(0, '127.0.0.1', report);
  process.on('message', (count: number) => {
    for (let n = 0; n < count; n += 1) {
      published += 1;
      stream.publish({ type: 'flow', data: { n: published, text: 'x'.repeat(240) } });
    }
    report();
  });
  process.on('disconnect', () => process.exit());
}
