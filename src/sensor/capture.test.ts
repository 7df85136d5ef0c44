import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CaptureReader } from '../flow/capture/read-capture.ts';
import type { FlowChange } from '../flow/flow.ts';
import { type FlowJson, flowFromJson, flowToJson } from '../flow/json.ts';
import { isOver } from '../flow/steps.ts';
import { LiveFlows } from './capture/live-flows.ts';
import type { CaptureOptions } from './capture/messages.ts';
import { capture } from './capture.ts';
import type { FlowSourceCounters } from './flow-source.ts';
import { canMakeNamespaces, hasProgram, NamespacePair } from './netns.fixture.ts';

const skip = canMakeNamespaces
  ? hasProgram('tcpdump') && hasProgram('perl')
    ? undefined
    : 'needs tcpdump and perl'
  : 'needs root';
const program = fileURLToPath(new URL('capture/flows.fixture.ts', import.meta.url));

type Seen = FlowJson & { readonly change: FlowChange };

/** What a flow is, without what depends on when it was looked at. */
const facts = ({ source, destination, protocol, sent, received, state }: FlowJson) =>
  `${protocol} ${source.address}:${source.port} -> ${destination.address}:${destination.port} ${state} ${JSON.stringify([sent, received])}`;

/** The kernel's own messages begin with the interface, before anybody captures. */
const isOurs = ({ destination }: FlowJson) => !destination.address.startsWith('ff02');

describe.skipIf(skip)(`flows of live packets${skip ? `: ${skip}` : ''}`, { timeout: 60_000 }, () => {
  let pair: NamespacePair;
  const children: ChildProcess[] = [];
  beforeEach(() => {
    pair = new NamespacePair();
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    pair.remove();
  });

  function start(name: string, ...args: string[]): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', pair.right, name, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    return child;
  }

  async function capture(options: CaptureOptions, during: () => Promise<void>) {
    const child = start(process.execPath, program, JSON.stringify(options));
    child.stderr?.pipe(process.stderr);
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe('"running"');
    await during();
    child.kill('SIGTERM');
    const flows: Seen[] = [];
    for (;;) {
      const value = JSON.parse((await lines.next()).value as string) as
        | Seen
        | { counters: FlowSourceCounters };
      if ('counters' in value) return { flows, counters: value.counters };
      flows.push(value);
    }
  }

  const server = `socket(my $l,AF_INET,SOCK_STREAM,0);setsockopt($l,SOL_SOCKET,SO_REUSEADDR,1);bind($l,pack_sockaddr_in(7777,INADDR_ANY));listen($l,5);print "up\\n";while(accept(my $c,$l)){while(sysread($c,my $b,65536)){}close $c}`;
  const connect = (port: number, bytes: number) =>
    `socket(my $s,AF_INET,SOCK_STREAM,0);connect($s,pack_sockaddr_in(${port},inet_aton("198.51.100.2"))) or exit;syswrite($s,"x"x${bytes})`;
  const ask = `socket(my $u,AF_INET,SOCK_DGRAM,0);for(1..3){send($u,"a"x50,0,pack_sockaddr_in(9,inet_aton("198.51.100.2")));select(undef,undef,undef,0.05)}`;
  const traffic = async () => {
    await pair.perl(pair.right, server);
    pair.run(pair.left, 'ping', '-c', '4', '-i', '0.05', '198.51.100.2');
    pair.run(pair.left, 'ping', '-c', '3', '-i', '0.05', '2001:db8::2');
    for (const text of [connect(7777, 200_000), connect(7777, 10), connect(7778, 1), ask])
      pair.run(pair.left, 'perl', '-MSocket', '-e', text);
  };

  test('are those of the packets that tcpdump takes at the same time', async () => {
    const path = join(tmpdir(), `picket-flows-${process.pid}.pcap`);
    const dump = start(
      'tcpdump',
      '-i',
      'cable',
      '-w',
      path,
      '-U',
      '-Z',
      'root',
      '--nano',
      '--immediate-mode',
    );
    const said = createInterface({ input: dump.stderr! })[Symbol.asyncIterator]();
    expect((await said.next()).value).toContain('listening on');
    const { flows, counters } = await capture({ interfaces: ['cable'] }, traffic);
    await setTimeout(300);
    dump.kill('SIGINT');
    await once(dump, 'exit');

    const theirs = new LiveFlows({ maxFlows: 1000 });
    const reader = new CaptureReader(theirs.take);
    reader.push(new Uint8Array(readFileSync(path)));
    reader.end();
    theirs.end();
    rmSync(path);
    const wanted = theirs
      .drain()
      .filter(({ flow, change }) => isOver(flow, change))
      .map(({ flow }) => flowToJson(flow))
      .filter(isOurs)
      .map(facts);
    const ended = flows.filter((one) => isOver(flowFromJson(one), one.change));
    expect(ended.filter(isOurs).map(facts).sort()).toEqual(wanted.sort());
    const ports = ended.filter(({ destination }) => destination.port === 7777);
    expect(ports.map(({ sent }) => sent!.bytes > 200_000).sort()).toEqual([false, true]);
    expect(ended.find(({ destination }) => destination.port === 7778)?.state).toBe('refused');
    expect(ended.find(({ protocol }) => protocol === 'udp')?.state).toBe('unreachable');
    expect(
      ended.every(({ observation }) => observation?.by === 'capture' && observation.input === 'cable'),
    ).toBe(true);
    // The fate of each was told once, before its end.
    for (const { id, state, protocol } of ended) {
      const told = flows.filter((one) => one.id === id).map(({ change }) => change);
      if (protocol === 'tcp') expect(told).toEqual(['decided', 'closed']);
      else if (state === 'established') expect(told).toEqual(['decided', 'closed']);
      else expect(told).toHaveLength(told[0] === 'decided' && told.length === 2 ? 2 : 1);
    }
    expect(counters.flows).toBe(ended.length);
    expect(counters.details.changes).toBe(flows.length);
    expect(counters.lost).toEqual({ 'packets: no room in the ring': 0 });
    const packets = ended.reduce((sum, { sent, received }) => sum + sent!.packets + received!.packets, 0);
    expect(counters.details.packets).toBe(packets);
  });

  test('a long flow is told in parts whose counters add up', async () => {
    const { flows } = await capture({ interfaces: ['cable'], activeMs: 300 }, async () => {
      pair.run(pair.left, 'ping', '-c', '20', '-i', '0.05', '198.51.100.2');
    });
    const echo = flows.filter(({ protocol, change }) => protocol === 'icmp' && change !== 'decided');
    expect(echo.map(({ part }) => part)).toEqual(echo.map((_, index) => index + 1));
    expect(echo.length).toBeGreaterThan(2);
    expect(new Set(echo.map(({ id }) => id)).size).toBe(1);
    expect(echo.slice(0, -1).every(({ change }) => change === 'part')).toBe(true);
    expect(echo.reduce((sum, { sent }) => sum + sent!.packets, 0)).toBe(20);
    expect(echo.reduce((sum, { received }) => sum + received!.packets, 0)).toBe(20);
  });

  test('questions of DNS are told before the flows that they are part of', async () => {
    const labels = ['\\x07tunnels', '\\x07example', '\\x00'].join('');
    const query = `"\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0${labels}\\0\\x10\\0\\1"`;
    const ask = `socket(my $u,AF_INET,SOCK_DGRAM,0);for(1..3){send($u,${query},0,pack_sockaddr_in(53,inet_aton("198.51.100.2")));select(undef,undef,undef,0.05)}`;
    const { flows, counters } = await capture({ interfaces: ['cable'] }, async () => {
      pair.run(pair.left, 'perl', '-MSocket', '-e', ask);
    });
    const places = flows.flatMap((one, at) => ('asked' in one ? [at] : []));
    expect(places.map((at) => flows[at])).toEqual(
      Array(3).fill({ asked: 'tunnels.example', isResponse: false, type: 16 }),
    );
    const flow = flows.findIndex((one) => 'destination' in one && one.destination.port === 53);
    expect(flow).toBeGreaterThan(places[0]!);
    expect(counters.details['DNS messages']).toBe(3);
  });
});

test('an interface that is not there is told', async () => {
  const options = { interfaces: ['no-such-if0'] };
  const { state, details } = await capture.probe(options);
  expect(state).toBe('unavailable');
  expect(details.join()).toMatch(/no interface no-such-if0|CAP_NET_RAW/);
  const opened = capture.open({ flows: () => undefined, failed: () => undefined }, options);
  await expect(opened).rejects.toThrow(/no interface no-such-if0|CAP_NET_RAW/);
});
