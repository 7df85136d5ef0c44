import { parseMasked } from './iptables-numbers.ts';
import { parseDscp } from './nft-fields.ts';
import { drawn, parsePorts, parseRange } from './nft-nat.ts';
import { parseWord } from './nft-numbers.ts';
import type { Action, Effect, NumberField, Target, Translation } from './ruleset.ts';

/** An option of a target with its value, as written. */
export interface TargetOption {
  /** With its dashes. */
  readonly name: string;
  readonly value: string;
}

const effects: Readonly<Record<string, Effect>> = {
  ACCEPT: 'accept',
  DROP: 'drop',
  REJECT: 'drop',
  RETURN: 'return',
  DNAT: 'translate',
  REDIRECT: 'translate',
  NETMAP: 'translate',
  TPROXY: 'translate',
  SNAT: 'accept',
  MASQUERADE: 'accept',
  QUEUE: 'unknown',
  NFQUEUE: 'unknown',
  SYNPROXY: 'unknown',
};
const continuing = new Set(
  'CT NOTRACK LOG NFLOG ULOG MARK CONNMARK CHECKSUM CLASSIFY DSCP TOS TTL HL ECN TCPMSS TCPOPTSTRIP TEE TRACE SET'
    .concat(' AUDIT CONNSECMARK SECMARK HMARK IDLETIMER LED RATEEST ACCOUNT')
    .split(' '),
);

/** Returns what `-j NAME` is: an extension, or a jump to the chain of that name. */
export function effectOf(name: string): Effect {
  if (continuing.has(name)) return 'continue';
  return Object.hasOwn(effects, name) ? effects[name]! : 'jump';
}

/** Returns what a target writes into addresses and ports, for a rule of `chain`; undefined when that is not known. */
export function translationOf(
  name: string,
  options: readonly TargetOption[],
  chain: string,
): Pick<Target, 'effect' | 'translation'> | undefined {
  const written = translationFrom(name, options, chain);
  const isRandom = options.some((one) => one.name === '--random' || one.name === '--random-fully');
  if (!isRandom || written?.translation === undefined) return written;
  return { ...written, translation: drawn(written.translation) };
}

function translationFrom(
  name: string,
  options: readonly TargetOption[],
  chain: string,
): ReturnType<typeof translationOf> {
  const value = (...names: string[]) => options.find((one) => names.includes(one.name))?.value;
  switch (name) {
    case 'DNAT':
      return { effect: 'translate', ...translated('destination', value('--to-destination')) };
    case 'SNAT':
      return { effect: 'accept', ...translated('source', value('--to-source')) };
    case 'REDIRECT':
      return { effect: 'translate', ...onInterface('destination', value('--to-ports', '--to-port')) };
    case 'MASQUERADE':
      return { effect: 'accept', ...onInterface('source', value('--to-ports')) };
    case 'NETMAP':
      return mapped(value('--to'), chain);
    default:
      return undefined;
  }
}

/** `10.0.0.1`, `10.0.0.1-10.0.0.9:80-90`, `:80`, `[2001:db8::1]:80`; a port to count from, `/`, is not modelled. */
function translated(end: Translation['end'], text = ''): { readonly translation?: Translation } {
  const isSix = text.startsWith('[') || text.indexOf(':') !== text.lastIndexOf(':');
  const cut = text.startsWith('[') ? text.indexOf(']:') + 1 : isSix ? 0 : text.indexOf(':') + 1;
  const address = cut > 0 ? text.slice(0, text.startsWith('[') ? cut : cut - 1) : text;
  const port = cut > 0 ? text.slice(text.startsWith('[') ? cut + 1 : cut) : '';
  const addresses = address === '' ? undefined : address.includes('/') ? undefined : parseRange(address);
  const ports = port === '' ? undefined : parsePorts(port);
  if (text === '' || (address !== '' && !addresses) || (port !== '' && !ports)) return {};
  return { translation: { end, ...(addresses && { addresses }), ...(ports && { ports }) } };
}

function onInterface(end: Translation['end'], port?: string): { readonly translation?: Translation } {
  const ports = port === undefined ? undefined : parsePorts(port);
  if (port !== undefined && ports === undefined) return {};
  return { translation: { end, addresses: 'interface', ...(ports && { ports }) } };
}

/** NETMAP writes the destination before routing, the source after it; in a chain of one's own either. */
function mapped(text: string | undefined, chain: string): Pick<Target, 'effect' | 'translation'> {
  const addresses = text === undefined ? undefined : parseRange(text);
  const end = chain === 'PREROUTING' || chain === 'OUTPUT' ? 'destination' : 'source';
  const isKnown = ['PREROUTING', 'OUTPUT', 'POSTROUTING', 'INPUT'].includes(chain);
  if (addresses === undefined || !isKnown) return { effect: 'translate' };
  const effect = end === 'source' ? 'accept' : 'translate';
  return { effect, translation: { end, addresses, keepsHost: true } };
}

const all = 0xffffffff;

/** Returns what a target does to the packet that later rules may ask for, before the next rule is tried. */
export function actionOf(name: string, options: readonly TargetOption[]): Action | undefined {
  const text = [name, ...options.map((one) => `${one.name} ${one.value}`.trim())].join(' ');
  const unknown: Action = { kind: 'opaque', text };
  switch (name) {
    case 'NOTRACK':
      return { kind: 'untrack' };
    case 'CT':
      if (options.some((one) => one.name === '--notrack')) return { kind: 'untrack' };
      return options.some((one) => one.name.startsWith('--zone')) ? unknown : undefined;
    case 'MARK':
      return markAction('mark', options) ?? unknown;
    case 'CONNMARK':
      return markAction('connection mark', options) ?? copyAction(options) ?? unknown;
    case 'DSCP':
    case 'TTL':
    case 'HL':
    case 'CLASSIFY':
      return setAction(options) ?? unknown;
    case 'TOS':
    case 'HMARK':
      return unknown;
    default:
      return undefined;
  }
}

function setting(field: NumberField, keep: number, flip: number): Action {
  return { kind: 'set number', field, keep: keep >>> 0, flip: flip >>> 0 };
}

/** `--set-mark`, `--set-xmark`, `--and-mark`, `--or-mark`, `--xor-mark`. */
function markAction(field: NumberField, options: readonly TargetOption[]): Action | undefined {
  const [{ name, value } = { name: '', value: '' }, more] = options;
  const [bits, mask] = parseMasked(value) ?? [];
  if (bits === undefined || mask === undefined || more !== undefined) return undefined;
  switch (name) {
    case '--set-mark':
      return setting(field, ~(bits | mask), bits);
    case '--set-xmark':
      return setting(field, ~mask, bits);
    case '--and-mark':
      return setting(field, bits, 0);
    case '--or-mark':
      return setting(field, ~bits, bits);
    case '--xor-mark':
      return setting(field, all, bits);
    default:
      return undefined;
  }
}

/** `--save-mark` and `--restore-mark`, with the bits that are read and those that are written. */
function copyAction(options: readonly TargetOption[]): Action | undefined {
  const bits = (name: string) => {
    const value = options.find((one) => one.name === name || one.name === '--mask')?.value;
    return value === undefined ? all : parseWord(value);
  };
  const [packet, connection] = [bits('--nfmask'), bits('--ctmask')];
  if (packet === undefined || connection === undefined) return undefined;
  const copy = (field: NumberField, written: number, from: NumberField, mask: number): Action => ({
    kind: 'set number',
    field,
    keep: ~written >>> 0,
    flip: 0,
    from: { field: from, mask },
  });
  if (options.some(({ name }) => name === '--save-mark'))
    return copy('connection mark', connection, 'mark', packet);
  if (options.some(({ name }) => name === '--restore-mark'))
    return copy('mark', packet, 'connection mark', connection);
  return undefined;
}

function setAction(options: readonly TargetOption[]): Action | undefined {
  const [{ name, value } = { name: '', value: '' }] = options;
  const number = name === '--set-dscp-class' || name === '--set-dscp' ? parseDscp(value) : parseWord(value);
  if (name === '--set-class') {
    const [, major, minor] = /^([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(value) ?? [];
    return major === undefined || minor === undefined
      ? undefined
      : setting('priority', 0, (Number.parseInt(major, 16) << 16) | Number.parseInt(minor, 16));
  }
  if (number === undefined) return undefined;
  if (name.startsWith('--set-dscp')) return setting('dscp', 0, number);
  return name === '--ttl-set' || name === '--hl-set' ? setting('hop limit', 0, number) : undefined;
}
