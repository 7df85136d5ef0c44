import { describe, expect, test } from 'vitest';
import { formatAddress } from '../net/address.ts';
import type { End, Flow, FlowChange, Process } from './flow.ts';
import { type ExistingSocket, type Snapshot, TcpState } from './kernel-batch.ts';
import { end, RecordWriter } from './record-writer.fixture.ts';
import { ConnectionTracker, type TrackerOptions } from './tracker.ts';

const client = '198.18.7.1:33986';
const clientLate = '198.18.7.1:0';
const server = '198.18.7.2:8080';
const curl: Process = { pid: 10, comm: 'curl' };
const nginx: Process = { pid: 20, comm: 'nginx' };

function setUp(options: Partial<TrackerOptions> = {}) {
  let ids = 0;
  const tracker = new ConnectionTracker({
    maxFlows: 64,
    maxSockets: 128,
    maxListeners: 16,
    maxTasks: 64,
    newId: () => `f${++ids}`,
    epochOffset: () => 1_000_000,
    ...options,
  });
  const emitted: { flow: Flow; change: FlowChange }[] = [];
  const emit = (flow: Flow, change: FlowChange) => emitted.push({ flow, change });
  const write = new RecordWriter();
  return {
    tracker,
    emitted,
    write,
    push: (...processes: Process[]) =>
      tracker.push(write.batch(processes.map((process) => ({ tid: process.pid, process }))), emit),
    tick: (now: number) => tracker.tick(now, emit),
    snapshot: (value: Snapshot) => tracker.snapshot(value, emit),
    /** What was handed on, one line each. */
    lines: () => emitted.map(({ flow, change }) => line(flow, change)),
  };
}

function line(flow: Flow, change: FlowChange): string {
  const text = ({ address, port, process }: End) =>
    `${process ? `${process.comm}@` : ''}${formatAddress(address)}:${port}`;
  const reached = flow.reachedDestination ? ' reached' : '';
  const old = flow.preexisting ? ' preexisting' : '';
  return `${flow.id} ${change} ${flow.state} ${text(flow.source)} > ${text(flow.destination)} by ${flow.seenBy}${reached}${old}`;
}

describe('a connection seen from its source only', () => {
  test('is handed on as decided, then as closed', () => {
    const { write, push, lines, emitted, tracker } = setUp();
    write
      .state(0, 1, clientLate, server, 'Close>SynSent', 10)
      .state(0.3, 1, client, server, 'SynSent>Established')
      .state(200, 1, client, server, 'Established>CloseWait')
      .state(201, 1, client, server, 'CloseWait>LastAck')
      .state(202, 1, client, server, 'LastAck>Close');
    push(curl);
    expect(lines()).toEqual([
      'f1 decided established curl@198.18.7.1:33986 > 198.18.7.2:8080 by source',
      'f1 closed closed curl@198.18.7.1:33986 > 198.18.7.2:8080 by source',
    ]);
    expect(emitted[1]!.flow).toMatchObject({
      openedAt: 1_000_000,
      establishedAt: 1_000_000.3,
      closedAt: 1_000_202,
    });
    expect(tracker.stats()).toMatchObject({ active: 0, total: 1, sockets: 0 });
  });

  test('is handed on after the hold time when it stays open', () => {
    const { write, push, tick, lines } = setUp();
    write.state(0, 1, clientLate, server, 'Close>SynSent', 10);
    write.state(0.3, 1, client, server, 'SynSent>Established');
    push(curl);
    tick(50);
    expect(lines()).toEqual([]);
    tick(51);
    expect(lines()).toEqual(['f1 decided established curl@198.18.7.1:33986 > 198.18.7.2:8080 by source']);
  });

  test('refused: an RST came back, nobody knows from whom', () => {
    const { write, push, lines } = setUp();
    write
      .state(0, 1, clientLate, server, 'Close>SynSent', 10)
      .resetReceived(0.2, 1, client, server)
      .state(0.3, 1, client, server, 'SynSent>Close')
      .error(0.4, client, server, 111)
      .error(0.5, '0.0.0.0:33986', '198.18.7.2:0', 0);
    push(curl);
    expect(lines()).toEqual(['f1 decided refused curl@198.18.7.1:33986 > 198.18.7.2:8080 by source']);
  });

  test.each([
    [110, 'timed-out'],
    [113, 'unreachable'],
    [101, 'unreachable'],
    // ICMP port unreachable, as a firewall's reject sends it: no RST was received.
    [111, 'unreachable'],
  ])('errno %i after or before the close is %s', (errno, state) => {
    const after = setUp();
    after.write
      .state(0, 1, clientLate, server, 'Close>SynSent', 10)
      .state(1000, 1, client, server, 'SynSent>Close')
      .error(1000.01, client, server, errno);
    after.push(curl);
    const before = setUp();
    before.write
      .state(0, 1, clientLate, server, 'Close>SynSent', 10)
      .error(1000, client, server, errno)
      .state(1000.01, 1, client, server, 'SynSent>Close');
    before.push(curl);
    const expected = [
      'f1 attempted attempted curl@198.18.7.1:0 > 198.18.7.2:8080 by source',
      `f1 decided ${state} curl@198.18.7.1:33986 > 198.18.7.2:8080 by source`,
    ];
    expect(after.lines()).toEqual(expected);
    expect(before.lines()).toEqual(expected);
  });

  test('an old error of the same tuple decides nothing', () => {
    const { write, push, tick, lines } = setUp();
    write
      .error(0, client, server, 110)
      .state(10, 1, clientLate, server, 'Close>SynSent', 10)
      .state(30, 1, client, server, 'SynSent>Close');
    push(curl);
    tick(200);
    expect(lines()).toEqual(['f1 decided aborted curl@198.18.7.1:33986 > 198.18.7.2:8080 by source']);
  });

  test('given up soon: aborted; given up after a while without an answer: unanswered', () => {
    const { write, push, tick, lines } = setUp();
    write
      .state(0, 1, clientLate, server, 'Close>SynSent', 10)
      .state(0, 2, clientLate, '198.18.7.2:82', 'Close>SynSent', 10)
      .state(39, 1, client, server, 'SynSent>Close')
      .state(100, 2, '198.18.7.1:33987', '198.18.7.2:82', 'SynSent>Close');
    push(curl);
    tick(300);
    expect(lines()).toEqual([
      'f1 attempted attempted curl@198.18.7.1:0 > 198.18.7.2:82 by source',
      'f2 decided aborted curl@198.18.7.1:33986 > 198.18.7.2:8080 by source',
      'f1 decided unanswered curl@198.18.7.1:33987 > 198.18.7.2:82 by source',
    ]);
  });

  test('unanswered for long, then answered after all: decided twice', () => {
    const { write, push, tick, lines } = setUp();
    write.state(0, 1, clientLate, server, 'Close>SynSent', 10);
    push(curl);
    tick(1499);
    tick(1500);
    write.state(3000, 1, client, server, 'SynSent>Established');
    push();
    tick(3050);
    expect(lines()).toEqual([
      'f1 attempted attempted curl@198.18.7.1:0 > 198.18.7.2:8080 by source',
      'f1 decided unanswered curl@198.18.7.1:0 > 198.18.7.2:8080 by source',
      'f1 decided established curl@198.18.7.1:33986 > 198.18.7.2:8080 by source',
    ]);
  });

  test('unanswered for long, then given up: closed, still unanswered', () => {
    const { write, push, tick, emitted, lines } = setUp();
    write.state(0, 1, clientLate, server, 'Close>SynSent', 10);
    push(curl);
    tick(1500);
    write.state(5000, 1, client, server, 'SynSent>Close');
    push();
    tick(6000);
    expect(lines().slice(1)).toEqual([
      'f1 decided unanswered curl@198.18.7.1:0 > 198.18.7.2:8080 by source',
      'f1 closed unanswered curl@198.18.7.1:33986 > 198.18.7.2:8080 by source',
    ]);
    expect(emitted[2]!.flow.closedAt).toBe(1_005_000);
  });
});

describe('a connection with both ends on this machine', () => {
  test('is one flow with both processes, though the source port comes late', () => {
    const { write, push, lines, tracker } = setUp();
    write
      .listen(0, 9, '0.0.0.0:8080', 20)
      .state(1, 1, clientLate, server, 'Close>SynSent', 10)
      .state(1.2, 1, client, server, 'SynSent>Established')
      .state(1.21, 2, server, client, 'Listen>SynReceived')
      .state(1.3, 2, server, client, 'SynReceived>Established')
      .state(2, 2, server, client, 'Established>FinWait1')
      .state(2.1, 1, client, server, 'Established>CloseWait')
      .state(2.2, 2, server, client, 'FinWait2>Close')
      .state(3, 1, client, server, 'LastAck>Close');
    push(curl, nginx);
    expect(lines()).toEqual([
      'f1 decided established curl@198.18.7.1:33986 > nginx@198.18.7.2:8080 by both reached',
      'f1 closed closed curl@198.18.7.1:33986 > nginx@198.18.7.2:8080 by both reached',
    ]);
    expect(tracker.stats()).toMatchObject({ total: 1, active: 0, sockets: 0 });
  });

  test('is one flow also when the accepting end is written first', () => {
    const { write, push, lines, tracker } = setUp();
    write
      .state(1, 1, clientLate, server, 'Close>SynSent', 10)
      .state(1.1, 2, server, client, 'SynReceived>Established')
      .state(1.2, 1, client, server, 'SynSent>Established');
    push(curl);
    expect(lines()).toEqual([
      'f1 decided established curl@198.18.7.1:33986 > 198.18.7.2:8080 by both reached',
    ]);
    expect(tracker.stats()).toMatchObject({ total: 1, active: 1, sockets: 2 });
  });

  test.each(['198.18.7.1:5555', '[2001:db8::1]:5555'])('a bound source port (%s) joins at once', (bound) => {
    const other = bound.startsWith('[') ? '[2001:db8::2]:443' : '198.18.7.2:443';
    const { write, push, lines } = setUp();
    write
      .state(1, 1, bound, other, 'Close>SynSent', 10)
      .state(1.1, 2, other, bound, 'SynReceived>Established')
      .state(1.2, 1, bound, other, 'SynSent>Established');
    push(curl);
    expect(lines()).toHaveLength(1);
    expect(lines()[0]).toContain('by both reached');
  });

  test('refused: the reset that this kernel sent and the one that it received are one flow', () => {
    for (const port of ['0', '52142']) {
      const { write, push, tick, lines, tracker } = setUp();
      write
        .state(0, 1, `198.18.7.1:${port}`, '198.18.7.2:81', 'Close>SynSent', 10)
        .resetSent(0.13, '198.18.7.2:81', '198.18.7.1:52142')
        .resetReceived(0.14, 1, '198.18.7.1:52142', '198.18.7.2:81')
        .state(0.15, 1, '198.18.7.1:52142', '198.18.7.2:81', 'SynSent>Close')
        .error(0.16, '198.18.7.1:52142', '198.18.7.2:81', 111);
      push(curl);
      tick(500);
      expect(lines()).toEqual(['f1 decided refused curl@198.18.7.1:52142 > 198.18.7.2:81 by both reached']);
      expect(tracker.stats()).toMatchObject({ total: 1, active: 0, strayResets: 0 });
    }
  });

  test('simultaneous open (RFC 9293 §3.5) is one flow', () => {
    const [a, b] = ['198.18.7.1:7000', '198.18.7.2:7001'];
    const { write, push, lines, tracker } = setUp();
    write
      .state(0, 1, a, b, 'Close>SynSent', 10)
      .state(0.1, 2, b, a, 'Close>SynSent', 20)
      .state(0.2, 1, a, b, 'SynSent>SynReceived')
      .state(0.3, 2, b, a, 'SynSent>SynReceived')
      .state(0.4, 1, a, b, 'SynReceived>Established')
      .state(0.5, 2, b, a, 'SynReceived>Established')
      .state(1, 1, a, b, 'FinWait2>Close')
      .state(2, 2, b, a, 'LastAck>Close');
    push(curl, nginx);
    expect(lines().map((text) => text.replace(/^f\d/, ''))).toHaveLength(2);
    expect(lines()[0]).toContain('by both reached');
    expect(lines()[1]).toContain('closed closed');
    expect(tracker.stats()).toMatchObject({ total: 1, active: 0, sockets: 0 });
  });

  test('a socket that connects to itself is one flow', () => {
    const self = '127.0.0.1:40000';
    const { write, push, lines } = setUp();
    write
      .state(0, 1, self, self, 'Close>SynSent', 10)
      .state(0.1, 1, self, self, 'SynSent>SynReceived')
      .state(0.2, 1, self, self, 'SynReceived>Established')
      .state(5, 1, self, self, 'Established>Close');
    push(curl);
    expect(lines()).toEqual([
      'f1 decided established curl@127.0.0.1:40000 > curl@127.0.0.1:40000 by both reached',
      'f1 closed closed curl@127.0.0.1:40000 > curl@127.0.0.1:40000 by both reached',
    ]);
  });
});

describe('a connection from elsewhere', () => {
  test('belongs to the process that listens; the exact address wins over the wildcard', () => {
    const { write, push, tick, lines } = setUp();
    write
      .listen(0, 8, '0.0.0.0:8080', 20)
      .listen(0, 9, '198.18.7.2:8080', 10)
      .state(1, 2, server, client, 'Listen>SynReceived')
      .state(1.1, 2, server, client, 'SynReceived>Established')
      .state(2, 9, '198.18.7.2:8080', '0.0.0.0:0', 'Listen>Close')
      .state(3, 3, server, '198.18.7.1:33987', 'SynReceived>Established');
    push(curl, nginx);
    tick(100);
    expect(lines()).toEqual([
      'f1 decided established 198.18.7.1:33986 > curl@198.18.7.2:8080 by destination reached',
      'f2 decided established 198.18.7.1:33987 > nginx@198.18.7.2:8080 by destination reached',
    ]);
  });

  test('a listener on :: accepts IPv4; two different ones in unknown namespaces name nobody', () => {
    const { write, push, tick, lines } = setUp();
    write
      .listen(0, 8, '[::]:8080', 20)
      .state(1, 2, server, client, 'SynReceived>Established')
      .listen(2, 9, '0.0.0.0:9090', 20)
      .listen(2, 10, '0.0.0.0:9090', 10)
      .state(3, 3, '198.18.7.2:9090', client, 'SynReceived>Established');
    push({ ...curl, netns: 2 }, { ...nginx, netns: 1 });
    tick(100);
    expect(lines()[0]).toContain('nginx@198.18.7.2:8080');
    expect(lines()[1]).toContain('> 198.18.7.2:9090');
  });

  test('over loopback the namespace of the connecting process tells which listener it is', () => {
    const { write, push, lines } = setUp();
    write
      .listen(0, 8, '0.0.0.0:80', 20)
      .listen(0, 9, '0.0.0.0:80', 21)
      .state(1, 1, '127.0.0.1:0', '127.0.0.1:80', 'Close>SynSent', 10)
      .state(1.1, 1, '127.0.0.1:4000', '127.0.0.1:80', 'SynSent>Established')
      .state(1.2, 2, '127.0.0.1:80', '127.0.0.1:4000', 'SynReceived>Established');
    push({ ...curl, netns: 2 }, { ...nginx, netns: 1 }, { pid: 21, comm: 'caddy', netns: 2 });
    expect(lines()).toEqual([
      'f1 decided established curl@127.0.0.1:4000 > caddy@127.0.0.1:80 by both reached',
    ]);
  });

  test('refused by this kernel; the repeated SYN is the same flow', () => {
    const { write, push, tick, lines, tracker } = setUp();
    write
      .resetSent(0, '198.18.7.2:90', '198.18.7.1:63082')
      .resetSent(10, '198.18.7.2:90', '198.18.7.1:63082')
      .resetSent(500, '198.18.7.2:90', '198.18.7.1:63082')
      .resetSent(501, '198.18.7.2:91', '198.18.7.1:63082');
    push();
    tick(600);
    expect(lines()).toEqual([
      'f1 decided refused 198.18.7.1:63082 > 198.18.7.2:90 by destination reached',
      'f2 decided refused 198.18.7.1:63082 > 198.18.7.2:91 by destination reached',
    ]);
    expect(tracker.stats()).toMatchObject({ total: 2, strayResets: 0 });
  });

  test('resets that answer no attempt are counted, not made flows', () => {
    const { write, push, tick, lines, tracker } = setUp();
    write
      // The answer to a SYN-ACK that nobody here asked for: backscatter, or the target of a raw scan from here.
      .resetSent(0, '198.18.7.2:63082', '198.18.7.1:8080')
      // A late packet for a connection of ours.
      .state(1, 1, clientLate, server, 'Close>SynSent', 10)
      .state(1.1, 1, client, server, 'SynSent>Established')
      .state(2, 1, client, server, 'Established>Close')
      .resetSent(2.1, client, server);
    push(curl);
    tick(100);
    expect(lines().map((text) => text.split(' ')[1])).toEqual(['decided', 'closed']);
    expect(tracker.stats()).toMatchObject({ total: 1, strayResets: 2 });
    // Of a socket, or for another reason: no attempt and no stray.
    write.resetSent(200, '198.18.7.2:80', client, 11).resetSent(201, '198.18.7.2:80', client, 1, 5);
    push();
    tick(300);
    expect(tracker.stats()).toMatchObject({ total: 1, strayResets: 2 });
  });
});

describe('reuse', () => {
  test('a tuple is used again after the close: a new flow', () => {
    const { write, push, lines } = setUp();
    for (const time of [0, 100]) {
      write
        .state(time, 1, client, server, 'Close>SynSent', 10)
        .state(time + 1, 1, client, server, 'SynSent>Established')
        .state(time + 2, 1, client, server, 'Established>Close');
    }
    push(curl);
    expect(lines().map((text) => text.slice(0, 10))).toEqual([
      'f1 decided',
      'f1 closed ',
      'f2 decided',
      'f2 closed ',
    ]);
  });

  test('a socket address is used again though its close was lost: the old flow ends', () => {
    const { write, push, lines, tracker } = setUp();
    write
      .state(0, 1, clientLate, server, 'Close>SynSent', 10)
      .state(1, 1, client, server, 'SynSent>Established')
      .state(100, 1, clientLate, '198.18.7.2:81', 'Close>SynSent', 10)
      .state(200, 1, clientLate, '198.18.7.2:82', 'Close>SynSent', 10);
    push(curl);
    expect(lines().map((text) => text.split(' ').slice(0, 3).join(' '))).toEqual([
      'f1 decided established',
      'f1 closed closed',
      'f2 attempted attempted',
      'f2 decided unanswered',
    ]);
    expect(tracker.stats()).toMatchObject({ active: 1, sockets: 1, total: 3 });
  });

  test('listening alone is no flow', () => {
    const { write, push, tick, lines, tracker } = setUp();
    write.listen(0, 1, '0.0.0.0:80', 20).state(5, 1, '0.0.0.0:80', '0.0.0.0:0', 'Listen>Close');
    push(nginx);
    tick(5000);
    expect(lines()).toEqual([]);
    expect(tracker.stats()).toMatchObject({ total: 0, listeners: 0 });
  });
});

describe('tasks', () => {
  test('a child that was not looked up is described by its parent, until it executes', () => {
    const { write, push, tick, lines } = setUp();
    write
      .fork(0, 10, 11)
      .fork(0, 10, 12)
      .exec(1, 12)
      .state(2, 1, client, server, 'Close>SynSent', 11)
      .state(2, 2, '198.18.7.1:4001', server, 'Close>SynSent', 12)
      .exit(3, 10)
      .exit(3, 11)
      .state(4, 3, '198.18.7.1:4002', server, 'Close>SynSent', 11);
    push({ pid: 10, comm: 'bash' });
    tick(100);
    expect(lines().map((text) => text.split(' ')[3])).toEqual([
      'bash@198.18.7.1:33986',
      '198.18.7.1:4001',
      '198.18.7.1:4002',
    ]);
  });
});

describe('the start-up picture', () => {
  const socket = (
    state: number,
    local: string,
    remote: string,
    netns: number,
    process?: Process,
  ): ExistingSocket => ({
    state,
    local: end(local),
    remote: end(remote),
    netns,
    ...(process && { process }),
  });

  test('joins both ends, finds the opener by the listener, and follows the flow to its end', () => {
    const { snapshot, write, push, lines, tracker, emitted } = setUp();
    snapshot({
      time: 1000,
      partial: false,
      sockets: [
        socket(TcpState.Established, server, client, 1, nginx),
        socket(TcpState.Listen, '0.0.0.0:8080', '0.0.0.0:0', 1, nginx),
        socket(TcpState.CloseWait, client, server, 2, curl),
        socket(TcpState.TimeWait, '198.18.7.1:1', server, 2),
        socket(TcpState.Established, '[::ffff:198.18.7.2]:22', '[::ffff:203.0.113.9]:50000', 1),
      ],
    });
    expect(lines()).toEqual([
      'f1 decided established curl@198.18.7.1:33986 > nginx@198.18.7.2:8080 by both reached preexisting',
      'f2 decided established 203.0.113.9:50000 > 198.18.7.2:22 by destination reached preexisting',
    ]);
    write
      .state(2000, 1, client, server, 'CloseWait>LastAck')
      .state(2001, 2, server, client, 'FinWait2>Close')
      .state(2002, 1, client, server, 'LastAck>Close');
    push();
    expect(lines()[2]).toContain('f1 closed closed');
    expect(emitted[2]!.flow.closedAt).toBe(1_002_002);
    expect(tracker.stats()).toMatchObject({ active: 1, listeners: 1, total: 2 });
  });

  test('records that are older than the picture tell of the same connections', () => {
    const { snapshot, write, push, tick, lines, tracker } = setUp();
    snapshot({
      time: 1000,
      partial: false,
      sockets: [socket(TcpState.Established, client, server, 2, curl)],
    });
    write
      .state(990, 1, clientLate, server, 'Close>SynSent', 10)
      .state(991, 1, client, server, 'SynSent>Established');
    push(curl);
    tick(1200);
    write.state(2000, 1, client, server, 'Established>Close');
    push();
    expect(lines().map((text) => text.split(' ').slice(0, 3).join(' '))).toEqual([
      'f1 decided established',
      'f1 closed closed',
    ]);
    expect(tracker.stats().total).toBe(1);
  });

  test('a listener of the picture is found by its port when it closes', () => {
    const { snapshot, write, push, tracker } = setUp();
    snapshot({
      time: 0,
      partial: true,
      sockets: [
        socket(TcpState.Listen, '[::]:80', '[::]:0', 1, nginx),
        socket(TcpState.SynSent, client, server, 1),
      ],
    });
    expect(tracker.stats()).toMatchObject({ listeners: 1, active: 1 });
    write.state(1, 7, '[::]:80', '[::]:0', 'Listen>Close');
    push();
    expect(tracker.stats().listeners).toBe(0);
  });
});
