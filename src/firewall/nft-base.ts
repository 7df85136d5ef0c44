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
/** Returns where `type filter hook input priority filter` puts a chain, or undefined when that is not understood. */
export function readBase(words: readonly string[]): Base | undefined {
  const hook = words[words.indexOf('hook') + 1] ?? '';
  const at = words.indexOf('priority');
  const priority = at < 0 ? 0 : priorityOf(words.slice(at + 1).filter((text) => text !== '='));
  if (!Object.hasOwn(hooks, hook) || priority === undefined) return undefined;
  return { hook: hooks[hook]!, priority, ...(words[1] === 'nat' && { nat: true as const }) };
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
