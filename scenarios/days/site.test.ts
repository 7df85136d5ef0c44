import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { command, has, temporaryFolder } from '../harness.ts';
import { lay } from './lay.ts';
import { dnsMessage, RecordType } from './messages.ts';
import { shop } from './shop.ts';
import { day, minute, Site } from './site.ts';
import { address, addressText, Trace } from './trace.ts';

const midnight = Date.UTC(2026, 2, 10);
/** Appended to titles. */
const why = has('tshark') ? '' : ' (skipped: needs tshark)';

/** Fields of each packet that tshark reads in a trace. */
function readBy(trace: Trace, ...fields: string[]): string[] {
  using folder = temporaryFolder();
  const path = join(folder.path, 'trace.pcap');
  writeFileSync(path, trace.pcap());
  const { out } = command('tshark', ['-r', path, '-T', 'fields', ...fields.flatMap((name) => ['-e', name])]);
  return out.trimEnd().split('\n');
}

test('the same seed makes the same day, byte for byte, another one another', () => {
  const [one, again, other] = [7, 7, 8].map((seed) => shop(midnight, seed).trace.pcap());
  expect(Buffer.compare(one!, again!)).toBe(0);
  expect(Buffer.compare(one!, other!)).not.toBe(0);
});

test.skipIf(why)(`tshark reads a connection as it was meant: times, lengths, flags, name${why}`, () => {
  const site = new Site('test', '192.168.1.0', midnight, 1);
  const host = site.host('host', 5);
  site.resolvesBy(site.host('resolver', 1));
  const until = site.secure(host, 'www.shop.example', minute, [{ after: 100, up: 700, down: 130_000 }]);
  expect(until).toBeGreaterThan(minute);
  const lines = readBy(
    site.trace,
    'frame.time_epoch',
    'ip.src',
    'ip.len',
    'tcp.flags',
    'dns.qry.name',
    'tls.handshake.extensions_server_name',
  );
  const rows = lines.map((line) => line.split('\t'));
  expect(rows.map(([time]) => Number(time))).toEqual(
    rows.map(([time]) => Number(time)).sort((one, other) => one - other),
  );
  expect(Number(rows[0]![0])).toBe((midnight + minute) / 1000);
  expect(rows.slice(0, 4).map((row) => row[4])).toEqual(new Array(4).fill('www.shop.example'));
  expect(rows.map((row) => row[3]).slice(4, 7)).toEqual(['0x0002', '0x0012', '0x0010']);
  expect(rows.find((row) => (row[5] ?? '') !== '')?.[5]).toBe('www.shop.example');
  const received = rows.filter(([, from]) => from === addressText(site.outside('www.shop.example')));
  const bytes = received.reduce((sum, [, , length]) => sum + Number(length) - 40, 0);
  expect(bytes).toBe(3200 + 130_000);
});

test.skipIf(why)(`tshark reads answers of DNS as they were meant${why}`, () => {
  const trace = new Trace();
  const ends = { from: address('192.168.1.1'), to: address('192.168.1.5'), fromPort: 53, toPort: 40_000 };
  const long = 'v=DKIM1; '.repeat(50);
  for (const [type, answer] of [
    [RecordType.a, { code: 0, address: address('198.51.100.9') }],
    [RecordType.txt, { code: 0, text: long }],
    [RecordType.a, { code: 3 }],
  ] as const) {
    const message = dnsMessage(1, 'a.example', type, answer);
    trace.udp(midnight, ends, message.length, message);
  }
  const rows = readBy(trace, 'dns.flags.rcode', 'dns.a', 'dns.txt.length').map((line) => line.split('\t'));
  expect(rows.map(([code]) => code)).toEqual(['0', '0', '3']);
  expect(rows[0]![1]).toBe('198.51.100.9');
  expect(rows[1]![2]).toBe('255,195');
});

test('nobody sends before the day begins or after a while behind its end', () => {
  const file = shop(midnight, 3).trace.pcap();
  const view = new DataView(file.buffer);
  const times: number[] = [];
  for (let at = 24; at < file.length; at += 16 + view.getUint32(at + 8, true))
    times.push(view.getUint32(at, true) * 1000);
  expect(Math.min(...times.slice(0, 10))).toBeGreaterThanOrEqual(midnight);
  expect(times.at(-1)! - midnight).toBeLessThan(day + 60 * minute);
});

/** A capture of a datagram, and of the message that nobody listens at its port. */
function refusedDatagram(): Uint8Array {
  const trace = new Trace();
  const ends = { from: address('198.51.100.1'), to: address('198.51.100.2'), fromPort: 5000, toPort: 161 };
  trace.udp(1000, ends, 20);
  const alone = trace.pcap();
  const quoted = alone.subarray(24 + 16 + 14);
  const frame = new Uint8Array(14 + 20 + 8 + quoted.length);
  frame.set(alone.subarray(40, 74));
  const view = new DataView(frame.buffer);
  view.setUint16(16, 28 + quoted.length);
  view.setUint8(23, 1);
  view.setUint32(26, ends.to);
  view.setUint32(30, ends.from);
  frame.set([3, 3], 34);
  frame.set(quoted, 42);
  trace.frame(1010, frame, frame.length);
  return trace.pcap();
}

test.skipIf(why)(
  `what is laid into a day has new addresses, also in what an error quotes, and its own times${why}`,
  () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'attack.pcap');
    writeFileSync(path, refusedDatagram());
    const site = new Site('test', '192.168.1.0', midnight, 1);
    const laid = lay(path, site, {
      at: 5 * minute,
      address: (recorded) => site.inside(recorded & 255),
      begins: (number) => number * minute,
    });
    expect(laid).toEqual({ packets: 2, until: 5 * minute + 10 });
    const fields = ['frame.time_epoch', 'ip.src', 'ip.dst', 'ip.checksum.status', 'udp.dstport'];
    using out = temporaryFolder();
    const file = join(out.path, 'day.pcap');
    writeFileSync(file, site.trace.pcap());
    const { out: text } = command('tshark', [
      '-r',
      file,
      '-o',
      'ip.check_checksum:TRUE',
      '-T',
      'fields',
      ...fields.flatMap((name) => ['-e', name]),
    ]);
    const start = (midnight + 5 * minute) / 1000;
    expect(
      text
        .trim()
        .split('\n')
        .map((line) => line.split('\t')),
    ).toEqual([
      [`${start}.000000000`, '192.168.1.1', '192.168.1.2', '1', '161'],
      [`${start}.010000000`, '192.168.1.2,192.168.1.1', '192.168.1.1,192.168.1.2', '1,1', '161'],
    ]);
  },
);
