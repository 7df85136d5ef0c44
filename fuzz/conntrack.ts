/**
 * Throws damaged messages of connection tracking at the decoder, and what it reads at the table: node fuzz/conntrack.ts
 * [--seconds N] [--seed S].
 */
import { ConntrackFlows } from '../src/flow/conntrack/conntrack-flows.ts';
import { ConntrackDecoder } from '../src/flow/conntrack/decoder.ts';
import { control, entryMessage } from '../src/flow/conntrack/message.fixture.ts';
import { flowFromJson, flowToJson } from '../src/flow/json.ts';
import { ipv4, ipv6 } from '../src/net/address.ts';
import { Dice } from '../src/segmentation/generate.oracle.ts';
import { fuzz, fuzzOptions } from './support/run.ts';

/** As Linux 6.18 sent them: TCP made and refused, ICMPv6 made. */
const kernel = [
  'd000000000010006000000000000000002000000340001801400018008000100c633640208000200cb0071021c000280050001000600000006000200bcd200000600030000500000340002801400018008000100cb00710208000200cb0071011c0002800500010006000000060002000050000006000300bcd2000008000c009ffca1c008000300000001980800070000000078300004802c0001800500010001000000050002000a0000000500030000000000060004000300000006000500000000000c001b0018ecb3a4c3e2f8c5',
  '0401000002010000000000000000000002000000340001801400018008000100c633640208000200cb0071021c000280050001000600000006000200867e00000600030000510000340002801400018008000100cb00710208000200cb0071011c0002800500010006000000060002000051000006000300867e000008000c007d9b9efd080003000000039808000700000000781c0009800c00010000000000000000010c000200000000000000003c1c000a800c00010000000000000000010c00020000000000000000281c0014800c00010018ecb3a4cafc461c0c00020018ecb3a4cafcd206100004800c00018005000100080000000c001b0018ecb3a4cafcd260',
  'e00000000001000600000000000000000a000000540001802c0001801400030020010db80001000000000000000000021400040020010db800020000000000000000000224000280050001003a00000006000700628a000005000800800000000500090000000000540002802c0001801400030020010db80002000000000000000000021400040020010db800010000000000000000000224000280050001003a00000006000700628a00000500080081000000050009000000000008000c00a02530a30800030000000188080007000000001e0c001b0018ecb3a4cb4bb592',
].map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')));

/** A message that the kernel might send: few ends, so that events meet entries that are there. */
function message(dice: Dice): Uint8Array {
  if (dice.chance(0.1)) return control.done(dice.below(3));
  if (dice.chance(0.02)) return control.overrun();
  if (dice.chance(0.2)) return dice.pick(kernel);
  const six = dice.chance(0.3);
  const end = () => (six ? ipv6(0x20010db8, 0, 0, dice.below(5)) : ipv4(0xc6336400 + dice.below(5)));
  const tuple = () => ({
    source: end(),
    destination: end(),
    protocol: dice.pick([6, 17, 132]),
    sourcePort: dice.below(5),
    destinationPort: dice.below(5),
  });
  return entryMessage({
    kind: dice.below(4),
    original: tuple(),
    ...(dice.chance(0.8) && { reply: tuple() }),
    id: dice.below(3),
    status: dice.below(1024),
    timeout: dice.below(500),
    ...(dice.chance(0.5) && { tcpState: dice.below(10) }),
    ...(dice.chance(0.1) && { sctpState: dice.below(10) }),
    ...(dice.chance(0.5) && { counters: [1n, 40n, BigInt(dice.below(9)), 2n ** BigInt(dice.below(64))] }),
    ...(dice.chance(0.3) && { start: BigInt(dice.below(2 ** 31)) * 1_000_000_000n }),
  });
}

function* damaged(seed: number): Generator<readonly Uint8Array[]> {
  const dice = new Dice(seed);
  for (let count = 0; count < 50; count++) {
    yield Array.from({ length: 1 + dice.below(60) }, () => {
      const bytes = message(dice).slice();
      if (dice.chance(0.6)) return bytes;
      for (let changes = dice.below(6); changes > 0; changes--)
        bytes[dice.below(bytes.length)] = dice.below(256);
      return dice.chance(0.3) ? bytes.slice(0, dice.below(bytes.length)) : bytes;
    });
  }
}

fuzz(
  fuzzOptions(),
  2000,
  damaged,
  (pieces) => {
    let [id, now] = [0, 1_000_000];
    const open = new Set<string>();
    const flows = new ConntrackFlows({ maxEntries: 16, newId: () => String(++id), activeMs: 50 });
    const take: Parameters<typeof flows.push>[2] = (flow, change) => {
      flowFromJson(flowToJson(flow));
      if (flow.closedAt !== undefined && flow.closedAt < flow.openedAt)
        throw new Error('closed before opened');
      if (!(flow.lastAt! >= flow.openedAt)) throw new Error('last before opened');
      if (flow.closedAt === undefined && change !== 'closed') open.add(flow.id);
      else open.delete(flow.id);
      if (open.size > 16) throw new Error('more flows are open than there is room for');
    };
    const decoder = new ConntrackDecoder({
      entry: (entry) => flows.push(entry, now, take),
      dumped: () => void flows.endDump(now, take),
      refused: () => flows.abandonDump(),
      overrun: () => flows.beginDump(now),
    });
    for (const bytes of pieces) {
      now += 20;
      decoder.decode(bytes, 0, bytes.length);
      flows.tick(now, take);
      const { messages, entries, control, others, dropped } = decoder.counters();
      if (entries + control + others + Object.values(dropped).reduce((sum, n) => sum + n, 0) !== messages)
        throw new Error('counters do not add up');
      if (flows.stats().entries > 16) throw new Error('the table is not bounded');
    }
  },
  (pieces) =>
    pieces
      .map((bytes) => Buffer.from(bytes).toString('hex'))
      .join('\n')
      .slice(0, 4000),
);
