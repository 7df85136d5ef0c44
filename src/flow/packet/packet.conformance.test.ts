import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { type Family, formatAddress } from '../../net/address.ts';
import { CaptureReader } from '../capture/read-capture.ts';
import { interfaceBlock, joined, packetBlock, sectionBlock } from '../capture/write-capture.fixture.ts';
import { DropReason, dropReasonNames } from './drop-reason.ts';
import { fragmented } from './fragments.fixture.ts';
import { frameOf } from './frame.fixture.ts';
import { hasPorts } from './network/protocols.ts';
import { Packet } from './packet.ts';
import { Chance, PacketBuilder } from './packet-builder.fixture.ts';
import { PacketDecoder } from './packet-decoder.ts';
import { type Dissection, dissect, type Expected, innermost } from './tshark.fixture.ts';

const shared = process.env.PICKET_SHARED ?? fileURLToPath(new URL('../../../../shared', import.meta.url));
const data = join(shared, 'data/flow');
const captures = existsSync(data)
  ? readdirSync(data, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.pcap(ng)?$/.test(name))
      .sort()
      .map((name) => join(data, name))
  : [];
const hasTshark = spawnSync('tshark', ['-v']).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'picket-packets-'));
afterAll(() => rmSync(folder, { recursive: true }));

function text(family: number, lanes: Uint32Array): string {
  const [a, b, c, d] = lanes;
  return formatAddress({ family: family as Family, a: a!, b: b!, c: c!, d: d! });
}

/** The packet in the words of the other side. */
function found(packet: Packet, expected: Expected): Expected {
  const { family, protocol, quoted, fragmentOffset } = packet;
  const isFirst = fragmentOffset === 0;
  const { tcpFlags, tcpSequence, tcpAcknowledgement, tcpWindow } = packet;
  const hasLength = packet.transportWhole && (protocol === 6 || protocol === 17);
  const { fragmentId, moreFragments, icmpType, icmpCode, icmpId, tunnel, tunnelId } = packet;
  return {
    ends: `${text(family, packet.source)} > ${text(family, packet.destination)}`,
    protocol,
    ttl: packet.ttl,
    ipLength: packet.ipLength,
    fragment: fragmentId < 0 ? undefined : `${fragmentId} ${fragmentOffset} ${moreFragments}`,
    ports: isFirst && hasPorts(protocol) ? `${packet.sourcePort} ${packet.destinationPort}` : undefined,
    // Of a broken header the flags are told where they were captured.
    tcp:
      isFirst && protocol === 6 && (packet.transportWhole || expected.tcp !== undefined)
        ? `${tcpFlags} ${tcpSequence} ${tcpAcknowledgement} ${tcpWindow}`
        : undefined,
    icmp: isFirst && icmpType >= 0 ? `${icmpType} ${icmpCode} ${icmpId}` : undefined,
    payloadLength: hasLength ? packet.payloadLength : undefined,
    vlans: [...packet.vlans.subarray(0, packet.vlanCount)].join(),
    tunnel: tunnel === undefined ? undefined : `${tunnel} ${tunnelId}`,
    quote: packet.hasQuote
      ? `${text(quoted.family, quoted.source)} > ${text(quoted.family, quoted.destination)} ${quoted.protocol} ${quoted.sourcePort} ${quoted.destinationPort}`
      : undefined,
  };
}

function isSame(
  key: keyof Expected,
  mine: string | number | undefined,
  other: string | number | undefined,
  { protocols }: Dissection,
): boolean {
  if (mine === other) return true;
  // It reads two 802.1ad tags as one header with other fields; and here no more than four are kept.
  if (key === 'vlans')
    return protocols.includes('ieee8021ad') || mine === String(other).split(',').slice(0, 4).join();
  return key === 'tunnel' && !`${other}`.includes(' ') && `${mine}`.startsWith(`${other} `);
}

/** A difference that is understood, and who is right. */
interface Rule {
  readonly name: string;
  holds(dissection: Dissection, differences: readonly string[]): boolean;
}

/** Decodes all frames of a capture; returns how many frames each rule explains, and what no rule does. */
async function differ(file: string, rules: readonly Rule[], options: readonly string[] = []) {
  const dissections = await dissect(file, options);
  const decoder = new PacketDecoder();
  const packet = new Packet();
  const counts = new Map(rules.map(({ name }) => [name, 0]));
  const unexplained: string[] = [];
  let [frames, decoded] = [0, 0];
  const reader = new CaptureReader((frame) => {
    const dissection = dissections[frames++]!;
    const expected = innermost(dissection);
    const reason = decoder.decode(frame, packet);
    let differences: string[] = [];
    if (reason === DropReason.Decoded && expected !== undefined) {
      decoded++;
      const mine = found(packet, expected);
      differences = (Object.keys(mine) as (keyof Expected)[])
        .filter((key) => !isSame(key, mine[key], expected[key], dissection))
        .map((key) => `${key}: ${mine[key]}, tshark ${expected[key]}`);
    } else if (reason === DropReason.Decoded) differences = [`ends: ${text(packet.family, packet.source)}`];
    else if (expected !== undefined) differences = [`${dropReasonNames[reason]}: ${expected.ends}`];
    if (differences.length === 0) return;
    const rule = rules.find(({ holds }) => holds(dissection, differences));
    if (rule) counts.set(rule.name, counts.get(rule.name)! + 1);
    else unexplained.push(`${frames} ${dissection.protocols.join(':')}: ${differences.join('; ')}`);
  });
  reader.push(readFileSync(file));
  reader.end();
  expect(frames).toBe(dissections.length);
  expect(decoder.counts.reduce((sum, count) => sum + count)).toBe(frames);
  return { frames, decoded, counts: Object.fromEntries(counts), unexplained, decoder };
}

describe.skipIf(!hasTshark || captures.length === 0)(`captures in ${data}, against tshark`, () => {
  const rules: readonly Rule[] = [
    {
      // It takes the last four bytes for a checksum of the outer frame, which these captures do not have.
      name: 'FabricPath is cut by tshark',
      holds: ({ protocols }, differences) =>
        protocols.includes('cfp') && differences.length === 1 && differences[0]!.startsWith('payloadLength'),
    },
    {
      // The control word there has a sequence number; tshark takes the bytes for an address of Ethernet.
      name: 'a control word with a number is not seen by tshark',
      holds: ({ protocols }, differences) =>
        protocols.includes('pwethnocw') && differences[0] === 'ends: 10.31.0.1',
    },
    {
      // A header of TCP that says to be eight bytes long: tshark counts what comes behind them as payload, nobody here does.
      name: 'a TCP header that is too short',
      holds: (_, differences) => differences.join() === 'payloadLength: undefined, tshark 260',
    },
  ];

  test('every packet has the same conversation', async () => {
    const all = join(folder, 'all.pcapng');
    // One section after another, an interface for each file.
    execFileSync('mergecap', ['-a', '-I', 'none', '-w', all, ...captures], { stdio: 'ignore' });
    const { frames, decoded, counts, unexplained, decoder } = await differ(all, rules);
    expect(unexplained).toEqual([]);
    expect(counts).toEqual({
      'FabricPath is cut by tshark': 12,
      'a control word with a number is not seen by tshark': 1,
      'a TCP header that is too short': 1,
    });
    console.log(`${captures.length} captures, ${frames} frames, ${decoded} packets compared`);
    expect({
      decoded: decoder.counts[DropReason.Decoded],
      notIp: decoder.counts[DropReason.NotIp],
      ...decoder.fragmentCounters,
    }).toMatchObject({ decoded: 11_490, notIp: 52, first: 4, found: 1248, unknown: 0 });
  });
});

describe.skipIf(!hasTshark)('packets built at random, against tshark', () => {
  const rules: readonly Rule[] = [
    {
      // The order of bytes is that of the machine that captured; tshark takes the file's for it.
      name: 'loopback of a machine with another byte order',
      holds: ({ protocols }) => protocols.join() === 'null,data',
    },
    {
      // It wants the whole header, of which only eight bytes are quoted.
      name: 'ports of quoted SCTP are not shown by tshark',
      holds: (_, differences) => / 132 \d+ \d+, tshark .* 132 0 0$/.test(differences.join()),
    },
    {
      // It guesses by the first byte, and takes 0x4f for none of IP.
      name: 'IPv4 with all options in GTP-U is not seen by tshark',
      holds: ({ protocols }) => protocols.at(-1) === 'gtp',
    },
  ];

  test('every packet has the same conversation', async () => {
    const linkTypes: number[] = [];
    const blocks = Array.from({ length: 4000 }, (_, seed) => {
      const { linkType, built } = new PacketBuilder(seed).frame(seed % 4);
      if (!linkTypes.includes(linkType)) linkTypes.push(linkType);
      return packetBlock({ bytes: built.bytes, interface: linkTypes.indexOf(linkType) }, 0n);
    });
    const file = join(folder, 'built.pcapng');
    const interfaces = linkTypes.map((linkType) => interfaceBlock({ linkType }));
    writeFileSync(file, joined([sectionBlock(), ...interfaces, ...blocks]));
    const { counts, unexplained } = await differ(file, rules, [
      ...['-d', 'udp.port==8472,vxlan', '-o', 'capwap.swap_fc:FALSE'],
      // As the builder chooses labels.
      ...['-d', 'mpls.label==524288-1048575,pwethcw'],
    ]);
    expect(unexplained).toEqual([]);
    expect(counts).toEqual({
      'loopback of a machine with another byte order': 46,
      'ports of quoted SCTP are not shown by tshark': 4,
      'IPv4 with all options in GTP-U is not seen by tshark': 3,
    });
  });
});

describe.skipIf(!hasTshark)('fragments, against what tshark puts together of them', () => {
  test('every later fragment has the ports of its datagram', async () => {
    const chance = new Chance(3);
    const datagrams = Array.from({ length: 300 }, (_, i) =>
      fragmented(chance, chance.yes() ? 4 : 6, i, 1 + chance.below(200)),
    );
    // Two at a time in turn, the first fragment first.
    const pieces: Uint8Array[] = [];
    for (let i = 0; i < datagrams.length; i += 2) {
      const [one, other] = [datagrams[i]!.fragments, datagrams[i + 1]!.fragments];
      for (let at = 0; at < Math.max(one.length, other.length); at++)
        pieces.push(...[one[at], other[at]].filter((piece) => piece !== undefined));
    }
    const file = join(folder, 'fragments.pcapng');
    const blocks = pieces.map((bytes) => packetBlock({ bytes }, 0n));
    writeFileSync(file, joined([sectionBlock(), interfaceBlock({ linkType: 101 }), ...blocks]));
    const fields = ['ip.reassembled_in', 'ipv6.reassembled.in', 'udp.srcport', 'udp.dstport'];
    const rows = execFileSync(
      'tshark',
      ['-n', '-2', '-r', file, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    )
      .split('\n')
      .map((line) => line.split('\t'));
    const decoder = new PacketDecoder();
    const packet = new Packet();
    const counted = { whole: 0, fragments: 0 };
    pieces.forEach((bytes, i) => {
      const [in4, in6] = rows[i]!;
      const last = Number(in4 || in6 || i + 1);
      const ports = rows[last - 1]!.slice(2).join(' ');
      expect(decoder.decode(frameOf(101, bytes), packet)).toBe(DropReason.Decoded);
      expect(`${packet.sourcePort} ${packet.destinationPort}`, `frame ${i + 1}`).toBe(ports);
      counted[packet.fragmentId < 0 ? 'whole' : 'fragments']++;
    });
    expect(counted.fragments).toBeGreaterThan(1000);
  });
});
