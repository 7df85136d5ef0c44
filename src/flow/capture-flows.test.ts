import { expect, test } from 'vitest';
import { writePcap } from './capture/write-capture.fixture.ts';
import { CaptureFlows } from './capture-flows.ts';
import type { Flow } from './flow.ts';

/** An Ethernet frame with a TCP segment (RFC 791, RFC 9293), without checksums. */
function frame(from: number, to: number, flags: number, payload: string): Uint8Array {
  const text = [...payload].map((letter) => letter.charCodeAt(0));
  const port = (host: number) => (host === 2 ? [0, 80] : [0x9c, 0x40]);
  return Uint8Array.from([
    ...Array<number>(12).fill(2),
    ...[8, 0, 0x45, 0, 0, 40 + text.length, 0, 1, 0, 0, 64, 6, 0, 0, 192, 0, 2, from, 192, 0, 2, to],
    ...[
      ...port(from),
      ...port(to),
      0,
      0,
      0,
      flags & 2 ? 0 : 1,
      0,
      0,
      0,
      1,
      0x50,
      flags,
      0xff,
      0xff,
      0,
      0,
      0,
      0,
    ],
    ...text,
  ]);
}

const arp = Uint8Array.from([...Array<number>(12).fill(2), 8, 6, ...Array<number>(28).fill(0)]);

test('a capture in pieces of any size becomes flows with names; what is no packet is counted by its reason', () => {
  const request = 'GET / HTTP/1.1\r\nHost: www.example\r\n\r\n';
  const capture = writePcap(
    [
      frame(1, 2, 0x02, ''),
      frame(2, 1, 0x12, ''),
      frame(1, 2, 0x10, ''),
      arp,
      frame(1, 2, 0x18, request),
      frame(2, 1, 0x18, 'HTTP/1.1 200 OK\r\n\r\n'),
    ].map((bytes, number) => ({ bytes, seconds: 1_700_000_000, nanoseconds: number * 1_000_000 })),
  );
  for (const piece of [1, 7, 100, capture.length]) {
    const told: Flow[] = [];
    const capturing = new CaptureFlows(
      { maxFlows: 16 },
      { ended: (table, slot) => told.push(table.flow(slot)) },
    );
    for (let at = 0; at < capture.length; at += piece) capturing.push(capture.subarray(at, at + piece));
    capturing.end();
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({
      source: { port: 40_000 },
      destination: { port: 80 },
      state: 'established',
      openedAt: 1_700_000_000_000,
      lastAt: 1_700_000_000_005,
      sent: { packets: 3, bytes: 3 * 40 + request.length, tcpFlags: 0x1a },
      received: { packets: 2 },
      names: { http: 'www.example' },
      endReason: 'forced',
    });
    expect(capturing.reader.counters.frames).toBe(6);
    expect([...capturing.decoder.counts].reduce((sum, count) => sum + count)).toBe(6);
    expect(capturing.flows.stats().packets).toBe(5);
  }
});
