import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { PacketDecoder } from '../packet/packet-decoder.ts';
import { datagramPcap } from './datagram-pcap.fixture.ts';
import { type Copy, copyOf, countersOf } from './decoded.fixture.ts';
import { DetectingDecoder } from './detect.ts';
import { IpfixDecoder } from './ipfix.ts';
import { expectLikeTshark, Rules } from './like-tshark.fixture.ts';
import { NetflowV5Decoder } from './netflow-v5.ts';
import { NetflowV9Decoder } from './netflow-v9.ts';
import { tsharkFlows } from './tshark-flows.fixture.ts';

const shared = process.env.PICKET_SHARED ?? fileURLToPath(new URL('../../../../shared', import.meta.url));
const folder = `${shared}/data/flow/packet`;
const port = 2055;

function missing(): string | undefined {
  if (!existsSync(folder)) return `needs ${folder}`;
  for (const tool of ['softflowd', 'tshark', 'mergecap']) {
    try {
      execFileSync('which', [tool], { stdio: 'ignore' });
    } catch {
      return `needs ${tool}`;
    }
  }
  return undefined;
}

/** Has softflowd make flows of a capture and send them, and returns the datagrams. Its times are those of the capture. */
async function exportBySoftflowd(capture: string, args: readonly string[]): Promise<Uint8Array[]> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
  const own = mkdtempSync(join(tmpdir(), 'picket-softflowd-'));
  try {
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const datagrams: Uint8Array[] = [];
    socket.on('message', (bytes) => datagrams.push(new Uint8Array(bytes)));
    const child = spawn(
      'softflowd',
      [
        ...['-r', capture, '-a', '-d', '-n', `127.0.0.1:${socket.address().port}`],
        // With a long path of its control socket softflowd 1.1.0 waits for somebody there before it begins.
        ...['-c', 'c', '-p', 'p', ...args],
      ],
      { stdio: 'ignore', cwd: own, timeout: 20_000 },
    );
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0);
    // Over loopback all of them are in the socket's buffer by now.
    for (let before = -1; before < datagrams.length; await sleep(100)) before = datagrams.length;
    return datagrams;
  } finally {
    socket.close();
    rmSync(own, { recursive: true });
  }
}

const captures = [
  'android.pcap',
  '443-chrome.pcap',
  'tls-appdata.pcap',
  'WebattackSQLinj.pcap',
  'tls_long_cert.pcap',
  'http.pcapng',
];
const modes: readonly (readonly [name: string, args: readonly string[]])[] = [
  ['v5', ['-v', '5']],
  ['v9', ['-v', '9', '-6']],
  ['v9, sampled', ['-v', '9', '-s', '4']],
  ['IPFIX', ['-v', '10', '-6']],
  ['IPFIX, biflows, sampled', ['-v', '10', '-b', '-s', '3']],
  ['IPFIX, biflows', ['-v', '10', '-b', '-6']],
  ['IPFIX, seconds', ['-v', '10', '-A', 'sec']],
  ['IPFIX, milliseconds, VLANs', ['-v', '10', '-A', 'milli', '-T', 'ether', '-6']],
  ['IPFIX, microseconds, biflows', ['-v', '10', '-A', 'micro', '-b']],
  ['IPFIX, nanoseconds', ['-v', '10', '-A', 'nano']],
];
const needs = missing();

test.skipIf(needs).each(modes)(
  `what softflowd exports is what tshark reads: %s ${needs ?? ''}`,
  async (name, args) => {
    const rules = new Rules();
    const records: Copy[] = [];
    const files: string[] = [];
    const temporary = mkdtempSync(join(tmpdir(), 'picket-exports-'));
    try {
      for (const [index, capture] of captures.entries()) {
        const datagrams = await exportBySoftflowd(join(folder, capture), args);
        const file = join(temporary, `${index}.pcap`);
        const forTshark = datagrams.map((bytes) => {
          const payload = Uint8Array.from(bytes);
          // softflowd counts less in a v9 header than there is, and tshark reads no more than that.
          if (payload[1] === 9) payload.fill(255, 2, 4);
          return { payload, destinationPort: port };
        });
        writeFileSync(file, datagramPcap(forTshark));
        files.push(file);
        const options = { packets: new PacketDecoder() };
        const decoder = new DetectingDecoder({
          'netflow-v5': new NetflowV5Decoder(),
          'netflow-v9': new NetflowV9Decoder(options),
          ipfix: new IpfixDecoder(options),
        });
        for (const bytes of datagrams)
          decoder.decode(bytes, '127.0.0.1', 0, (record) => records.push(copyOf(record)));
        for (const one of Object.values(decoder.decoders)) {
          if (!('exporters' in one)) continue;
          const { dropped, gaps, late, heldNow } = countersOf(one, '127.0.0.1');
          expect([capture, dropped, gaps, late, heldNow]).toEqual([
            capture,
            undefined,
            undefined,
            undefined,
            undefined,
          ]);
        }
      }
      expectLikeTshark(records, tsharkFlows(files, [port]).flows, rules);
      expect(records.length).toBeGreaterThan(20);
      const rate = /sampled/.test(name) ? Number(args.at(-1)) : 1;
      expect(new Set(records.map(({ samplingRate }) => samplingRate))).toEqual(new Set([rate]));
      if (/biflows/.test(name)) expect(records.some(({ reverseBytes }) => reverseBytes > 0)).toBe(true);
    } finally {
      rmSync(temporary, { recursive: true });
    }
    expect(rules.counts).toEqual({});
  },
);

test.skipIf(needs)(`sampled packets that softflowd exports (PSAMP) ${needs ?? ''}`, async () => {
  const capture = join(folder, 'http.pcapng');
  const datagrams = await exportBySoftflowd(capture, ['-v', 'psamp']);
  const decoder = new IpfixDecoder({ packets: new PacketDecoder() });
  const records: Copy[] = [];
  for (const bytes of datagrams)
    decoder.decode(bytes, '127.0.0.1', 0, (record) => records.push(copyOf(record)));
  const text = execFileSync(
    'tshark',
    [
      '-n',
      '-r',
      capture,
      '-T',
      'fields',
      '-E',
      'separator= ',
      '-e',
      'ip.src',
      '-e',
      'ip.dst',
      '-e',
      'ip.len',
      '-e',
      'frame.time_epoch',
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const theirs = text.trim().split('\n');
  const mine = records.map(
    ({ source, destination, rawBytes, end }) =>
      `${source} ${destination} ${rawBytes} ${(end / 1000).toFixed(5)}`,
  );
  // Microseconds of NTP fractions.
  expect(mine).toEqual(theirs.map((line) => line.replace(/\d+\.\d+$/, (time) => Number(time).toFixed(5))));
});
