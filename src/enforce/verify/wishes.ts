import { rangePrefixes } from '../../firewall/diagram/bits.ts';
import type { Node } from '../../firewall/diagram/diagrams.ts';
import { type Field, states, statuses } from '../../firewall/diagram/fields.ts';
import type { PacketSpace } from '../../firewall/diagram/space.ts';
import type { ConnectionState } from '../../firewall/ruleset.ts';

/**
 * Returns what a packet should be like so that it can be sent to a machine in a namespace and tracking takes it as is said: the
 * more important first. `interfaces` are those of the machine.
 */
export function sendable(space: PacketSpace, interfaces: readonly string[]): Node[] {
  const { diagrams, path, named } = space;
  const is = (field: Field, ...values: readonly number[]) =>
    space.within(
      field,
      rangePrefixes(
        [...values].sort((x, y) => x - y).map((value) => ({ from: value, to: value })),
        space.place(field).width,
      ),
    );
  const all = (...nodes: readonly Node[]) => nodes.reduce((sum, one) => diagrams.and(sum, one));
  const any = (...nodes: readonly Node[]) => nodes.reduce((sum, one) => diagrams.or(sum, one));
  const when = (one: Node, other: Node) => diagrams.not(diagrams.minus(one, other));
  const state = (name: ConnectionState) => is('state', states.indexOf(name));
  const status = (...up: readonly (typeof statuses)[number][]) =>
    is(
      'status',
      up.reduce((sum, one) => sum + 2 ** statuses.indexOf(one), 0),
    );
  const codes = interfaces.map((name) => named.interfaces.codeOf(name, named.patterns));
  const isV4 = path.family === 4;
  const within = (field: Field, lanes: readonly number[], length: number) =>
    space.within(field, [{ lanes, length }]);
  // Addresses that the kernel routes as any other.
  const plain = (field: 'source' | 'destination') =>
    isV4
      ? diagrams.not(
          any(within(field, [0], 8), within(field, [0x7f00_0000], 8), within(field, [0xe000_0000], 3)),
        )
      : within(field, [0x2000_0000, 0, 0, 0], 3);
  const icmp = isV4 ? 1 : 58;
  const [questions, answers, errors] = isV4
    ? [
        [8, 13, 15, 17],
        [0, 14, 16, 18],
        [3, 11, 12],
      ]
    : [
        [128, 139],
        [129, 140],
        [1, 2, 3, 4],
      ];
  const [tcp, udp, isIcmp] = [is('protocol', 6), is('protocol', 17), is('protocol', icmp)];
  const header = isV4 ? 20 : 40;
  const lengths = any(
    all(tcp, is('length', header + 20)),
    all(udp, is('length', header + 9)),
    all(diagrams.not(any(tcp, udp)), is('length', header + 8)),
  );
  return [
    is('fragment', 0),
    is('in', ...codes),
    ...(path.chain === 'FORWARD' ? [is('out', ...codes)] : []),
    is('mark', 0),
    is('connection mark', 0),
    is('priority', 0),
    is('hardware source', named.hardware.length - 1),
    is('packet type', 0),
    state('NEW'),
    any(state('NEW'), state('ESTABLISHED'), state('INVALID'), state('RELATED')),
    // Sent with a wrong checksum.
    when(state('INVALID'), any(tcp, udp, isIcmp)),
    // What both ends of a connection send in its middle.
    when(all(state('ESTABLISHED'), tcp), is('tcp flags', 16, 17, 24)),
    when(state('ESTABLISHED'), any(diagrams.not(tcp), status('seen-reply', 'assured', 'confirmed'))),
    when(state('ESTABLISHED'), any(tcp, status('seen-reply', 'confirmed'))),
    when(
      all(state('ESTABLISHED'), isIcmp),
      any(
        all(is('direction', 0), is('icmp type', ...questions!)),
        all(is('direction', 1), is('icmp type', ...answers!)),
      ),
    ),
    when(state('RELATED'), all(isIcmp, is('icmp type', ...errors!), is('direction', 1), status('confirmed'))),
    plain('source'),
    plain('destination'),
    is('hop limit', 64),
    is('dscp', 0),
    lengths,
  ];
}
