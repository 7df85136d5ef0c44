import type { Family } from '../net/address.ts';
import { protocolNumber } from '../net/protocol.ts';
import { ProtocolSet } from '../net/protocol-set.ts';
import { WordSet } from '../net/word-set.ts';
import type { OptionRole } from './iptables-options.ts';
import { opaque } from './nft-field.ts';
import { parseDscp } from './nft-fields.ts';
import { parseWord } from './nft-numbers.ts';
import type { ConnectionStatus, Match, NumberField, PacketType } from './ruleset.ts';
import { parseNetwork, parsePortRange } from './values.ts';

/** Returns value and mask of `0x1/0xff`, or undefined. */
export function parseMasked(text: string): readonly [value: number, mask: number] | undefined {
  const [value, mask = 0xffffffff, more] = text.split('/').map(parseWord);
  return value === undefined || more !== undefined || text.endsWith('/') ? undefined : [value, mask ?? 0];
}

const statuses: Readonly<Record<string, ConnectionStatus>> = {
  EXPECTED: 'expected',
  SEEN_REPLY: 'seen-reply',
  ASSURED: 'assured',
  CONFIRMED: 'confirmed',
};

/**
 * Returns the condition of an option about numbers and the connection (iptables-extensions(8)): conntrack, mark,
 * connmark, length, ttl, hl, dscp, mac, pkttype; undefined when its value is faulty. `module` is the one loaded last of
 * those that know the option.
 */
export function readNumberMatch(
  role: OptionRole,
  value: string,
  negated: boolean,
  family: Family,
  module: string,
): Match | undefined {
  switch (role) {
    case 'mark': {
      const [wanted, mask] = parseMasked(value) ?? [];
      const field = module === 'connmark' ? 'connection mark' : 'mark';
      return wanted === undefined ? undefined : numberMatch(field, wanted, wanted, negated, mask);
    }
    case 'length':
      return ranged('length', value, 65535, negated);
    case 'hops':
      return ranged('hop limit', value, 255, negated);
    case 'fewer hops':
      return bounded('hop limit', value, negated, (bound) => [0, bound - 1]);
    case 'more hops':
      return bounded('hop limit', value, negated, (bound) => [bound + 1, 255]);
    case 'dscp':
    case 'dscp class': {
      const code = parseDscp(value);
      return code === undefined ? undefined : numberMatch('dscp', code, code, negated);
    }
    case 'original source':
    case 'original destination': {
      const addresses = parseNetwork(value, family);
      return addresses && { kind: role, addresses, negated };
    }
    case 'original source port':
    case 'original destination port': {
      const ports = parsePortRange(value, ':');
      return ports && { kind: role, ports, negated };
    }
    case 'direction':
      return value === 'ORIGINAL' || value === 'REPLY'
        ? { kind: 'direction', direction: value === 'REPLY' ? 'reply' : 'original', negated }
        : undefined;
    case 'status':
      return status(value, negated);
    case 'tracked protocol':
      return trackedProtocol(value, negated);
    case 'hardware source':
      return /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(value)
        ? { kind: 'hardware source', addresses: new Set([value.toLowerCase()]), negated }
        : undefined;
    case 'packet type':
      return ['unicast', 'broadcast', 'multicast'].includes(value)
        ? { kind: 'packet type', types: new Set([value as PacketType]), negated }
        : undefined;
    default:
      return undefined;
  }
}

function numberMatch(
  field: NumberField,
  from: number,
  to: number,
  negated: boolean,
  mask = 0xffffffff,
): Match {
  const part = mask === 0xffffffff ? {} : { mask };
  const values = from > to ? WordSet.empty : WordSet.range(from, to);
  return { kind: 'number', field, ...part, values, negated };
}

function ranged(field: NumberField, value: string, max: number, negated: boolean): Match | undefined {
  const [, low, colon, high] = /^(\d*)(:?)(\d*)$/.exec(value) ?? [];
  if (low === undefined || value === '') return undefined;
  const from = Number(low || 0);
  const to = colon === '' ? from : Number(high || max);
  return Math.max(from, to) > max ? undefined : numberMatch(field, from, to, negated);
}

function bounded(
  field: NumberField,
  value: string,
  negated: boolean,
  range: (bound: number) => [number, number],
): Match | undefined {
  const bound = parseWord(value);
  if (bound === undefined || bound > 255) return undefined;
  return numberMatch(field, ...range(bound), negated);
}

function status(value: string, negated: boolean): Match | undefined {
  const names = value.split(',');
  if (names.includes('NONE')) return opaque(`${negated ? '! ' : ''}--ctstatus ${value}`);
  if (!names.every((name) => Object.hasOwn(statuses, name))) return undefined;
  return { kind: 'status', statuses: new Set(names.map((name) => statuses[name]!)), negated };
}

/** The protocol of the connection: of an error that belongs to one it is another than the packet's own. */
function trackedProtocol(value: string, negated: boolean): Match | undefined {
  const number = value.toLowerCase() === 'all' ? 0 : protocolNumber(value);
  if (number === undefined) return undefined;
  const protocols = ProtocolSet.of(number);
  const state = (...names: string[]): Match => ({ kind: 'state', states: new Set(names), negated: false });
  const own: Match = { kind: 'protocol', protocols, negated };
  const related = opaque(`${negated ? '! ' : ''}--ctproto ${value}`);
  return {
    kind: 'any of',
    alternatives: [
      [state('NEW', 'ESTABLISHED'), own],
      [state('RELATED'), related],
    ],
    negated: false,
  };
}
