import { type Address, parseAddress } from '../net/address.ts';
import type { IntegerRange } from '../net/integer-set.ts';
import { lastAddress, parsePrefix } from '../net/prefix.ts';
import type { NftToken } from './nft-lexer.ts';
import type { Target, Translation } from './ruleset.ts';
import { parsePortRange } from './values.ts';

/** Words after which nothing is an address (nft(8), NAT STATEMENTS). */
export const natFlags: ReadonlySet<string> = new Set(['random', 'fully-random', 'persistent', 'comment']);

type Range = { readonly from: Address; readonly to: Address };

/**
 * Returns the translation to `10.0.0.1`, `10.0.0.1-10.0.0.9:80-90`, `[2001:db8::1]:80`, `:8080`, `10.0.0.1 . 80` or
 * `10.0.0.0/8`; undefined when that is not understood. `isInterface`: the address is that of the interface.
 */
export function parseTranslation(
  tokens: readonly NftToken[],
  end: Translation['end'],
  isInterface: boolean,
  keepsHost: boolean,
): Translation | undefined {
  if (tokens.some(({ known }) => !known)) return undefined;
  const text = tokens.map((token) => token.text).join('');
  const dot = tokens.findIndex((token) => token.text === '.');
  const [address, port] =
    dot < 0 ? splitPort(text, isInterface) : [joined(tokens.slice(0, dot)), joined(tokens.slice(dot + 1))];
  const addresses = address === '' ? undefined : parseRange(address);
  const ports = port === '' ? undefined : parsePorts(port);
  if ((address !== '' && addresses === undefined) || (port !== '' && ports === undefined)) return undefined;
  if (isInterface && addresses !== undefined) return undefined;
  return {
    end,
    ...(isInterface ? { addresses: 'interface' as const } : addresses && { addresses }),
    ...(ports && { ports }),
    ...(keepsHost && { keepsHost: true as const }),
  };
}

/** Returns a target that translates as the flags after it say: `random` and `fully-random` draw ports by lot. */
export function withFlags(target: Target, flags: string): Target {
  const words = flags.replace(/\bcomment\b.*/, '').split(/[\s,]+/);
  if (!words.includes('random') && !words.includes('fully-random')) return target;
  const { translation, cases } = target;
  return {
    ...target,
    ...(translation && { translation: drawn(translation) }),
    ...(cases && { cases: cases.map((one) => ({ ...one, target: withFlags(one.target, flags) })) }),
  };
}

/** Returns the translation with a port that is drawn by lot; a destination for which the rule names none keeps its own. */
export function drawn(translation: Translation): Translation {
  const hasLot = translation.end === 'source' || translation.ports !== undefined;
  return hasLot ? { ...translation, isRandom: true } : translation;
}

function joined(tokens: readonly NftToken[]): string {
  return tokens.map(({ text }) => text).join('');
}

/** Cuts the ports off what they stand after; alone, a map gives an interface's rule its port without a colon. */
function splitPort(text: string, isPort: boolean): readonly [address: string, port: string] {
  if (isPort) return ['', text.replace(/^:/, '')];
  const bracket = text.lastIndexOf(']');
  const colon = text.lastIndexOf(':');
  if (bracket >= 0) return [text.slice(0, bracket + 1), text.slice(bracket + 2)];
  if (colon < 0 || text.indexOf(':') !== colon) return [text, ''];
  return [text.slice(0, colon), text.slice(colon + 1)];
}

/** Returns the range of one address, two, or a prefix; brackets are taken off. */
export function parseRange(text: string): Range | undefined {
  const plain = text.replaceAll(/[[\]]/g, '');
  const prefix = plain.includes('/') ? parsePrefix(plain) : undefined;
  if (prefix !== undefined) return { from: prefix.address, to: lastAddress(prefix) };
  const [low = '', high = low, more] = plain.split('-');
  const [from, to] = [parseAddress(low), parseAddress(high)];
  return from === undefined || to === undefined || more !== undefined || from.family !== to.family
    ? undefined
    : { from, to };
}

/** Returns the range of `80` or `8000-8100`, or undefined. */
export function parsePorts(text: string): IntegerRange | undefined {
  return /^-|-$/.test(text) ? undefined : parsePortRange(text, '-')?.ranges()[0];
}
