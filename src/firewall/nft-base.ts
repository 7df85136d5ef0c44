import type { Base, Hook } from './ruleset.ts';

const hooks: Readonly<Record<string, Hook>> = {
  prerouting: 'PREROUTING',
  input: 'INPUT',
  forward: 'FORWARD',
  output: 'OUTPUT',
  postrouting: 'POSTROUTING',
};
/** Names of priorities (nft(8), CHAINS). */
const priorities: Readonly<Record<string, number>> = {
  raw: -300,
  mangle: -150,
  dstnat: -100,
  filter: 0,
  security: 50,
  srcnat: 100,
};

/** Where a chain hangs, a hook that is not followed, or neither when the words are not understood. */
export interface BaseReading {
  readonly base?: Base;
  /** Hooks before all others, at the device: `ingress`, `egress`. */
  readonly elsewhere?: string;
}

/** Returns where `type filter hook input priority filter` puts a chain of a table. */
export function readBase(words: readonly string[]): BaseReading {
  const at = words.indexOf('hook');
  const hook = at < 0 ? '' : (words[at + 1] ?? '');
  const from = words.indexOf('priority');
  const priority =
    from < 0 ? 0 : priorityOf(words.slice(from + 1).filter((text) => text !== '=' && text !== ';'));
  if (hook === 'ingress' || hook === 'egress') return { elsewhere: hook };
  if (!Object.hasOwn(hooks, hook) || priority === undefined) return {};
  const isNat = words[1] === 'nat';
  return { base: { hook: hooks[hook]!, priority, ...(isNat && { nat: true as const }) } };
}

/** Returns the priority of `0`, `-150`, `filter`, `dstnat + 5`, or undefined. */
function priorityOf(words: readonly string[]): number | undefined {
  const [, name, offset] = /^(-?\d+|[a-z]+)([+-]\d+)?$/.exec(words.join('')) ?? [];
  if (name === undefined) return undefined;
  const start = /\d/.test(name)
    ? Number(name)
    : Object.hasOwn(priorities, name)
      ? priorities[name]
      : undefined;
  return start === undefined ? undefined : start + Number(offset ?? 0);
}
