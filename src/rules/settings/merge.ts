import type { SettingNode } from './node.ts';

/** How an included file joins what is there; Falco's default is `append`. */
export const strategies = ['append', 'override', 'add-only'] as const;
export type Strategy = (typeof strategies)[number];

/** Returns both configurations as one, by their keys at the top. What is no mapping adds nothing. */
export function merge(base: SettingNode, added: SettingNode, strategy: Strategy): SettingNode {
  if (added.kind !== 'map') return base;
  const entries = new Map(base.kind === 'map' ? base.entries : []);
  for (const [key, value] of added.entries) {
    const before = entries.get(key);
    if (before === undefined || strategy === 'override') entries.set(key, value);
    else if (strategy === 'append') {
      const isGrowing = before.kind === 'list' && value.kind === 'list';
      entries.set(key, isGrowing ? { ...before, items: [...before.items, ...value.items] } : value);
    }
  }
  return { kind: 'map', entries, place: base.place };
}
