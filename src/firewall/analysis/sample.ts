import type { Family } from '../../net/address.ts';
import { Protocol } from '../../net/protocol.ts';
import { hasPorts, type Packet } from '../packet.ts';
import type { ConnectionState, Match, TableFamily } from '../ruleset.ts';

type Draft = { -readonly [K in keyof Packet]?: Packet[K] };

/**
 * Returns a packet for which the conditions hold, as far as they are of the usual kinds; conditions of unknown outcome
 * are left out, for another one undefined is returned. What they do not say is not known, but that the packet is new
 * and comes from another machine. A protocol that nothing says is TCP.
 */
export function samplePacket(
  matches: readonly Match[],
  table: TableFamily,
  chain: Packet['chain'],
): Packet | undefined {
  const draft: Draft = { local: false };
  if (table !== 'inet') draft.family = table === 'ip' ? 4 : 6;
  for (const match of matches) {
    if (!add(draft, match)) return undefined;
  }
  const { family = 4, protocol = Protocol.Tcp, state = 'NEW' } = draft;
  if ((draft.port !== undefined || draft.sourcePort !== undefined) && !hasPorts(protocol)) return undefined;
  return { ...draft, family, protocol, state, chain };
}

/** Makes the condition hold for the draft; false when that cannot be done. */
function add(draft: Draft, match: Match): boolean {
  if (match.kind === 'opaque') return true;
  if (match.negated) return false;
  switch (match.kind) {
    case 'protocol':
      return set(draft, 'protocol', match.protocols.ranges()[0]?.from);
    case 'family':
      return set(draft, 'family', match.family);
    case 'source':
    case 'destination': {
      const address = match.addresses.first();
      return set(draft, match.kind, address) && setFamily(draft, address?.family);
    }
    case 'in':
    case 'out': {
      const name = match.names[0]?.replace(/\+$/, '0');
      if (name === 'lo') draft.local = true;
      return set(draft, match.kind === 'in' ? 'inInterface' : 'outInterface', name);
    }
    case 'destination port':
    case 'either port':
      return set(draft, 'port', match.ports.ranges()[0]?.from);
    case 'source port':
      return set(draft, 'sourcePort', match.ports.ranges()[0]?.from);
    case 'state': {
      const [first] = match.states;
      return set(draft, 'state', (match.states.has('NEW') ? 'NEW' : first) as ConnectionState | undefined);
    }
    case 'icmp': {
      const [first] = match.types;
      draft.icmpCode = first?.code ?? 0;
      return set(draft, 'protocol', match.protocol) && set(draft, 'icmpType', first?.type ?? 8);
    }
    case 'tcp flags':
      return match.set.size === 1 && match.set.has('SYN');
    default:
      return false;
  }
}

function setFamily(draft: Draft, family: Family | undefined): boolean {
  return set(draft, 'family', family);
}

/** Says one thing of the draft; false when another one was said already. */
function set<K extends keyof Draft>(draft: Draft, key: K, value: Draft[K]): boolean {
  if (value === undefined) return false;
  if (draft[key] !== undefined && draft[key] !== value) return false;
  draft[key] = value;
  return true;
}
