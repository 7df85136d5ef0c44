import { addressBits } from '../net/address.ts';
import { parsePrefix } from '../net/prefix.ts';
import type { Action } from './model.ts';
import { shortPrefix } from './short-prefix.ts';

/** The table that holds responses, and nothing else. */
export const respondTable = 'inet picket_respond';
/** Elements that each set has room for: far more than responses there may be at a time. */
const size = 8192;
/** Before connection tracking (-200) and NOTRACK of iptables (-300), after fragments are put together (-400; linux/netfilter_ipv4.h): cut connections end, and keep no entry alive. */
const priority = -310;

const families = [4, 6] as const;

/**
 * Returns input for `nft -f` (nft(8)) that makes the table with its sets, where they are not there yet, and its rules anew. Elements that are
 * there stay. Rules drop what comes from a blocked address or prefix and what goes to one, then what exceeds the rate of a limited one.
 */
export function tableText(): string {
  const add = (kind: string, name: string, body: string) => `add ${kind} ${respondTable} ${name} { ${body} }`;
  const lines = [`add table ${respondTable}`];
  for (const family of families) {
    const type = `ipv${family}_addr`;
    lines.push(
      add('set', `block${family}`, `type ${type}; size ${size}; flags timeout;`),
      // A concatenation: an addition to a plain set of intervals costs as much as all that is in it.
      add('set', `nets${family}`, `type ${type} . inet_proto; size ${size}; flags interval, timeout;`),
      add('map', `limit${family}`, `type ${type} : limit; size ${size}; flags timeout;`),
    );
  }
  for (const [chain, hook] of [
    ['incoming', 'prerouting'],
    ['outgoing', 'output'],
  ] as const)
    lines.push(
      add('chain', chain, `type filter hook ${hook} priority ${priority}; policy accept;`),
      `flush chain ${respondTable} ${chain}`,
      ...(chain === 'incoming' ? rules('saddr') : []).map(
        (rule) => `add rule ${respondTable} ${chain} ${rule}`,
      ),
      ...rules('daddr').map((rule) => `add rule ${respondTable} ${chain} ${rule}`),
      ...(chain === 'incoming' ? limits : []).map((rule) => `add rule ${respondTable} ${chain} ${rule}`),
    );
  return `${lines.join('\n')}\n`;
}

function rules(end: 'saddr' | 'daddr'): string[] {
  return families.flatMap((family) => {
    const field = `${family === 4 ? 'ip' : 'ip6'} ${end}`;
    return [`${field} @block${family} counter drop`, `${field} . meta l4proto @nets${family} counter drop`];
  });
}

const limits = families.map(
  (family) => `limit name ${family === 4 ? 'ip' : 'ip6'} saddr map @limit${family} counter drop`,
);

/**
 * Returns the table as `nft list` would print it with one prefix blocked and nothing else, for judging packets by it before anything is done
 * (`parseNft`). A limit is shown as a block: how much of what somebody needs exceeds it cannot be told.
 */
export function judgedText({ prefix }: Action): string {
  const { address, length } = parsePrefix(prefix)!;
  const isSingle = length === addressBits(address.family);
  const sets = families.flatMap((family) => {
    const isOwn = family === address.family;
    const elements = (text: string, fits: boolean) => (isOwn && fits ? `elements = { ${text} }` : '');
    return [
      `set block${family} { type ipv${family}_addr; ${elements(shortPrefix(prefix), isSingle)} }`,
      `set nets${family} { type ipv${family}_addr . inet_proto; flags interval; ${elements(`${prefix} . 0-255`, !isSingle)} }`,
    ];
  });
  const chain = (name: string, hook: string, lines: readonly string[]) =>
    `chain ${name} { type filter hook ${hook} priority ${priority}; policy accept;\n${lines.join('\n')}\n}`;
  const incoming = chain('incoming', 'prerouting', [...rules('saddr'), ...rules('daddr')]);
  const outgoing = chain('outgoing', 'output', rules('daddr'));
  return `table ${respondTable} {\n${[...sets, incoming, outgoing].join('\n')}\n}\n`;
}

/** What puts an action in force, changes how long it lasts, and takes it back: input for `nft -f`, which does each whole or not at all. */
export interface TableChange {
  /** Adds it for so many seconds. */
  put(seconds: number): string;
  /** Makes it end so many seconds from now; fails where it is not there any more. */
  extend(seconds: number): string;
  readonly remove: string;
  /** What stays behind where the kernel ended it; undefined where nothing does. */
  readonly leftover?: string;
  /** Where the kernel shows it: a set or map, and the text of its element. */
  readonly set: string;
  readonly element: string;
}

/** Returns the changes for one response; `id` names it in the listing of nft, so that an element tells whose it is. */
export function changeOf(action: Action, id: string): TableChange {
  const { address, length } = parsePrefix(action.prefix)!;
  const { family } = address;
  const text = shortPrefix(action.prefix);
  if (action.kind === 'limit') {
    const { count, period, burst } = action.rate;
    const rate = `rate over ${count}/${period} burst ${burst} packets`;
    const named = timed(`limit${family}`, text, id, ` : "${id}"`);
    const object = `limit ${respondTable} ${id}`;
    return {
      ...named,
      put: (seconds) => `add ${object} { ${rate}; }\n${named.put(seconds)}`,
      remove: `${named.remove}delete ${object}\n`,
      leftover: `delete ${object}\n`,
    };
  }
  return length === addressBits(family)
    ? timed(`block${family}`, text, id)
    : timed(`nets${family}`, `${text} . 0-255`, id);
}

function timed(set: string, element: string, id: string, value = ''): TableChange {
  const remove = `delete element ${respondTable} ${set} { ${element}${value} }\n`;
  const put = (seconds: number) =>
    `add element ${respondTable} ${set} { ${element} timeout ${seconds}s comment "${id}"${value} }\n`;
  return { set, element, put, remove, extend: (seconds) => `${remove}${put(seconds)}` };
}
