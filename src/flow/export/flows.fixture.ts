import fc from 'fast-check';
import { type Address, ipv4, ipv6 } from '../../net/address.ts';
import type { EndReason, Flow, Traffic } from '../flow.ts';

const u32 = fc.nat({ max: 2 ** 32 - 1 });
const port = fc.nat({ max: 65_535 });
const addressOfFamily = (family: 4 | 6): fc.Arbitrary<Address> =>
  family === 4 ? u32.map(ipv4) : fc.tuple(u32, u32, u32, u32).map(([a, b, c, d]) => ipv6(a, b, c, d));
const reasons: readonly EndReason[] = ['idle', 'active', 'end', 'forced', 'no-room'];

function traffic(protocol: number, least: number): fc.Arbitrary<Traffic> {
  return fc.record({
    packets: fc.integer({ min: least, max: 2 ** 40 }),
    bytes: fc.maxSafeNat(),
    ...(protocol === 6 && { tcpFlags: fc.integer({ min: 1, max: 511 }) }),
  }) as fc.Arbitrary<Traffic>;
}

/** Flows with everything that an IPFIX writer tells. Times are whole milliseconds between 2001 and 2033. */
export const anyFlow: fc.Arbitrary<Flow> = fc
  .tuple(fc.constantFrom<4 | 6>(4, 6), fc.constantFrom(6, 17, 132, 'icmp' as const))
  .chain(([family, kind]) => {
    const protocol = kind === 'icmp' ? (family === 4 ? 1 : 58) : kind;
    const end = fc.record({
      address: addressOfFamily(family),
      port: kind === 'icmp' ? fc.constant(0) : port,
    });
    return fc
      .record({
        source: end,
        destination: end,
        openedAt: fc.integer({ min: 1_000_000_000_000, max: 2_000_000_000_000 }),
        length: fc.nat({ max: 4_000_000 }),
        sent: traffic(protocol, 1),
        received: fc.option(traffic(protocol, 1), { nil: undefined }),
        endReason: fc.constantFrom(...reasons),
        type: fc.nat({ max: 255 }),
        code: fc.nat({ max: 255 }),
        vlans: fc.array(fc.integer({ min: 1, max: 4094 }), { maxLength: 2 }),
        translated: fc.option(end, { nil: undefined }),
        interfaces: fc.option(fc.tuple(u32, u32), { nil: undefined }),
      })
      .map(({ length, received, type, code, vlans, translated, interfaces, ...rest }) => ({
        ...rest,
        id: '1',
        protocol,
        state: 'closed',
        seenBy: 'network',
        lastAt: rest.openedAt + length,
        reachedDestination: false,
        preexisting: false,
        ...(received && { received }),
        ...(kind === 'icmp' && { icmp: { type, code } }),
        ...(vlans.length > 0 && { vlans }),
        ...(translated && { translated: { source: translated } }),
        ...(interfaces && {
          observation: { by: 'test', input: String(interfaces[0]), output: String(interfaces[1]) },
        }),
      }));
  });
