/**
 * Throws damaged payloads at what reads names of DNS, TLS and HTTP, and random packets at the table of flows with its limits small:
 * node fuzz/names.ts [--seconds N] [--seed S].
 */

import {
  readDnsAnswer,
  readDnsQuestion,
  readDnsQuestionSegment,
  readDnsSegment,
} from '../src/flow/names/dns.ts';
import { readHttpHost } from '../src/flow/names/http.ts';
import { readClientHello } from '../src/flow/names/tls.ts';
import { Packet } from '../src/flow/packet/packet.ts';
import { PacketFlows } from '../src/flow/table/packet-flows.ts';
import { tunnelKinds } from '../src/flow/tunnel-kinds.ts';
import { Dice } from '../src/segmentation/generate.oracle.ts';
import { fuzz, fuzzOptions } from './support/run.ts';

const text = (written: string) => [...written].map((letter) => letter.charCodeAt(0));
const hello = [
  ...[22, 3, 1, 0, 90, 1, 0, 0, 86, 3, 3, ...Array<number>(32).fill(7), 0, 0, 2, 19, 1, 1, 0, 0, 43],
  ...[0, 0, 0, 16, 0, 14, 0, 0, 11, ...text('www.example')],
  ...[0, 16, 0, 14, 0, 12, 2, ...text('h2'), 8, ...text('http/1.1'), 0, 43, 0, 1, 0],
];
const dns = [
  ...[0, 1, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0, 3, ...text('www'), 7, ...text('example'), 0, 0, 1, 0, 1],
  ...[0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 6, 3, ...text('cdn'), 0xc0, 16],
  ...[0xc0, 41, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 203, 0, 113, 1],
];
const http = text('GET /index.html HTTP/1.1\r\nUser-Agent: x\r\nHost: www.example:8080\r\n\r\n');
const seeds = [hello, dns, [0, dns.length, ...dns], http];

interface Case {
  readonly seed: number;
  readonly packets: number;
}

function* cases(seed: number): Generator<Case> {
  for (let count = 0; count < 20; count++) yield { seed: seed * 20 + count, packets: 300 };
}

/** A payload with some bytes changed, a stretch repeated, or its end cut off, somewhere in a larger buffer. */
function damaged(dice: Dice): { bytes: Uint8Array; start: number; end: number } {
  const seed = dice.pick(seeds);
  const start = dice.below(20);
  const length = dice.chance(0.3) ? dice.below(seed.length + 1) : seed.length;
  const bytes = new Uint8Array(start + length + dice.below(20));
  bytes.set(seed.slice(0, length), start);
  for (let changes = dice.below(8); changes > 0 && length > 0; changes--)
    bytes[start + dice.below(length)] = dice.below(256);
  if (dice.chance(0.2)) bytes.copyWithin(dice.below(bytes.length), dice.below(bytes.length));
  return { bytes, start, end: start + length };
}

function checkName(name: string | undefined, longest: number): void {
  if (name === undefined) return;
  if (name.length > longest || !/^[\x21-\x7e]*$/.test(name))
    throw new Error(`a name like ${JSON.stringify(name)}`);
}

function fill(packet: Packet, dice: Dice, ms: number): void {
  packet.seconds = Math.floor(ms / 1000);
  packet.nanoseconds = dice.below(1e9);
  packet.family = dice.pick([4, 4, 6]);
  packet.protocol = dice.pick([1, 2, 6, 6, 6, 17, 58, 132]);
  packet.source.fill(0)[3] = dice.below(4);
  packet.destination.fill(0)[3] = dice.below(4);
  packet.sourcePort = dice.pick([53, 80, 443, 40_000, 40_001]);
  packet.destinationPort = dice.pick([53, 80, 443, 40_000, 40_001]);
  packet.ipLength = dice.below(70_000);
  packet.wireLength = dice.below(2 ** 32);
  packet.tcpFlags = packet.protocol === 6 ? dice.pick([2, 18, 16, 24, 17, 4, 20, dice.below(512)]) : 0;
  packet.tcpSequence = dice.below(3) * 200;
  packet.icmpType = packet.protocol === 1 || packet.protocol === 58 ? dice.below(256) : -1;
  packet.icmpCode = dice.below(256);
  packet.icmpId = dice.below(3);
  packet.hasQuote = packet.icmpType >= 0 && dice.chance(0.5);
  packet.quoted.family = packet.family;
  packet.quoted.protocol = dice.pick([6, 17]);
  packet.quoted.source.fill(0)[3] = dice.below(4);
  packet.quoted.destination.fill(0)[3] = dice.below(4);
  packet.quoted.sourcePort = packet.destinationPort;
  packet.quoted.destinationPort = packet.sourcePort;
  packet.transportWhole = dice.chance(0.9);
  packet.fragmentOffset = dice.chance(0.1) ? 1480 : 0;
  packet.vlanCount = dice.pick([0, 0, 1, 4]);
  packet.tunnel = dice.chance(0.2) ? dice.pick(tunnelKinds) : undefined;
  packet.tunnelId = dice.pick([-1, 0, 0xffffffff]);
  packet.outerFamily = dice.pick([0, 4, 6]);
}

function run({ seed, packets }: Case): void {
  const dice = new Dice(seed);
  const maxFlows = 1 + dice.below(12);
  let [packetsTold, told, largest] = [0, 0, 0];
  const flows = new PacketFlows(
    { maxFlows, activeMs: dice.pick([0, 3000]), names: { lookups: 4, bytes: 2000 }, hashSeed: seed },
    {
      ended: (table, slot) => {
        const { sent, received, names } = table.flow(slot);
        told++;
        packetsTold += sent!.packets + received!.packets;
        checkName(names?.dns, 255);
        checkName(names?.tls, 253);
        checkName(names?.alpn, 255);
        checkName(names?.http, 259);
      },
    },
  );
  const packet = new Packet();
  let ms = 1e12;
  for (let i = 0; i < packets; i++) {
    const { bytes, start, end } = damaged(dice);
    const answer = readDnsAnswer(bytes, start, end);
    checkName(answer?.name, 255);
    if ((answer?.addresses.length ?? 0) > 32) throw new Error('too many addresses');
    checkName(readDnsSegment(bytes, start, end)?.name, 255);
    // Every byte of a name may have become four characters.
    checkName(readDnsQuestion(bytes, start, end)?.name, 4 * 255);
    checkName(readDnsQuestionSegment(bytes, start, end)?.name, 4 * 255);
    readHttpHost(bytes, start, end);
    readClientHello(bytes, start, end);

    ms += dice.pick([
      0,
      0,
      1,
      500,
      20_000,
      -2000,
      dice.chance(0.02) ? -1e8 : 0,
      dice.chance(0.02) ? 1e10 : 0,
    ]);
    fill(packet, dice, ms);
    packet.payloadStart = start;
    packet.payloadEnd = end;
    packet.payloadLength = end - start + dice.pick([0, 0, 100]);
    flows.add(packet, bytes);
    largest = Math.max(largest, flows.stats().active);
  }
  flows.end();
  const stats = flows.stats();
  if (largest > maxFlows) throw new Error(`${largest} flows where there is room for ${maxFlows}`);
  if (stats.active !== 0) throw new Error(`${stats.active} flows are left`);
  if (packetsTold !== packets) throw new Error(`${packets} packets, ${packetsTold} of them told`);
  const sum = Object.values(stats.ended).reduce((all, one) => all + one, 0);
  if (sum !== told) throw new Error(`${told} flows told, counted ${sum}`);
}

fuzz(fuzzOptions(), 2000, cases, run, (one) => JSON.stringify(one));
