import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FlowJson } from '../flow/json.ts';
import { protocolNumber } from '../net/protocol.ts';
import { type ConntrackLine, readConntrackText } from './conntrack/conntrack-text.fixture.ts';
import { type Follower, Router } from './conntrack/router.fixture.ts';
import { canMakeNamespaces, hasProgram } from './netns.fixture.ts';
import { tracefs } from './tracefs.ts';

const able = canMakeNamespaces && ['nft', 'conntrack', 'perl', 'ping'].every(hasProgram);

/** The ends of an entry before and after NAT, as text. */
function endsOf({ protocol, original, reply }: ConntrackLine): string {
  const port = (text: string | undefined) => text ?? '0';
  if (original.type !== undefined) {
    const kind = Number(original.type) * 256 + Number(original.code);
    const ends = [original.src, original.id, original.dst, kind, reply.dst, reply.id, reply.src, kind];
    return `${protocol} ${ends.join(' ')}`;
  }
  const before = [original.src, port(original.sport), original.dst, port(original.dport)];
  const after = [reply.dst, port(reply.dport), reply.src, port(reply.sport)];
  return `${protocol} ${before.join(' ')} ${after.join(' ')}`;
}

function endsOfFlow({ protocol, source, destination, translated }: FlowJson): string {
  const from = translated?.source ?? source;
  const to = translated?.destination ?? destination;
  const ends = [source, destination, from, to].flatMap(({ address, port }) => [address, port]);
  return `${protocolNumber(protocol)} ${ends.join(' ')}`;
}

function countsOf({ original, reply }: ConntrackLine): string {
  return [original.packets, original.bytes, reply.packets, reply.bytes].join(' ');
}

function countsOfFlow({ sent, received }: FlowJson): string {
  return [sent?.packets, sent?.bytes, received?.packets, received?.bytes].join(' ');
}

function stateOf({ protocol, state, unreplied, assured }: ConntrackLine): string {
  const established = protocol === 6 ? !['SYN_SENT', 'SYN_RECV'].includes(state ?? '') : !unreplied;
  return established || assured ? 'established' : 'no answer';
}

const stateOfFlow = ({ state }: FlowJson): string => (state === 'established' ? state : 'no answer');

const listed = (lines: readonly ConntrackLine[]): string[] =>
  lines.map((line) => `${endsOf(line)} ${countsOf(line)} ${stateOf(line)}`).sort();
const followed = (flows: readonly FlowJson[]): string[] =>
  flows.map((flow) => `${endsOfFlow(flow)} ${countsOfFlow(flow)} ${stateOfFlow(flow)}`).sort();

const server = (family: string, port: number, bytes: number) =>
  `my $s = IO::Socket::IP->new(LocalHost => '${family}', LocalPort => ${port}, Listen => 50, ReuseAddr => 1) or die $@;
  print "ready\n"; while (my $c = $s->accept) { <$c>; print $c 'x' x ${bytes}; close $c }`;
const echo = (family: string, port: number) =>
  `my $s = IO::Socket::IP->new(LocalHost => '${family}', LocalPort => ${port}, Proto => 'udp') or die $@;
  print "ready\n"; while (my $p = $s->recv(my $m, 2000)) { $s->send($m x 2) }`;
const ask = (host: string, port: number, linger = '') =>
  `my $c = IO::Socket::IP->new(PeerHost => '${host}', PeerPort => ${port}, Timeout => 2) or exit; print $c "hello\n"; my @l = <$c>; ${linger}`;
const datagram = (host: string, port: number, answers: number) =>
  `my $c = IO::Socket::IP->new(PeerHost => '${host}', PeerPort => ${port}, Proto => 'udp') or die;
  for (1..3) { $c->send('y' x 100); ${answers ? '$c->recv(my $m, 2000);' : ''} }`;

/** Conversations of all kinds across the router. */
function traffic(router: Router): void {
  const { lan, wan, router: own } = router;
  router.perl(lan, ask('203.0.113.2', 80));
  router.perl(lan, ask('203.0.113.2', 81));
  router.perl(lan, ask('203.0.113.2', 82));
  router.perl(lan, ask('2001:db8:2::2', 80));
  router.perl(wan, ask('203.0.113.1', 8080));
  router.perl(own, ask('203.0.113.2', 80));
  router.perl(lan, datagram('203.0.113.2', 5353, 1));
  router.perl(lan, datagram('2001:db8:2::2', 5353, 1));
  router.perl(lan, datagram('203.0.113.2', 5354, 0));
  router.run(lan, 'ping', '-c', '2', '-i', '0.1', '203.0.113.2');
  router.run(lan, 'ping', '-6', '-c', '1', '2001:db8:2::2');
  router.perl(
    lan,
    `socket(my $s, PF_INET, SOCK_RAW, 253) or die; send($s, 'hello', 0, sockaddr_in(0, inet_aton('203.0.113.2'))) or die`,
  );
}

async function serve(router: Router): Promise<void> {
  await router.serve(router.wan, server('0.0.0.0', 80, 5000));
  await router.serve(router.wan, server('2001:db8:2::2', 80, 3000));
  await router.serve(router.lan, server('0.0.0.0', 80, 700));
  await router.serve(router.wan, echo('0.0.0.0', 5353));
  await router.serve(router.wan, echo('2001:db8:2::2', 5353));
}

/** What the kernel's own tool and the follower have at the same time: asked again while the table is just changing. */
async function same(router: Router, follower: Follower): Promise<{ truth: string[]; ours: string[] }> {
  for (let tries = 0; ; tries++) {
    await follower.dumped();
    const before = listed(
      readConntrackText(router.run(router.router, 'conntrack', '-L', '-o', 'extended,id')),
    );
    const ipv6 = listed(
      readConntrackText(router.run(router.router, 'conntrack', '-L', '-f', 'ipv6', '-o', 'extended,id')),
    );
    const truth = [...new Set([...before, ...ipv6])].sort();
    const ours = followed(await follower.flows());
    if (tries === 5 || truth.join('\n') === ours.join('\n')) return { truth, ours };
  }
}

describe.skipIf(!able)('conntrack (needs root, namespaces, nft, conntrack)', () => {
  let router: Router;
  beforeAll(async () => {
    router = new Router();
    await serve(router);
  });
  afterAll(() => router?.remove());

  test('what is there equals what conntrack lists: entries, NAT, counters, states', async () => {
    router.perl(router.lan, ask('203.0.113.2', 80));
    const follower = router.follow({ dumpEveryMs: 200 });
    await follower.ready;
    await follower.dumped();
    expect((await follower.flows()).map(({ preexisting }) => preexisting)).toEqual([true]);
    traffic(router);
    const { truth, ours } = await same(router, follower);
    expect(ours).toEqual(truth);
    expect(truth.length).toBeGreaterThan(9);
    const { flows, dropped, lost, details } = await follower.counters();
    const over = follower.told.filter(
      ({ flow, change }) => change === 'closed' || (change === 'decided' && flow.closedAt !== undefined),
    );
    expect([flows, details.changes]).toEqual([over.length, follower.told.length]);
    expect(Object.values(dropped).every((count) => count === 0)).toBe(true);
    expect(lost).toEqual({ events: 0 });
    expect(details).toMatchObject({ overruns: 0, evicted: 0, restarts: 0 });
    const refused = follower.told.filter(({ flow }) => flow.destination.port === 81);
    expect(refused.map(({ flow, change }) => [change, flow.state])).toEqual([['decided', 'refused']]);
    const silent = follower.told.filter(({ flow }) => flow.destination.port === 82);
    expect(silent.map(({ flow, change }) => [change, flow.state])).toEqual([
      ['attempted', 'attempted'],
      ['decided', 'unanswered'],
    ]);
    await follower.stop();
    expect(follower.errors).toBe('');
  });

  test('every end that conntrack tells of is told, with the same counts', async () => {
    router.set({
      'net.netfilter.nf_conntrack_tcp_timeout_time_wait': 2,
      'net.netfilter.nf_conntrack_tcp_timeout_close': 2,
      'net.netfilter.nf_conntrack_tcp_timeout_last_ack': 2,
      'net.netfilter.nf_conntrack_tcp_timeout_syn_sent': 2,
      'net.netfilter.nf_conntrack_udp_timeout': 2,
      'net.netfilter.nf_conntrack_udp_timeout_stream': 2,
      'net.netfilter.nf_conntrack_generic_timeout': 2,
      'net.netfilter.nf_conntrack_icmp_timeout': 2,
      'net.netfilter.nf_conntrack_icmpv6_timeout': 2,
    });
    router.run(router.router, 'conntrack', '-F');
    router.run(router.router, 'conntrack', '-F', '-f', 'ipv6');
    const follower = router.follow({ dumpEveryMs: 300 });
    await follower.ready;
    await follower.dumped();
    let text = '';
    const tool = router.start(router.router, 'conntrack', '-E', '-o', 'extended,id', '-b', '4000000');
    tool.stdout!.on('data', (data) => (text += data));
    await sleep(500);
    const begun = Date.now();
    traffic(router);
    // Entries whose time is over go when somebody reads the table.
    for (const until = Date.now() + 20_000; Date.now() < until; await sleep(100)) {
      if ((await follower.flows()).length === 0) break;
    }
    await sleep(300);
    tool.kill('SIGINT');
    const lines = readConntrackText(text);
    const ends = lines.filter(({ event }) => event === 'DESTROY');
    const last = new Map(follower.told.map(({ flow, change }) => [flow.id, { flow, change }]));
    const over = [...last.values()].map(({ flow }) => flow).filter(({ openedAt }) => openedAt >= begun - 100);
    expect(over.map((flow) => `${endsOfFlow(flow)} ${countsOfFlow(flow)}`).sort()).toEqual(
      ends.map((line) => `${endsOf(line)} ${countsOf(line)}`).sort(),
    );
    expect(ends.length).toBeGreaterThan(9);
    const byEnds = new Map(ends.map((line) => [endsOf(line), line]));
    const fates = new Set<string>();
    for (const flow of over) {
      const line = byEnds.get(endsOfFlow(flow))!;
      const seen = lines.filter((one) => one.event !== 'DESTROY' && one.rest.id === line.rest.id);
      const answered = seen.some((one) => stateOf(one) === 'established');
      const expected = answered ? ['closed'] : ['refused', 'timed-out', 'unanswered'];
      expect(expected, endsOfFlow(flow)).toContain(flow.state);
      fates.add(`${flow.protocol} ${flow.state} ${flow.endReason}`);
      // The tool tells whole seconds from the kernel's two times; TCP's own end is before that.
      const seconds = (flow.closedAt! - flow.openedAt) / 1000;
      const told = Number(line.rest['delta-time']);
      if (flow.protocol !== 'tcp') expect(Math.abs(seconds - told)).toBeLessThan(1.01);
      else expect(seconds).toBeLessThan(told + 1.01);
      expect(flow.lastAt!).toBeLessThanOrEqual(flow.closedAt!);
      expect(flow.lastAt!).toBeGreaterThanOrEqual(flow.openedAt);
      // What was idle for its two seconds had its last packet two seconds before.
      if (flow.protocol !== 'tcp') expect(flow.closedAt! - flow.lastAt!).toBeGreaterThan(900);
    }
    expect([...fates].sort()).toEqual([
      '253 unanswered idle',
      'icmp closed idle',
      'ipv6-icmp closed idle',
      'tcp closed end',
      'tcp refused end',
      'tcp timed-out idle',
      'udp closed idle',
      'udp unanswered idle',
    ]);
    await follower.stop();
  });

  test('an entry that somebody removes ends by force; a long one is told in parts', async () => {
    const follower = router.follow({ dumpEveryMs: 100, activeMs: 150 });
    await follower.ready;
    await router.serve(router.wan, echo('0.0.0.0', 7777));
    router.perl(
      router.lan,
      `my $c = IO::Socket::IP->new(PeerHost => '203.0.113.2', PeerPort => 7777, Proto => 'udp') or die;
       for (1..12) { $c->send('y' x 100); $c->recv(my $m, 2000); select(undef, undef, undef, 0.1) }`,
    );
    await follower.dumped();
    router.run(router.router, 'conntrack', '-D', '-p', 'udp', '--dport', '7777');
    await follower.dumped();
    const told = follower.told.filter(({ flow }) => flow.destination.port === 7777);
    const parts = told.filter(({ flow }) => flow.endReason === 'active').map(({ flow }) => flow);
    expect(parts.length).toBeGreaterThan(2);
    expect(parts.map(({ part }) => part)).toEqual(parts.map((_, index) => index + 1));
    expect(new Set(told.map(({ flow }) => flow.id)).size).toBe(1);
    const whole = [...parts, told.at(-1)!.flow];
    const sum = (of: (flow: FlowJson) => number) => whole.reduce((all, flow) => all + of(flow), 0);
    expect(sum(({ sent }) => sent!.packets)).toBe(12);
    expect(sum(({ sent }) => sent!.bytes)).toBe(12 * 128);
    expect(sum(({ received }) => received!.bytes)).toBe(12 * 228);
    expect(whole.map(({ openedAt }) => openedAt)).toEqual(
      whole.map(({ openedAt }) => openedAt).toSorted((x, y) => x - y),
    );
    expect(told.at(-1)).toMatchObject({
      change: 'closed',
      flow: {
        state: 'closed',
        endReason: 'forced',
        part: parts.length + 1,
      },
    });
    await follower.stop();
  });

  test('when it stops, what was counted since the last part of what goes on is told', async () => {
    const follower = router.follow();
    await follower.ready;
    await router.serve(router.wan, echo('0.0.0.0', 7779));
    router.perl(
      router.lan,
      `my $c = IO::Socket::IP->new(PeerHost => '203.0.113.2', PeerPort => 7779, Proto => 'udp') or die;
       for (1..5) { $c->send('y' x 100); $c->recv(my $m, 2000) }`,
    );
    await follower.stop();
    const last = follower.told.filter(({ flow }) => flow.destination.port === 7779).at(-1);
    expect(last).toMatchObject({
      change: 'part',
      flow: {
        state: 'established',
        endReason: 'active',
        part: 1,
        sent: { packets: 5, bytes: 5 * 128 },
        received: { packets: 5, bytes: 5 * 228 },
      },
    });
  });

  test('events that the kernel had no room for are counted and told, and a dump makes it right again', async () => {
    router.set({
      'net.netfilter.nf_conntrack_tcp_timeout_time_wait': 120,
      'net.netfilter.nf_conntrack_udp_timeout': 120,
    });
    const follower = router.follow({ bufferBytes: 4096, dumpEveryMs: 600_000 });
    await follower.ready;
    await follower.dumped(1);
    follower.sleep(4000);
    router.perl(
      router.lan,
      `for my $i (1..3000) { my $c = IO::Socket::IP->new(PeerHost => '203.0.113.2', PeerPort => 10000 + $i, Proto => 'udp') or die; $c->send('z') }`,
    );
    router.run(router.router, 'conntrack', '-D', '-p', 'udp', '--dport', '10007');
    for (const until = Date.now() + 20_000; Date.now() < until; await sleep(100)) {
      const { details } = await follower.counters();
      if (details.overruns! > 0 && details.found! > 0) break;
    }
    await sleep(1500);
    const { lost, details } = await follower.counters();
    expect(details.overruns).toBeGreaterThan(0);
    expect(lost.events).toBeGreaterThan(1000);
    expect(follower.notices.join()).toMatch(/no room for events \(\d+ lost so far\)/);
    expect(follower.notices.join()).toMatch(
      /after a loss: \d+ conversations had ended unseen, \d+ had begun/,
    );
    const truth = listed(
      readConntrackText(router.run(router.router, 'conntrack', '-L', '-o', 'extended,id')),
    );
    const ours = followed((await follower.flows()).filter(({ source }) => !source.address.includes(':')));
    expect(ours).toEqual(truth);
    expect(truth.length).toBeGreaterThan(2900);
    await follower.stop();
  }, 90_000);

  test('what is gone without an event is closed by the next dump', async () => {
    router.run(router.router, 'conntrack', '-F');
    router.perl(router.lan, datagram('203.0.113.2', 5353, 1));
    // Nobody listened when this entry was made: the kernel sends no events for it (nf_conntrack_events=2).
    const follower = router.follow({ dumpEveryMs: 200 });
    await follower.ready;
    await follower.dumped();
    router.run(router.router, 'conntrack', '-D', '-p', 'udp', '--dport', '5353');
    await follower.dumped();
    const told = follower.told.filter(({ flow }) => flow.destination.port === 5353);
    expect(told.map(({ change }) => change)).toEqual(['decided', 'closed']);
    expect(told[1]!.flow).toMatchObject({
      preexisting: true,
      sent: { packets: 3 },
      received: { packets: 3 },
    });
    expect((await follower.counters()).details.vanished).toBe(1);
    await follower.stop();
  });
});

const traceable = able && (await tracefs.probe()).state !== 'unavailable';

describe.skipIf(!traceable)('with the sockets of the machine (needs tracefs)', () => {
  let router: Router;
  beforeAll(async () => {
    router = new Router();
    await router.serve(router.wan, server('0.0.0.0', 80, 5000));
    await router.serve(router.wan, server('2001:db8:2::2', 80, 3000));
    router.set({
      'net.netfilter.nf_conntrack_tcp_timeout_time_wait': 1,
      'net.netfilter.nf_conntrack_tcp_timeout_close': 1,
    });
  });
  afterAll(() => router?.remove());

  test('what both tell of becomes one flow, with process, counters and NAT', async () => {
    const program = fileURLToPath(new URL('./conntrack/join.fixture.ts', import.meta.url));
    const child = router.start(router.router, process.execPath, program);
    const lines: string[] = [];
    let errors = '';
    child.stderr!.on('data', (data) => (errors += data));
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const input = createInterface({ input: child.stdout! });
    await new Promise<void>((resolve) => {
      input.on('line', (line) => (line === 'ready' ? resolve() : lines.push(line)));
      child.once('exit', () => resolve());
    });
    await sleep(500);
    router.perl(router.router, ask('203.0.113.2', 80));
    router.perl(router.router, ask('2001:db8:2::2', 80));
    router.perl(router.router, ask('203.0.113.2', 81));
    router.perl(router.lan, ask('203.0.113.2', 80));
    await sleep(5000);
    child.stdin!.end();
    await ended;
    expect(errors).toBe('');
    const told = lines.map((line) => JSON.parse(line));
    const { stats } = told.pop();
    const flows = new Map<string, { flow: FlowJson; changes: string[] }>();
    for (const { flow, change } of told)
      flows.set(flow.id, { flow, changes: [...(flows.get(flow.id)?.changes ?? []), change] });
    const all = [...flows.values()];
    expect(all.every(({ flow }) => flow.id.startsWith('socket-'))).toBe(true);
    const of = (what: (flow: FlowJson) => boolean) => all.filter(({ flow }) => what(flow));
    for (const address of ['203.0.113.2', '2001:db8:2::2']) {
      const local = of(
        (flow) =>
          flow.destination.address === address && flow.seenBy === 'both' && flow.destination.port === 80,
      );
      expect(local).toHaveLength(1);
      expect(local[0]!.changes).toEqual(['decided', 'closed', 'counted']);
      const { flow } = local[0]!;
      expect(flow).toMatchObject({
        state: 'closed',
        endReason: 'end',
        source: { process: { comm: 'perl' } },
      });
      expect(flow.received!.bytes).toBeGreaterThan(3000);
      expect(flow.translated).toBeUndefined();
    }
    const refused = of((flow) => flow.destination.port === 81);
    expect(refused).toHaveLength(1);
    // The end of the entry comes at the same time as that of the socket.
    expect(refused[0]!.changes.join(' ')).toMatch(/^decided( closed| counted)?$/);
    expect(refused[0]!.flow).toMatchObject({
      state: 'refused',
      source: { process: { comm: 'perl' } },
      sent: { packets: 1 },
      received: { packets: 1 },
    });
    // Both sockets of the fourth are on this machine, with NAT between them: the one that was met first has the counts.
    const behind = of((flow) => flow.seenBy !== 'both');
    expect(behind.map(({ flow }) => flow.state)).toEqual(['closed', 'closed']);
    const counted = behind.filter(({ flow }) => flow.received !== undefined);
    expect(counted).toHaveLength(1);
    expect(counted[0]!.flow).toMatchObject({
      source: { address: '198.51.100.2' },
      translated: { source: { address: '203.0.113.1' } },
    });
    expect(all).toHaveLength(5);
    expect(stats).toMatchObject({ evicted: 0, uncounted: 0 });
  });
});

describe.skipIf(!able)('probe', () => {
  let router: Router;
  beforeAll(() => {
    router = new Router();
  });
  afterAll(() => router?.remove());

  const program = fileURLToPath(new URL('./conntrack/probe.fixture.ts', import.meta.url));
  const probe = (...before: string[]): { state: string; details: string[]; refusal: string } =>
    JSON.parse(
      router.run(
        router.router,
        before[0] ?? process.execPath,
        ...before.slice(1),
        ...(before.length > 0 ? [process.execPath] : []),
        program,
      ),
    );

  test('everything is there', () => {
    const { state, details, refusal } = probe();
    expect(state).toBe('available');
    expect(refusal).toBe('');
    expect(details.join()).toMatch(/The table is empty.*room for \d+ entries/);
  });

  test('what the kernel is not set to do', () => {
    router.set({
      'net.netfilter.nf_conntrack_acct': 0,
      'net.netfilter.nf_conntrack_timestamp': 0,
      'net.netfilter.nf_conntrack_events': 0,
    });
    const { state, details } = probe();
    expect(state).toBe('limited');
    expect(details[0]).toMatch(/nf_conntrack_acct/);
    expect(details[1]).toMatch(/nf_conntrack_timestamp/);
    expect(details[2]).toMatch(/nf_conntrack_events/);
    expect(router.run(router.router, 'sysctl', '-n', 'net.netfilter.nf_conntrack_acct').trim()).toBe('0');
  });

  test.skipIf(!hasProgram('setpriv'))('without CAP_NET_ADMIN it says so, and does not start', () => {
    const { state, details, refusal } = probe(
      'setpriv',
      '--bounding-set=-net_admin',
      '--inh-caps=-net_admin',
    );
    expect(state).toBe('unavailable');
    expect(details[0]).toMatch(/needs root, or CAP_NET_ADMIN/);
    expect(refusal).toBe(details[0]);
  });
});
