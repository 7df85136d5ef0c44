/**
 * Throws damaged exports at the decoders of NetFlow and IPFIX: datagrams of real routers with bytes changed, cut off, in any order and from many exporters, and templates
 * made of anything with data of any length: node fuzz/export.ts [--seconds N] [--seed S].
 */
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { datagramsOf } from '../src/flow/export/captured-datagrams.fixture.ts';
import { DetectingDecoder } from '../src/flow/export/detect.ts';
import {
  type Field,
  ipfix,
  octets,
  optionTemplate,
  optionTemplate9,
  set,
  template,
  v5,
  v5Record,
  v9,
} from '../src/flow/export/export-datagrams.fixture.ts';
import type { ExportOptions } from '../src/flow/export/export-decoder.ts';
import { ExporterCounters } from '../src/flow/export/exporter-table.ts';
import { flowOf } from '../src/flow/export/flow-of.ts';
import { IpfixDecoder } from '../src/flow/export/ipfix.ts';
import { NetflowV5Decoder } from '../src/flow/export/netflow-v5.ts';
import { NetflowV9Decoder } from '../src/flow/export/netflow-v9.ts';
import { templateSnapshot } from '../src/flow/export/template-snapshot.ts';
import { PacketDecoder } from '../src/flow/packet/packet-decoder.ts';
import { Dice } from '../src/segmentation/generate.oracle.ts';
import { fuzz, fuzzOptions } from './support/run.ts';

const shared = process.env.PICKET_SHARED ?? fileURLToPath(new URL('../../shared', import.meta.url));
const folder = `${shared}/data/flow/export`;
const captured = existsSync(folder)
  ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.pcap') && !/sflow|packet/.test(name))
      .toSorted()
      .flatMap((name) => datagramsOf(`${folder}/${name}`).map(({ bytes }) => bytes))
  : [];
const seeds = [...captured, v5({}, v5Record(), v5Record())];

const limits = {
  exporters: 8,
  domains: 4,
  templates: 16,
  fields: 64,
  samplers: 16,
  interfaces: 16,
  bytes: 100_000,
  heldBytes: 20_000,
  heldMs: 50,
};
/** Elements that something is made of, and some that nothing is. */
const elements = [
  ...[
    1, 2, 4, 5, 6, 7, 8, 10, 11, 12, 14, 21, 22, 23, 27, 28, 32, 34, 48, 50, 58, 60, 61, 70, 82, 83, 85, 89,
    103, 104,
  ],
  ...[
    136, 139, 149, 150, 151, 152, 153, 154, 155, 156, 157, 158, 159, 160, 161, 162, 176, 177, 225, 226, 227,
    228, 230,
  ],
  ...[
    231, 232, 233, 243, 245, 281, 282, 291, 298, 299, 302, 305, 306, 309, 310, 311, 312, 313, 315, 323, 324,
    410, 999,
  ],
];
const lengths = [0, 1, 2, 3, 4, 5, 8, 9, 16, 65535];

interface Sent {
  readonly exporter: string;
  readonly bytes: Uint8Array;
  readonly arrival: number;
  readonly port: number;
}

function anyFields(dice: Dice): Field[] {
  return Array.from({ length: dice.below(12) }, (): Field => {
    const field = [dice.pick(elements), dice.chance(0.7) ? 4 : dice.pick(lengths)] as const;
    return dice.chance(0.15) ? [...field, dice.pick([29305, 9, 0])] : field;
  });
}

function anyBytes(dice: Dice, most: number): Uint8Array {
  return Uint8Array.from({ length: dice.below(most) }, () => (dice.chance(0.3) ? 0 : dice.below(256)));
}

/** A datagram of templates, options and data in any order. */
function composed(dice: Dice): Uint8Array {
  const isIpfix = dice.chance(0.5);
  const id = () => 254 + dice.below(24);
  const sets = Array.from({ length: 1 + dice.below(4) }, () => {
    const kind = dice.below(5);
    if (kind === 0)
      return set(
        isIpfix ? 2 : 0,
        ...Array.from({ length: 1 + dice.below(3) }, () => template(id(), anyFields(dice))),
      );
    if (kind === 1) {
      const make = isIpfix ? optionTemplate : optionTemplate9;
      return set(isIpfix ? 3 : 1, make(id(), anyFields(dice), anyFields(dice)));
    }
    if (kind === 2 && isIpfix) return set(2 + dice.below(2), octets([dice.below(300), 2], [0, 2]));
    return set(id(), anyBytes(dice, 200));
  });
  const header = {
    sequence: dice.below(1000),
    domain: dice.below(6),
    time: dice.below(2 ** 32),
    uptime: dice.below(2 ** 32),
  };
  return isIpfix ? ipfix(header, ...sets) : v9(header, ...sets);
}

function damaged(dice: Dice): Uint8Array {
  const whole = dice.pick(seeds);
  const bytes = whole.slice(0, dice.chance(0.2) ? dice.below(whole.length) : whole.length);
  if (bytes.length > 0 && dice.chance(0.7))
    for (let changes = dice.below(8); changes > 0; changes--)
      bytes[dice.below(bytes.length)] = dice.below(256);
  return bytes;
}

function* cases(seed: number): Generator<readonly Sent[]> {
  const dice = new Dice(seed);
  for (let count = 0; count < 10; count++) {
    yield Array.from({ length: 60 }, (_, i) => ({
      exporter: `192.0.2.${dice.below(dice.chance(0.1) ? 40 : 3)}`,
      bytes: dice.chance(0.5) ? composed(dice) : damaged(dice),
      arrival: i * 3,
      port: dice.below(3),
    }));
  }
}

function check(sent: readonly Sent[]): void {
  const options: ExportOptions = { limits, packets: new PacketDecoder() };
  const decoders = [
    new NetflowV5Decoder(options),
    new NetflowV9Decoder(options),
    new IpfixDecoder(options),
  ] as const;
  const decoder = new DetectingDecoder({
    'netflow-v5': decoders[0],
    'netflow-v9': decoders[1],
    ipfix: decoders[2],
  });
  let [records, known] = [0, 0];
  for (const { exporter, bytes, arrival, port } of sent) {
    const protocol = decoder.decode(
      bytes,
      exporter,
      arrival,
      (record) => {
        records++;
        const flow = flowOf(record, '1');
        if (!(flow.openedAt <= flow.lastAt!))
          throw new Error(`it ends before it begins: ${flow.openedAt} ${flow.lastAt}`);
        for (const number of [
          record.packets,
          record.bytes,
          record.reversePackets,
          record.samplingRate,
          record.start,
        ])
          if (!Number.isFinite(number)) throw new Error('a number that is none');
        if (record.samplingRate < 1) throw new Error(`a rate of ${record.samplingRate}`);
      },
      port,
    );
    if (protocol !== undefined) known++;
  }
  const all = new ExporterCounters();
  for (const one of decoders) {
    if (one.stateBytes() > limits.bytes + limits.heldBytes + 10_000)
      throw new Error(`${one.stateBytes()} bytes held`);
    all.add(one.forgotten.counters);
    let count = 0;
    for (const { counters } of one.exporters()) {
      all.add(counters);
      count++;
    }
    if (count > limits.exporters) throw new Error(`${count} exporters`);
  }
  const held = (all.dropped['held-no-room'] ?? 0) + (all.dropped['held-too-long'] ?? 0);
  const sums = [
    [all.datagrams, known],
    [all.records, records],
    [all.dataSets, all.dataSetsDecoded + all.heldNow + held],
    [all.unknownTemplates, all.heldDecoded + all.heldNow + held],
    [all.refused, (all.dropped['short-datagram'] ?? 0) + (all.dropped.version ?? 0) + refusedLengths(all)],
  ];
  for (const [index, [one, other]] of sums.entries())
    if (one !== other)
      throw new Error(`sum ${index} does not add up: ${one} and ${other}: ${JSON.stringify(all)}`);
  const written = JSON.parse(JSON.stringify(decoders[2].templates()));
  const restored = new IpfixDecoder(options);
  restored.restore(templateSnapshot.parse(written), 0);
  const again = JSON.parse(JSON.stringify(restored.templates()));
  if (JSON.stringify(again.domains.map(templatesOf)) !== JSON.stringify(written.domains.map(templatesOf)))
    throw new Error('what was put back is not what was written down');
}

/** Messages that say a length shorter than their header are refused; others of a wrong length are not. */
function refusedLengths({ refused, dropped }: ExporterCounters): number {
  const others = (dropped['short-datagram'] ?? 0) + (dropped.version ?? 0);
  return Math.min(refused - others, dropped['message-length'] ?? 0);
}

function templatesOf({
  exporter,
  domain,
  templates,
}: {
  exporter: string;
  domain: number;
  templates: unknown;
}) {
  return [exporter, domain, templates];
}

fuzz(fuzzOptions(), 2000, cases, check, (sent) =>
  sent
    .map(({ exporter, bytes }) => `${exporter} ${Buffer.from(bytes).toString('hex')}`)
    .join('\n')
    .slice(0, 4000),
);
