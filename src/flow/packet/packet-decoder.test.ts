import { describe, expect, test } from 'vitest';
import { DropReason, dropReasonNames } from './drop-reason.ts';
import { frameOf } from './frame.fixture.ts';
import { Packet } from './packet.ts';
import { join, u16, u32 } from './packet-builder.fixture.ts';
import { PacketDecoder } from './packet-decoder.ts';

const macs = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
const source = [198, 18, 0, 1];
const destination = [198, 19, 0, 2];
const packet = new Packet();

/** IPv4 without options. */
function ipv4(protocol: number, payload: readonly number[] | Uint8Array, length = 20 + payload.length) {
  return join([0x45, 0, ...u16(length), 0, 7, 0x40, 0, 64, protocol, 0, 0], source, destination, payload);
}

function ipv6(next: number, payload: readonly number[] | Uint8Array, length = payload.length) {
  const address = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
  return join([0x60, 0, 0, 0, ...u16(length), next, 64], address, address, payload);
}

function udp(to: number, payload: readonly number[] | Uint8Array, length = 8 + payload.length) {
  return join([...u16(40_000), ...u16(to), ...u16(length), 0, 0], payload);
}

const tcp = [...u16(40_000), ...u16(443), ...u32(1), ...u32(2), 0x50, 0x12, ...u16(1000), 0, 0, 0, 0];
const ethernet = (type: number, payload: readonly number[] | Uint8Array) => join(macs, u16(type), payload);

/** Decodes one frame with a decoder of its own: the reason, and what it counts. */
function decode(linkType: number, bytes: Uint8Array | readonly number[], captured = bytes.length) {
  const decoder = new PacketDecoder();
  const reason = decoder.decode(frameOf(linkType, bytes, { captured }), packet);
  expect(decoder.counts[reason]).toBe(1);
  expect(decoder.counts.reduce((sum, count) => sum + count)).toBe(1);
  return { reason: dropReasonNames[reason], decoder };
}

const reasonOf = (linkType: number, bytes: Uint8Array | readonly number[], captured?: number) =>
  decode(linkType, bytes, captured).reason;

test('every reason has a name', () => {
  expect(Object.values(DropReason)).toEqual(dropReasonNames.map((_, number) => number));
});

describe('what gives no packet', () => {
  const wlan = (control: number, flags: number, fragment = 0) => [
    ...[control, flags, 0, 0, ...macs, ...macs.slice(0, 6), fragment, 0],
    ...[0xaa, 0xaa, 3, 0, 0, 0, 8, 0, ...ipv4(6, tcp)],
  ];
  const tags = (count: number) => join(macs, ...Array(count).fill([0x81, 0, 0, 5]), [8, 0], ipv4(6, tcp));
  const options = (count: number) =>
    ipv6(
      60,
      join(...Array.from({ length: count }, (_, i) => [i + 1 < count ? 60 : 6, 0, 1, 4, 0, 0, 0, 0]), tcp),
    );

  test.each<
    [reason: string, what: string, linkType: number, bytes: Uint8Array | readonly number[], captured?: number]
  >([
    ['link-type', 'a link type that nobody knows', 147, [1, 2, 3]],
    ['link-type', 'a number that is none', 70_000, [1, 2, 3]],
    ['link-header', 'an empty frame', 1, []],
    ['link-header', 'half a header of Ethernet', 1, macs],
    ['link-header', 'a VLAN tag that is cut', 1, [...macs, 0x81, 0, 0]],
    ['link-header', 'radiotap longer than the frame', 127, [0, 0, 200, 0, 0, 0, 0, 0]],
    ['link-header', 'endless words of radiotap', 127, [0, 0, 12, 0, ...Array(40).fill(0xff)]],
    ['link-header', 'netfilter without a payload', 239, [2, 0, 0, 0, 8, 0, 1, 0, 0, 0, 0, 0]],
    ['link-header', 'labels without a bottom', 1, ethernet(0x8847, [0, 1, 0x40, 64])],
    ['not-ip', 'ARP', 1, ethernet(0x0806, Array(28).fill(0))],
    ['not-ip', 'LLDP', 1, ethernet(0x88cc, Array(28).fill(0))],
    ['not-ip', 'a spanning tree', 1, ethernet(38, [0x42, 0x42, 3, ...Array(35).fill(0)])],
    ['not-ip', 'CDP', 1, ethernet(30, [0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0, ...Array(22).fill(0)])],
    ['not-ip', 'PPP setting up a link', 9, [0xff, 3, 0xc0, 0x21, 1, 1, 0, 4]],
    ['not-ip', 'PPPoE discovery', 1, ethernet(0x8863, [0x11, 9, 0, 0, 0, 0])],
    ['not-ip', 'loopback of another family', 0, [7, 0, 0, 0, 1, 2]],
    ['not-ip', 'netlink in a cooked capture', 113, [0, 4, ...u16(824), ...Array(12).fill(0)]],
    ['not-ip', 'what watches a pseudowire', 1, ethernet(0x8847, [0, 1, 0x41, 64, 0x10, 0, 0, 7, 1, 2])],
    ['encrypted', '802.11 that is protected', 105, wlan(0x08, 0x41)],
    ['encrypted', 'MACsec', 1, ethernet(0x88e5, [0x2c, 0, ...Array(40).fill(7)])],
    ['no-data', 'a beacon', 105, wlan(0x80, 0)],
    ['no-data', 'null data', 105, wlan(0x48, 1)],
    ['no-data', 'an acknowledgement', 105, [0xd4, 0, 0, 0, 1, 2, 3, 4, 5, 6]],
    ['link-fragment', 'the second part of a frame of 802.11', 105, wlan(0x08, 1, 1)],
    ['ip-cut', 'half a header of IP', 101, ipv4(6, tcp), 19],
    ['ip-cut', 'options of IP that are cut', 101, [0x46, ...ipv4(6, tcp).slice(1)], 22],
    ['ip-cut', 'half a header of IPv6', 101, ipv6(6, tcp), 39],
    ['ip-version', 'IP of another version', 101, [0x55, ...ipv4(6, tcp).slice(1)]],
    ['ip-header', 'a header of four words', 101, [0x44, ...ipv4(6, tcp).slice(1)]],
    ['ip-header', 'a length smaller than the header', 101, ipv4(6, tcp, 19)],
    ['ip-extensions', 'seventeen extension headers', 101, options(17)],
    ['ip-extensions', 'an extension header that is cut', 101, options(2), 50],
    ['ip-extensions', 'an authentication header of no length', 101, ipv6(51, [6, 0, 0, 0, ...tcp])],
    ['transport', 'ports that are cut', 101, ipv4(6, tcp), 23],
    ['transport', 'IP with nothing in it', 101, ipv4(17, [])],
    ['transport', 'a type of ICMP without a code', 101, ipv4(1, [8])],
    ['nesting', 'seventeen tags', 1, tags(17)],
    ['decoded', 'sixteen tags', 1, tags(16)],
    ['decoded', 'sixteen extension headers', 101, options(16)],
  ])('%s: %s', (reason, _, linkType, bytes, captured) => {
    expect(reasonOf(linkType, bytes, captured)).toBe(reason);
  });
});

describe('lengths', () => {
  test('padding of Ethernet is no payload', () => {
    decode(1, ethernet(0x0800, join(ipv4(17, udp(53, [1, 2])), Array(30).fill(0))));
    expect(packet.payloadEnd - packet.payloadStart).toBe(2);
    expect([packet.payloadLength, packet.ipLength, packet.wireLength]).toEqual([2, 30, 74]);
  });

  test('a total length of 0 is that of the wire: segmentation offload', () => {
    decode(1, ethernet(0x0800, ipv4(6, join(tcp, Array(3000).fill(1)), 0)));
    expect([packet.ipLength, packet.payloadLength]).toEqual([3040, 3000]);
    decode(1, ethernet(0x86dd, ipv6(6, join(tcp, Array(3000).fill(1)), 0)));
    expect([packet.ipLength, packet.payloadLength]).toEqual([3060, 3000]);
  });

  test('a jumbogram tells its length in an option, and its datagram none', () => {
    const body = join([17, 0, 0xc2, 4, ...u32(70_008)], udp(53, Array(69_992).fill(1), 0));
    decode(101, ipv6(0, body, 0));
    expect([packet.ipLength, packet.protocol, packet.payloadLength]).toEqual([70_048, 17, 69_992]);
  });

  test('a captured part tells the length of the whole', () => {
    decode(101, ipv4(6, join(tcp, Array(1000).fill(1))), 60);
    expect([packet.ipLength, packet.payloadLength, packet.transportWhole]).toEqual([1040, 1000, true]);
    expect(packet.payloadEnd - packet.payloadStart).toBe(20);
  });

  test('a datagram that claims more than IP carries ends with IP; one that claims less ends there', () => {
    decode(101, ipv4(17, udp(53, [1, 2, 3, 4], 200)));
    expect([packet.payloadLength, packet.transportWhole]).toEqual([4, true]);
    decode(101, ipv4(17, udp(53, [1, 2, 3, 4], 10)));
    expect([packet.payloadLength, packet.payloadEnd - packet.payloadStart]).toEqual([2, 2]);
  });

  test.each([
    ['TCP cut behind the ports', ipv4(6, tcp), 30, 0],
    ['TCP with a header of four words', ipv4(6, [...tcp.slice(0, 12), 0x40, ...tcp.slice(13)]), 40, 0x12],
    [
      'TCP with a header longer than the packet',
      ipv4(6, [...tcp.slice(0, 12), 0xf0, ...tcp.slice(13)]),
      40,
      0x12,
    ],
    ['UDP of seven bytes', ipv4(17, udp(443, [1, 2], 7)), 30, 0],
  ])('%s: the conversation is known, the rest is not', (_, bytes, captured, flags) => {
    const { reason, decoder } = decode(101, bytes, captured);
    expect([reason, packet.destinationPort, packet.tcpFlags]).toEqual(['decoded', 443, flags]);
    expect([packet.transportWhole, packet.payloadLength, decoder.brokenTransports]).toEqual([false, 0, 1]);
  });
});

describe('tunnels', () => {
  const inner = ipv4(6, tcp);
  const vxlan = (flags: number, frame: readonly number[] | Uint8Array) =>
    ipv4(17, udp(4789, join([flags, 0, 0, 0, 0, 0, 9, 0], frame)));

  test('VXLAN is one only with the flag that says so', () => {
    decode(101, vxlan(8, ethernet(0x0800, inner)));
    expect([packet.tunnel, packet.tunnelId, packet.destinationPort]).toEqual(['vxlan', 9, 443]);
    expect([packet.outerFamily, packet.outerSource[3]]).toEqual([4, 0xc6120001]);
    decode(101, vxlan(0, ethernet(0x0800, inner)));
    expect([packet.tunnel, packet.tunnelId, packet.destinationPort]).toEqual([undefined, -1, 4789]);
  });

  test('what holds no packet is a packet of the outer conversation, and counted', () => {
    const arp = ethernet(0x0806, Array(28).fill(0));
    const { reason, decoder } = decode(1, ethernet(0x0800, vxlan(8, arp)));
    expect([reason, packet.destinationPort, packet.tunnel, packet.vlanCount]).toEqual([
      'decoded',
      4789,
      undefined,
      0,
    ]);
    expect(packet.payloadLength).toBe(8 + arp.length);
    expect(decoder.outerCounts[DropReason.NotIp]).toBe(1);
  });

  test('tags inside what holds no packet are forgotten with it', () => {
    const broken = join(macs, [0x81, 0, 0, 77, 8, 0, 0x44], Array(30).fill(0));
    decode(1, join(macs, [0x81, 0, 0, 5, 8, 0], vxlan(8, broken)));
    expect([...packet.vlans.subarray(0, packet.vlanCount)]).toEqual([5]);
  });

  test('a tunnel in a tunnel falls back by one', () => {
    const broken = join([0x20, 0, 8, 0, ...u32(5)], [0x44, ...inner.slice(1)]);
    decode(101, vxlan(8, ethernet(0x0800, ipv4(47, broken))));
    expect([packet.protocol, packet.tunnel, packet.tunnelId]).toEqual([47, 'vxlan', 9]);
  });

  test('nesting ends at eight: the ninth is what the eighth carries', () => {
    const nested = (depth: number): Uint8Array => (depth === 0 ? inner : ipv4(4, nested(depth - 1)));
    decode(101, nested(8));
    expect([packet.protocol, packet.ipLength]).toEqual([6, 40]);
    decode(101, nested(9));
    expect([packet.protocol, packet.ipLength, packet.tunnel]).toEqual([4, 60, 'ipip']);
    expect(reasonOf(101, nested(400))).toBe('decoded');
    expect([packet.protocol, packet.ipLength]).toEqual([4, 20 * (400 - 8) + 40]);
  });

  test('labels and sessions have no ends of their own, and are passed when tunnels stay closed', () => {
    const labelled = ethernet(0x8847, join(u32((77 << 12) | 0x140), inner));
    const decoder = new PacketDecoder({ tunnels: false });
    expect(decoder.decode(frameOf(1, labelled), packet)).toBe(0);
    expect([packet.tunnel, packet.tunnelId, packet.outerFamily]).toEqual(['mpls', 77, 0]);
    expect(decoder.decode(frameOf(101, vxlan(8, ethernet(0x0800, inner))), packet)).toBe(0);
    expect([packet.tunnel, packet.destinationPort]).toEqual([undefined, 4789]);
  });

  test('labels in GRE keep the ends of GRE', () => {
    decode(101, ipv4(47, join([0, 0, 0x88, 0x47], u32((77 << 12) | 0x140), inner)));
    expect([packet.tunnel, packet.tunnelId, packet.outerFamily, packet.outerSource[3]]).toEqual([
      ...['mpls', 77, 4, 0xc6120001],
    ]);
  });

  test('Ethernet behind labels may look like IP by its first bits', () => {
    for (const first of [0x45, 0x60, 0x10]) {
      const frame = join([first, ...macs.slice(1), 8, 0], inner);
      decode(1, ethernet(0x8847, join(u32((77 << 12) | 0x140), frame)));
      expect([packet.destinationPort, packet.tunnel], `${first}`).toEqual([443, 'mpls']);
    }
  });

  test('keeping alive, control and encryption stay between the ends of a tunnel', () => {
    const outer: readonly [string, Uint8Array, number][] = [
      ['GRE keeping alive', ipv4(47, [0, 0, 0, 0]), 47],
      ['PPTP acknowledging', ipv4(47, [0x20, 0x81, 0x88, 0x0b, 0, 0, 0, 5, 0, 0, 0, 1]), 47],
      ['L2TP control', ipv4(17, udp(1701, [0xc8, 2, 0, 12, 0, 1, 0, 0, 0, 0, 0, 0])), 17],
      ['GTP echo', ipv4(17, udp(2152, [0x32, 1, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0])), 17],
      [
        'GENEVE control',
        ipv4(17, udp(6081, [0, 0x80, 0x65, 0x58, 0, 0, 1, 0, ...ethernet(0x0800, inner)])),
        17,
      ],
      ['CAPWAP over DTLS', ipv4(17, udp(5247, [1, 0, 0, 0, 22, 254, 255, 0, 0, 0, 0, 0, 0])), 17],
    ];
    for (const [what, bytes, protocol] of outer) {
      expect(reasonOf(101, bytes), what).toBe('decoded');
      expect([packet.tunnel, packet.protocol], what).toEqual([undefined, protocol]);
    }
  });

  test('a packet of PPP that came compressed is none', () => {
    expect(reasonOf(51, [0x11, 0, 0, 5, 0, 4, 0, 0x2d, 1, 2])).toBe('not-ip');
  });
});

describe('802.11', () => {
  const snap = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];
  const addresses = [...macs, ...macs.slice(0, 6)];

  test('the header may be filled up, and the frame end with a checksum', () => {
    const header = [0x88, 1, 0, 0, ...addresses, 0, 0, 0, 0, 0, 0];
    const frame = join([0, 0, 9, 0, 2, 0, 0, 0, 0x30], header, snap, ipv4(6, tcp), [1, 2, 3, 4]);
    expect(reasonOf(127, frame)).toBe('decoded');
    expect([packet.destinationPort, packet.payloadLength]).toEqual([443, 0]);
  });

  test('of an aggregate the first part is read', () => {
    const part = join(macs, u16(8 + 40), snap, ipv4(6, tcp));
    expect(reasonOf(105, join([0x88, 2, 0, 0, ...addresses, 0, 0, 0x80, 0], part, part))).toBe('decoded');
    expect(packet.destinationPort).toBe(443);
  });
});
