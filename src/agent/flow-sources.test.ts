import { createSocket } from 'node:dgram';
import { describe, expect, test } from 'vitest';
import { failedLogin } from '../detect/log.fixture.ts';
import type { DnsMessage } from '../flow/dns-message.ts';
import type { Flow, FlowChange } from '../flow/flow.ts';
import { ipv4 } from '../net/address.ts';
import type { FlowSink, FlowSourceCounters } from '../sensor/flow-source.ts';
import { FlowSources, type WantedFlowSource } from './flow-sources.ts';

const flow = (id: string): Flow => ({
  id,
  protocol: 17,
  source: { address: ipv4(0xc6336401), port: 1000 },
  destination: { address: ipv4(0xc6336402), port: 53 },
  state: 'closed',
  seenBy: 'network',
  openedAt: 0,
  reachedDestination: false,
  preexisting: false,
});

const question = (id: string): DnsMessage => ({
  at: 0,
  client: ipv4(0xc6336401),
  server: ipv4(0xc6336402),
  isResponse: false,
  name: `${id}.example`,
  type: 1,
  code: 0,
  bytes: 30,
});

/** A source that makes a flow of the text of each datagram: the smallest real one there is. */
function datagrams(): WantedFlowSource & { port: number } {
  const own = {
    id: 'datagrams',
    port: 0,
    probe: async () => ({ state: 'available', details: ['a socket on loopback'] }) as const,
    async open(sink: FlowSink) {
      const socket = createSocket('udp4');
      let flows = 0;
      const busy: Promise<void>[] = [];
      socket.on('message', (bytes) => {
        const ids = bytes.toString().split(' ');
        flows += ids.length;
        busy.push(Promise.resolve(sink.dns?.(ids.map(question))));
        busy.push(Promise.resolve(sink.logs?.(ids.map((id) => failedLogin('203.0.113.7', { user: id })))));
        busy.push(Promise.resolve(sink.flows(ids.map((id) => ({ flow: flow(id), change: 'closed' })))));
      });
      await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
      own.port = socket.address().port;
      sink.notice?.('listening');
      return {
        counters: async (): Promise<FlowSourceCounters> => ({ flows, lost: {}, dropped: {}, details: {} }),
        stop: async () => {
          socket.close();
          await Promise.all(busy);
        },
      };
    },
  };
  return own;
}

describe('sources of flows', () => {
  test('what they give is taken in order, all of it before they have stopped', async () => {
    const source = datagrams();
    const taken: [string, FlowChange][] = [];
    const asked: string[] = [];
    const logged: string[] = [];
    const notices: string[] = [];
    const sources = new FlowSources([source], {
      flow: ({ id }, change) => taken.push([id, change]),
      dns: ({ name }) => asked.push(name),
      log: ({ user }) => logged.push(user ?? ''),
      notice: (text) => notices.push(text),
    });
    await sources.start();
    expect(sources.status()).toMatchObject([
      { id: 'datagrams', state: 'running', detail: 'a socket on loopback' },
    ]);
    const client = createSocket('udp4');
    const ids = Array.from({ length: 1000 }, (_, n) => String(n));
    await new Promise((resolve) => client.send(ids.join(' '), source.port, '127.0.0.1', resolve));
    while (taken.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await sources.stop();
    client.close();
    expect(taken).toEqual(ids.map((id) => [id, 'closed']));
    expect(asked).toEqual(ids.map((id) => `${id}.example`));
    expect(logged).toEqual(ids);
    expect(notices).toEqual(['datagrams: listening']);
    expect(sources.status()[0]?.counters.flows).toBe(1000);
  });

  test('one that cannot start is told, and the others run', async () => {
    const broken: WantedFlowSource = {
      id: 'broken',
      probe: async () => ({ state: 'available', details: [] }),
      open: async () => {
        throw new Error('the port is taken');
      },
    };
    const missing: WantedFlowSource = {
      id: 'missing',
      probe: async () => ({ state: 'unavailable', details: ['needs CAP_NET_RAW'] }),
      open: async () => {
        throw new Error('opened all the same');
      },
    };
    const source = datagrams();
    const sources = new FlowSources([broken, missing, source], {
      flow: () => undefined,
      dns: () => undefined,
      log: () => undefined,
      notice: () => undefined,
    });
    await sources.start();
    expect(sources.status().map(({ id, state, detail }) => [id, state, detail])).toEqual([
      ['broken', 'failed', 'the port is taken'],
      ['missing', 'unavailable', 'needs CAP_NET_RAW'],
      ['datagrams', 'running', 'a socket on loopback'],
    ]);
    await sources.stop();
  });
});
