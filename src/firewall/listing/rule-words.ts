import type { Family } from '../../net/address.ts';
import type { AddressSet } from '../../net/address-set.ts';
import { formatPrefix } from '../../net/prefix.ts';
import { protocolName } from '../../net/protocol.ts';
import type { ProtocolSet } from '../../net/protocol-set.ts';
import type { IcmpType, Match, Rule, Target } from '../ruleset.ts';
import { icmpName } from '../values.ts';

/** Values that are written out; of more it is said how many there are. */
const mostValues = 6;

/**
 * Returns the conditions of a rule in words of one kind, whatever language it was written in, e.g.
 * `tcp from 198.51.100.0/24 to port 22, new, in by eth0`; `all` for none.
 */
export function conditionWords(matches: readonly Match[]): string {
  const of = (...kinds: Match['kind'][]) => matches.filter((match) => kinds.includes(match.kind));
  const ends = (address: Match['kind'], port: Match['kind'], type: Match['kind']) =>
    [...of(address), ...of(type), ...of(port)].map(phrase).join(' ');
  const from = ends('source', 'source port', 'source type');
  const to = ends('destination', 'destination port', 'destination type');
  const protocol = protocolWords(of('protocol', 'icmp', 'family'));
  const head = [
    ...(protocol === '' ? [] : [protocol]),
    ...(from === '' ? [] : [`from ${from}`]),
    ...(to === '' ? [] : [`to ${to}`]),
  ].join(' ');
  const rest = matches.filter(({ kind }) => !inHead.has(kind)).map(phrase);
  const all = [...(head === '' ? [] : [head]), ...rest];
  return all.length === 0 ? 'all' : all.join(', ');
}

const inHead: ReadonlySet<Match['kind']> = new Set([
  'protocol',
  'icmp',
  'family',
  'source',
  'source port',
  'source type',
  'destination',
  'destination port',
  'destination type',
] as const);

/** One word or two for IP version, protocol and type: an IP version that the protocol tells is left out. */
function protocolWords(matches: readonly Match[]): string {
  const icmp = matches.filter(({ kind }) => kind === 'icmp');
  const others = matches.filter((match) => match.kind === 'protocol' && (icmp.length === 0 || match.negated));
  const isIcmp = icmp.length > 0 || others.some((match) => !match.negated && /icmp/.test(phrase(match)));
  const families = matches.filter((match) => match.kind === 'family' && !isIcmp);
  return [...new Set([...families, ...others, ...icmp].map(phrase))].join(' ');
}

function phrase(match: Match): string {
  const words = plainPhrase(match);
  return match.negated ? `not ${words}` : words;
}

function plainPhrase(match: Match): string {
  switch (match.kind) {
    case 'protocol':
      return protocolsText(match.protocols);
    case 'family':
      return `IPv${match.family}`;
    case 'source':
    case 'destination':
      return addressesText(match.addresses);
    case 'source port':
    case 'destination port':
      return `port ${portsText(match.ports)}`;
    case 'either port':
      return `port ${portsText(match.ports)} of either end`;
    case 'in':
    case 'out':
      return `${match.kind} by ${match.names.map((name) => name.replace(/\+$/, '*')).join(' or ')}`;
    case 'state':
      return [...match.states].map((state) => state.toLowerCase()).join(' or ');
    case 'icmp':
      return icmpText(match.types, match.protocol === 1 ? 4 : 6);
    case 'tcp flags':
      return `flags ${[...match.set].join('+').toLowerCase() || 'none'} of ${[...match.mask].join('+').toLowerCase()}`;
    case 'source type':
    case 'destination type':
      return `${[...match.types].join(' or ').toLowerCase()} address`;
    case 'number':
      return numberText(match);
    case 'original source':
    case 'original destination':
      return `${match.kind} ${addressesText(match.addresses)}`;
    case 'original source port':
    case 'original destination port':
      return `${match.kind} ${portsText(match.ports)}`;
    case 'direction':
      return `${match.direction} direction`;
    case 'status':
      return [...match.statuses].join(' or ');
    case 'fragment':
      return 'later fragments';
    case 'hardware source':
      return `from ${listText([...match.addresses])}`;
    case 'packet type':
      return [...match.types].join(' or ');
    case 'any of':
      return match.alternatives.length > mostValues
        ? `one of ${match.alternatives.length} combinations`
        : `(${match.alternatives.map(conditionWords).join(' | ')})`;
    case 'opaque':
      return match.text;
  }
}

function numberText({ field, mask, values }: Extract<Match, { kind: 'number' }>): string {
  const isMark = field === 'mark' || field === 'connection mark';
  const show = (value: number) => (isMark ? `0x${value.toString(16)}` : String(value));
  const ranges = values
    .ranges()
    .map(({ from, to }) => (from === to ? show(from) : `${show(from)}-${show(to)}`));
  return `${field} ${listText(ranges)}${mask === undefined ? '' : ` of ${show(mask)}`}`;
}

function addressesText(addresses: AddressSet): string {
  if (addresses.isEmpty) return 'no address';
  return listText(addresses.prefixes().map((prefix) => formatPrefix(prefix).replace(/\/(?:32|128)$/, '')));
}

function portsText(ports: { ranges(): readonly { readonly from: number; readonly to: number }[] }): string {
  return listText(ports.ranges().map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)));
}

function protocolsText(protocols: ProtocolSet): string {
  const ranges = protocols.ranges();
  return listText(
    ranges.map(({ from, to }) => (from === to ? protocolName(from) : `protocols ${from}-${to}`)),
    ' or ',
  );
}

function icmpText(types: readonly IcmpType[], family: Family): string {
  const names = types.map((type) => icmpName(type, family));
  return `${family === 4 ? 'icmp' : 'icmpv6'} ${listText(names)}`.trimEnd();
}

function listText(values: readonly string[], joint = ', '): string {
  if (values.length <= mostValues) return values.join(joint);
  return `${values.slice(0, mostValues - 1).join(joint)} and ${values.length - mostValues + 1} more`;
}

/** Returns what a rule does on the way to its target, e.g. `set mark 0x7`; what leaves a trace alone is named too. */
export function actionWords({ actions = [], target, text }: Rule): string[] {
  const words = actions.map(({ action }) => {
    if (action.kind === 'untrack') return 'untracked';
    if (action.kind === 'opaque') return action.text;
    const { field, keep, flip, from } = action;
    if (from !== undefined) return `set ${field} from ${from.field}`;
    return keep === 0 ? `set ${field} 0x${flip.toString(16)}` : `change bits of ${field}`;
  });
  // A statement of nft beside the verdict.
  if (/\blog\b/.test(text) && target.name !== 'LOG') words.push('log');
  return words;
}

/** Returns what a rule does, in a word or two, e.g. `accept`, `to chain KUBE-SERVICES`, `to 203.0.113.7 port 80`. */
export function targetWords({ effect, name, options }: Target): string {
  switch (effect) {
    case 'jump':
      return `chain ${name}`;
    case 'goto':
      return `chain ${name}, for good`;
    case 'accept':
      return /^accept$/i.test(name) ? 'accept' : written(name, options);
    case 'drop':
      return /^drop$/i.test(name) ? 'drop' : written(name, options);
    case 'return':
      return 'return';
    case 'continue':
      return name === '' ? 'go on' : `${written(name, options)}, go on`;
    default:
      return written(name, options);
  }
}

function written(name: string, options: string): string {
  return [name.toLowerCase(), options].filter((text) => text !== '').join(' ');
}
