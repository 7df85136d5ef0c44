/**
 * Throws damaged sFlow datagrams at the decoder: node fuzz/sflow.ts [--seconds N] [--seed S]. Counters must add up, state stay bounded.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  address,
  counterSample,
  datagram,
  discardSample,
  flowSample,
  headerRecord,
  int,
  interfaceRecord,
  structure,
} from '../src/flow/export/sflow/datagram.fixture.ts';
import { SflowDecoder } from '../src/flow/export/sflow.ts';
import { PacketDecoder } from '../src/flow/packet/packet-decoder.ts';
import { ipv4, ipv6 } from '../src/net/address.ts';
import { Dice } from '../src/segmentation/generate.oracle.ts';
import { fuzz, fuzzOptions } from './support/run.ts';

const shared = process.env.PICKET_SHARED ?? fileURLToPath(new URL('../../shared', import.meta.url));
const folder = `${shared}/data/flow/export`;
/** Payloads of real datagrams, where captures are at hand: behind the headers of file, frame, Ethernet, IPv4 and UDP. */
const real = existsSync(folder)
  ? readdirSync(folder)
      .filter((name) => name.startsWith('akvorado-sflow'))
      .map((name) => new Uint8Array(readFileSync(`${folder}/${name}`).subarray(82)))
  : [];

const packet = Uint8Array.from([
  ...[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x81, 0, 0, 9, 8, 0],
  ...[0x45, 0, 0, 60, 0, 1, 0x40, 0, 64, 6, 0, 0, 198, 51, 100, 1, 203, 0, 113, 2],
  ...[4, 1, 1, 187, 0, 0, 0, 1, 0, 0, 0, 0, 0xa0, 2, 0xff, 0xff, 0, 0, 0, 0],
]);

function built(dice: Dice): Uint8Array {
  const records = [
    headerRecord(packet, 82),
    headerRecord(packet.subarray(18), 64, 11),
    structure(3, int(40, 6, 1, 2, 3, 4, 5, 6)),
    structure(4, int(40, 17, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)),
    structure(1001, int(1, 2, 3, 4)),
    structure(1007, [...address(ipv4(7)), ...address(ipv6(1, 2, 3, 4))]),
    structure(1020, int(1, 2)),
    structure(1003, int(1, 2, 3)),
  ];
  const some = (): number[][] => Array.from({ length: dice.below(5) }, () => dice.pick(records));
  const samples = Array.from({ length: dice.below(6) }, () => {
    const kind = dice.below(6);
    const source = [dice.below(3), dice.below(400)] as const;
    if (kind < 3) return flowSample({ sequence: dice.below(100), source, records: some() }, kind === 0);
    if (kind === 3) return discardSample({ sequence: dice.below(100) }, dice.below(300), some());
    return counterSample(dice.below(100), source, [interfaceRecord(dice.below(300), 1, 1)], kind === 4);
  });
  const agent = dice.chance(0.5) ? ipv4(dice.below(200)) : ipv6(0, 0, 0, dice.below(200));
  return datagram({ agent, subAgent: dice.below(3), sequence: dice.below(1000), samples });
}

interface Case {
  readonly datagrams: readonly Uint8Array[];
}

function* damaged(seed: number): Generator<Case> {
  const dice = new Dice(seed);
  for (let count = 0; count < 20; count++) {
    const datagrams = Array.from({ length: 1 + dice.below(40) }, () => {
      const whole = real.length > 0 && dice.chance(0.2) ? dice.pick(real) : built(dice);
      const bytes = whole.slice(0, dice.chance(0.2) ? dice.below(whole.length + 1) : whole.length);
      for (let changes = dice.chance(0.6) ? dice.below(6) : 0; changes > 0 && bytes.length > 0; changes--)
        bytes[dice.below(bytes.length)] = dice.chance(0.3) ? 255 : dice.below(256);
      if (dice.chance(0.1) && bytes.length > 4) {
        const start = dice.below(bytes.length >> 2) * 4;
        bytes.copyWithin(start, Math.min(bytes.length, start + 4 * dice.below(16)));
      }
      return bytes;
    });
    yield { datagrams };
  }
}

const limits = { agents: 50, sources: 100, interfaces: 100 };
const ofDatagrams = new Set(['datagram-cut', 'version', 'agent-address']);

fuzz(
  fuzzOptions(),
  2000,
  damaged,
  ({ datagrams }) => {
    const decoder = new SflowDecoder(new PacketDecoder(), limits);
    let records = 0;
    for (const bytes of datagrams) {
      decoder.decode(bytes, '192.0.2.1', 1, (record) => {
        records++;
        if (!(record.samplingRate >= 1 && record.packets === record.samplingRate))
          throw new Error('a sample is not one packet times its rate');
        if (record.family !== 4 && record.family !== 6) throw new Error('a record without addresses');
      });
    }
    const { counters } = decoder;
    const dropped = Object.entries(counters.drops).reduce(
      (sum, [reason, count]) => sum + (ofDatagrams.has(reason) ? 0 : count),
      0,
    );
    if (counters.flows !== records) throw new Error('flows are not the records');
    if (counters.samples !== counters.flows + counters.counterSamples + dropped)
      throw new Error(`samples do not add up: ${JSON.stringify(counters)}`);
    if (counters.datagrams !== datagrams.length) throw new Error('datagrams are not counted');
    if (counters.agents > limits.agents || counters.sources > limits.sources) throw new Error('not bounded');
    if (counters.interfaces > limits.interfaces) throw new Error('interfaces are not bounded');
    if (counters.lostSamples < 0 || counters.lostDatagrams < 0) throw new Error('less than nothing lost');
    const kept = decoder.agents().reduce((sum, { sources }) => sum + sources, 0);
    if (kept !== counters.sources) throw new Error('sources are not counted rightly');
  },
  ({ datagrams }) => datagrams.map((bytes) => Buffer.from(bytes).toString('base64')).join('\n'),
);
