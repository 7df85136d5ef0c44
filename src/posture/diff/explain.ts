import type { Reason, Verdict } from '../../flow/verdict.ts';
import { type Address, formatAddress } from '../../net/address.ts';
import type { ApiProtocol } from '../../segmentation/protocol.ts';
import type { Declared } from '../posture.ts';
import { type ReachEnd, reachEndText } from '../reach/end.ts';
import { reach } from '../reach/query.ts';
import { type ChangedEnd, type ConnectionChange, shownEnd } from './diff.ts';
import { endpointOf, exampleAddress, examplePort } from './example.ts';
import { decidingReasons } from './why.ts';

/** One connection out of a set of them. */
export interface Packet {
  /** A workload's name, an address, or what the end calls itself. */
  readonly source: string;
  readonly destination: string;
  readonly protocol: ApiProtocol;
  readonly port: number;
}

/** A change with one packet that shows it, and why that packet fares otherwise than before. */
export interface ExplainedChange extends ConnectionChange {
  readonly example: Packet;
  /** The deciding reason in each set; absent where an end is not there, or cannot be asked for. */
  readonly why: { readonly before?: Reason; readonly after?: Reason };
}

/** Returns the change with an example and the deciding reasons in both sets. */
export function explainChange(change: ConnectionChange, before: Declared, after: Declared): ExplainedChange {
  const [source, destination] = [shownEnd(change.source), shownEnd(change.destination)];
  const addressOf = (end: ReachEnd) =>
    end.kind === 'external' ? exampleAddress(end.range, before, after) : undefined;
  const addresses = { source: addressOf(source), destination: addressOf(destination) };
  const { protocol, port } = examplePort(change.ports, destination) ?? { protocol: 'TCP', port: 0 };
  const ask = (declared: Declared, side: keyof ChangedEnd): Verdict | undefined => {
    const [from, to] = [change.source[side], change.destination[side]];
    const start = from && endpointOf(from, declared, addresses.source);
    const target = to && endpointOf(to, declared, addresses.destination);
    return start && target && reach(declared, start, target, protocol, port);
  };
  return {
    ...change,
    example: {
      source: nameOf(source, addresses.source),
      destination: nameOf(destination, addresses.destination),
      protocol,
      port,
    },
    why: decidingReasons(ask(before, 'before'), ask(after, 'after')),
  };
}

function nameOf(end: ReachEnd, address: Address | undefined): string {
  return address === undefined ? reachEndText(end) : formatAddress(address);
}
