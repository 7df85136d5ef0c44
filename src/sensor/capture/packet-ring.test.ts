import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readFrames } from '../../flow/capture/read-frames.fixture.ts';
import { canMakeNamespaces, hasProgram, NamespacePair } from '../netns.fixture.ts';
import type { PacketRingCounters, PacketRingOptions } from './packet-ring.ts';
import { PacketRing } from './packet-ring.ts';
import { probeCapture } from './probe.ts';

const skip = canMakeNamespaces
  ? hasProgram('tcpdump') && hasProgram('perl')
    ? undefined
    : 'needs tcpdump and perl'
  : 'needs root';
const because = skip ? `: ${skip}` : '';
const program = fileURLToPath(new URL('capture.fixture.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'picket-ring-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Sends frames as they are from an interface: Perl, `$frame` and `$index` are given. */
const sendRaw = (frames: readonly string[], device = 'cable') =>
  `open(F,"/sys/class/net/${device}/ifindex");my $i=<F>;socket(my $s,17,3,0) or die;` +
  frames.map((hex) => `send($s,pack("H*","${hex}"),0,pack("SnisCCa8",17,3,$i,0,0,6,"")) or die $!;`).join('');

describe.skipIf(skip)(`packets from the kernel${because}`, () => {
  let pair: NamespacePair;
  const children: ChildProcess[] = [];
  beforeEach(() => {
    pair = new NamespacePair();
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    pair.remove();
  });

  function start(namespace: string, name: string, ...args: string[]): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', namespace, name, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    return child;
  }

  /** Captures in a namespace while something happens; returns what was seen. */
  async function capture(
    namespace: string,
    options: PacketRingOptions,
    idleMs: number,
    during: () => Promise<void> | void,
  ) {
    const path = join(folder, 'ours.pcapng');
    const child = start(namespace, process.execPath, program, path, JSON.stringify(options), String(idleMs));
    child.stderr!.pipe(process.stderr);
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe('running');
    await during();
    child.kill('SIGTERM');
    const counters = JSON.parse((await lines.next()).value as string) as PacketRingCounters;
    const { frames, reader } = readFrames(new Uint8Array(readFileSync(path)));
    expect(reader.problem).toBeUndefined();
    const named = frames.map((frame) => ({ ...frame, name: reader.interfaces[frame.interface]!.name }));
    return { counters, frames: named };
  }

  /** The same by tcpdump. */
  async function tcpdump(
    namespace: string,
    device: string,
    snapLength: number,
    during: () => Promise<void> | void,
  ) {
    const path = join(folder, 'tcpdump.pcap');
    const child = start(
      namespace,
      'tcpdump',
      ...[
        '-i',
        device,
        '-w',
        path,
        '-U',
        '-Z',
        'root',
        '--nano',
        '--immediate-mode',
        '-B',
        '16384',
        '-s',
        String(snapLength),
      ],
    );
    const lines = createInterface({ input: child.stderr! })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toContain('listening on');
    await during();
    await setTimeout(300);
    child.kill('SIGINT');
    await once(child, 'exit');
    return readFrames(new Uint8Array(readFileSync(path))).frames;
  }

  const seen = (frames: readonly { bytes: Uint8Array; wireLength: number; linkType: number }[]) =>
    frames
      .map(
        ({ bytes, wireLength, linkType }) =>
          `${linkType} ${wireLength} ${Buffer.from(bytes).toString('hex')}`,
      )
      .sort();

  const server = `socket(my $l,AF_INET,SOCK_STREAM,0);setsockopt($l,SOL_SOCKET,SO_REUSEADDR,1);bind($l,pack_sockaddr_in(7777,INADDR_ANY));listen($l,5);print "up\\n";while(accept(my $c,$l)){while(sysread($c,my $b,65536)){}close $c}`;
  const traffic = async () => {
    await pair.perl(pair.right, server);
    pair.run(pair.left, 'ping', '-c', '5', '-i', '0.05', '198.51.100.2');
    pair.run(pair.left, 'ping', '-c', '5', '-i', '0.05', '2001:db8::2');
    pair.run(
      pair.left,
      'perl',
      '-MSocket',
      '-e',
      'socket(my $s,AF_INET,SOCK_STREAM,0);connect($s,pack_sockaddr_in(7777,inet_aton("198.51.100.2"))) or die;for(1..20){syswrite($s,"x"x100000)}',
    );
    const head = '020000000001020000000002';
    pair.run(
      pair.right,
      'perl',
      '-e',
      sendRaw([
        `${head}81000064080045000014000000004011${'00'.repeat(30)}`,
        `${head}88a80007810000080800${'45'.repeat(40)}`,
        `${head}8100e00586dd${'60'.repeat(50)}`,
        `${head}88cc${'11'.repeat(40)}`,
      ]),
    );
  };

  test.each([262_144, 96])(
    'as tcpdump sees them, both ways, with VLAN tags, of %s bytes at most',
    async (snapLength) => {
      let theirs: Awaited<ReturnType<typeof tcpdump>> = [];
      const { counters, frames } = await capture(
        pair.left,
        { interface: 'cable', snapLength },
        0,
        async () => {
          theirs = await tcpdump(pair.left, 'cable', snapLength, traffic);
        },
      );
      // Neighbours may ask for one another while only one of the two looks.
      const [ours, others] = [seen(frames), seen(theirs)];
      expect(theirs.length).toBeGreaterThan(30);
      const times = frames.map(({ seconds, nanoseconds }) => seconds + nanoseconds / 1e9);
      const [first, last] = [theirs.at(0)!, theirs.at(-1)!].map(
        ({ seconds, nanoseconds }) => seconds + nanoseconds / 1e9,
      );
      const within = frames.filter(
        (_, index) => times[index]! >= first! - 1e-6 && times[index]! <= last! + 1e-6,
      );
      expect(seen(within)).toEqual(others);
      expect(ours.filter((line) => line.includes(' 020000000001020000000002'))).toHaveLength(4);
      expect(ours.some((line) => line.includes('02000000000102000000000281000064'))).toBe(true);
      expect(ours.some((line) => line.includes('02000000000102000000000288a80007'))).toBe(true);
      expect(counters).toMatchObject({ lost: 0, frames: frames.length, duplicates: 0, unknownLink: 0 });
      expect(counters.received).toBe(frames.length);
    },
  );

  test('of all interfaces: loopback once, packets without a link layer as IP', async () => {
    const { counters, frames } = await capture(pair.left, {}, 0, () => {
      pair.run(pair.left, 'ping', '-c', '3', '-i', '0.05', '127.0.0.1');
      pair.run(pair.left, 'ping', '-c', '3', '-i', '0.05', '198.51.100.2');
      // IFF_TUN without packet information; what is written there has come in.
      const tun = `sysopen(my $t,"/dev/net/tun",2) or die;my $r=pack("a16Sx22","tun7",0x1001);ioctl($t,0x400454ca,$r) or die;system("ip link set tun7 up");`;
      const ip = `4500001c000100004011${'0000'}c6120001c612000203e803e900080000`;
      pair.run(
        pair.left,
        'perl',
        '-e',
        `${tun}syswrite($t,pack("H*","${ip}")) or die $!;syswrite($t,pack("H*","${ip}"));sleep 1`,
      );
    });
    const of = (name: string) => frames.filter((frame) => frame.name === name);
    const echo = (name: string) =>
      of(name).filter(({ bytes }) => bytes[12] === 8 && bytes[13] === 0 && bytes[23] === 1);
    expect(echo('lo')).toHaveLength(6);
    expect(echo('cable')).toHaveLength(6);
    const raw = frames.filter(({ linkType, bytes }) => linkType === 101 && bytes[0] === 0x45);
    expect(raw.map(({ bytes, wireLength }) => [bytes.length, wireLength, bytes[12]])).toEqual([
      [28, 28, 198],
      [28, 28, 198],
    ]);
    expect(counters.duplicates).toBeGreaterThanOrEqual(6);
    expect(counters.received).toBe(counters.frames + counters.duplicates + counters.unknownLink);
  });

  test('what there is no room for is counted, exactly', async () => {
    const count = 5000;
    const { counters, frames } = await capture(
      pair.right,
      { interface: 'cable', ringBytes: 524_288 },
      1500,
      async () => {
        pair.run(
          pair.left,
          'perl',
          '-MSocket',
          '-e',
          `socket(my $s,AF_INET,SOCK_DGRAM,0);my $to=pack_sockaddr_in(9,inet_aton("198.51.100.2"));for(1..${count}){send($s,"y"x1000,0,$to)}`,
        );
        await setTimeout(1800);
      },
    );
    const isOurs = (bytes: Uint8Array) => bytes.length === 1042 && bytes[1041] === 0x79;
    const got = frames.filter(({ bytes }) => isOurs(bytes)).length;
    expect(counters.lost).toBeGreaterThan(1000);
    expect(counters.received).toBe(frames.length);
    const statistics = JSON.parse(pair.run(pair.right, 'ip', '-j', '-s', 'link', 'show', 'cable'))[0].stats64;
    expect(got + counters.lost).toBeGreaterThanOrEqual(count);
    expect(counters.received + counters.lost).toBeLessThanOrEqual(
      statistics.rx.packets + statistics.tx.packets,
    );
  });

  test('says when its interface goes', async () => {
    const child = start(pair.left, process.execPath, program, join(folder, 'gone'), '{"interface":"cable"}');
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    await lines.next();
    let said = '';
    child.stderr!.on('data', (data) => {
      said += data;
    });
    pair.run(pair.left, 'ip', 'link', 'del', 'cable');
    const [code] = await once(child, 'exit');
    expect(code).not.toBe(0);
    expect(said).toContain('the interface that was captured is gone');
  });

  test('says why not without the capability', () => {
    const code = `import('${new URL('probe.ts', import.meta.url)}').then(({probeCapture}) => console.log(JSON.stringify(probeCapture())))`;
    const said = pair.run(
      pair.left,
      'setpriv',
      '--bounding-set',
      '-net_raw',
      '--inh-caps',
      '-net_raw',
      process.execPath,
      '-e',
      code,
    );
    expect(JSON.parse(said.trim().split('\n').at(-1)!)).toEqual({
      state: 'unavailable',
      details: [expect.stringContaining('CAP_NET_RAW')],
    });
  });
});

test.skipIf(skip)(`the probe says what it can give${because}`, () => {
  expect(probeCapture()).toMatchObject({ state: 'available' });
  expect(probeCapture({ interface: 'lo' }).details).toEqual(['packets of lo, both ways']);
  expect(probeCapture({ interface: 'no-such0' })).toEqual({
    state: 'unavailable',
    details: ['there is no interface no-such0'],
  });
});

test.skipIf(skip)(`a ring that was closed gives nothing${because}`, () => {
  const ring = new PacketRing(() => {}, { interface: 'lo', ringBytes: 0 });
  ring.close();
  ring.close();
  ring.wait(0);
  expect(ring.read(10)).toBe(0);
  expect(ring.counters().frames).toBe(0);
  expect(() => new PacketRing(() => {}, { promiscuous: true })).toThrow('needs the name of an interface');
});
