import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type WrittenFrame, writePcap } from '../flow/capture/write-capture.fixture.ts';
import type { NfdumpRecord } from '../flow/export/nfcapd.fixture.ts';
import { join as bytesOf, Chance, u16, u32 } from '../flow/packet/packet-builder.fixture.ts';
import { KeptFlows, nfdumpRow, rowOf, sorted } from './kept-flows.fixture.ts';
import { hasProgram } from './netns.fixture.ts';

const able = ['nfpcapd', 'nfreplay', 'nfdump'].every(hasProgram);
const utc = { ...process.env, TZ: 'UTC' };

/** Begin of the capture, seconds since the epoch. */
const began = 1_780_000_000;
const [syn, ack, push, fin, reset] = [2, 16, 8, 1, 4];

/** Writes conversations with known packets into a capture. Same seed, same capture. */
class Conversations {
  readonly frames: WrittenFrame[] = [];
  readonly #chance: Chance;

  constructor(seed: number) {
    this.#chance = new Chance(seed);
  }

  write(count: number): Uint8Array {
    for (let number = 0; number < count; number++) {
      const at = this.#chance.below(200_000);
      const isIpv6 = number % 4 === 3;
      const [client, server] = [number + 1, 100 + this.#chance.below(20)];
      const ports = [20_000 + number, [22, 53, 443][number % 3]!] as const;
      const send = (ms: number, isBack: boolean, protocol: number, payload: Uint8Array) =>
        this.#frame(at + ms, isIpv6, isBack ? [server, client] : [client, server], protocol, payload);
      if (number % 5 === 4) this.#ping(send, isIpv6);
      else if (number % 3 === 1) this.#question(send, ports);
      else this.#connection(send, ports, number % 7 === 0);
    }
    this.frames.sort((x, y) => x.seconds! - y.seconds! || x.nanoseconds! - y.nanoseconds!);
    return writePcap(this.frames);
  }

  #connection(send: Send, [from, to]: readonly [number, number], isRefused: boolean): void {
    const segment = (ms: number, isBack: boolean, flags: number, data = 0) => {
      const ports = isBack ? [to, from] : [from, to];
      const header = [
        ...u16(ports[0]!),
        ...u16(ports[1]!),
        ...u32(1),
        ...u32(1),
        0x50,
        flags,
        ...u16(1024),
        0,
        0,
        0,
        0,
      ];
      send(ms, isBack, 6, bytesOf(header, new Uint8Array(data)));
    };
    segment(0, false, syn);
    if (isRefused) {
      segment(1, true, reset | ack);
      return;
    }
    segment(1, true, syn | ack);
    segment(2, false, ack);
    const rounds = 1 + this.#chance.below(8);
    for (let round = 0; round < rounds; round++) {
      segment(10 + round * 20, false, push | ack, this.#chance.below(500));
      segment(20 + round * 20, true, push | ack, this.#chance.below(1400));
    }
    segment(15 + rounds * 20, false, fin | ack);
    segment(16 + rounds * 20, true, fin | ack);
  }

  #question(send: Send, [from, to]: readonly [number, number]): void {
    for (let count = 1 + this.#chance.below(3); count > 0; count--) {
      for (const isBack of [false, true]) {
        const data = new Uint8Array(20 + this.#chance.below(400));
        const [source, destination] = isBack ? [to, from] : [from, to];
        send(
          count * 5 + (isBack ? 2 : 0),
          isBack,
          17,
          bytesOf([...u16(source), ...u16(destination), ...u16(8 + data.length), 0, 0], data),
        );
      }
    }
  }

  #ping(send: Send, isIpv6: boolean): void {
    for (let count = 0; count < 3; count++) {
      const echo = (type: number) => bytesOf([type, 0, 0, 0, 0, 7, 0, count], new Uint8Array(56));
      send(count * 1000, false, isIpv6 ? 58 : 1, echo(isIpv6 ? 128 : 8));
      send(count * 1000 + 1, true, isIpv6 ? 58 : 1, echo(isIpv6 ? 129 : 0));
    }
  }

  #frame(
    ms: number,
    isIpv6: boolean,
    [from, to]: readonly [number, number],
    protocol: number,
    payload: Uint8Array,
  ): void {
    const address = (host: number) =>
      isIpv6 ? [0x20, 0x01, 0x0d, 0xb8, ...Array<number>(10).fill(0), ...u16(host)] : [198, 51, 100, host];
    const header = isIpv6
      ? [0x60, 0, 0, 0, ...u16(payload.length), protocol, 64, ...address(from), ...address(to)]
      : [
          0x45,
          0,
          ...u16(20 + payload.length),
          0,
          1,
          0x40,
          0,
          64,
          protocol,
          0,
          0,
          ...address(from),
          ...address(to),
        ];
    const ethernet = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, ...(isIpv6 ? [0x86, 0xdd] : [8, 0])];
    this.frames.push({
      bytes: bytesOf(ethernet, header, payload),
      seconds: began + Math.floor(ms / 1000),
      nanoseconds: (ms % 1000) * 1_000_000,
    });
  }
}

type Send = (ms: number, isBack: boolean, protocol: number, payload: Uint8Array) => void;

function nfdump(files: string, filter: readonly string[] = []): readonly NfdumpRecord[] {
  const text = execFileSync('nfdump', ['-R', files, '-o', 'json', '-q', ...filter], {
    encoding: 'utf8',
    env: utc,
  });
  return JSON.parse(`[${text.trim().replace(/,$/, '')}]`) as NfdumpRecord[];
}

describe.skipIf(!able)(
  `what nfreplay sends of nfpcapd's files${able ? '' : ': needs nfpcapd, nfreplay, nfdump'}`,
  () => {
    let folder: string;
    let files: string;
    const written = new Conversations(7);
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'picket-nfreplay-'));
      files = join(folder, 'flows');
      mkdirSync(files);
      const capture = join(folder, 'traffic.pcap');
      writeFileSync(capture, written.write(150));
      execFileSync('nfpcapd', ['-r', capture, '-w', files, '-t', '3600'], {
        env: utc,
        stdio: 'ignore',
        timeout: 30_000,
      });
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    test.each([
      ['9', []],
      ['5', ['ipv4']],
    ] as const)('as NetFlow v%s: the records that nfdump reads', async (version, filter) => {
      const kept = new KeptFlows({ joinDirections: false });
      try {
        for (const file of readdirSync(files))
          execFileSync(
            'nfreplay',
            ['-H', '127.0.0.1', '-p', String(kept.port), '-v', version, '-r', join(files, file), ...filter],
            {
              env: utc,
              stdio: 'ignore',
              timeout: 30_000,
            },
          );
        await kept.datagrams(1);
        await sleep(300);
        await kept.running.stop();
        const expected = sorted(nfdump(files, filter).map(nfdumpRow));
        expect(expected.length).toBeGreaterThan(200);
        if (filter.length === 0)
          expect(expected.reduce((sum, { packets }) => sum + packets, 0)).toBe(written.frames.length);
        const rows = sorted(kept.flows.map(rowOf));
        expect(rows).toEqual(expected);
        const { lost, dropped } = await kept.running.counters();
        expect(Object.entries({ ...lost, ...dropped }).filter(([, count]) => count > 0)).toEqual([]);
      } finally {
        await kept.running.stop();
      }
    });
  },
);
