import type { ListedSet } from './listing.ts';

/** Returns the sets that `ipset list -terse` prints (ipset(8)). Never throws. Linear. */
export function readIpsetList(text: string): ListedSet[] {
  const sets: ListedSet[] = [];
  for (const block of text.split(/\n(?=Name: )/)) {
    const field = (name: string) =>
      block
        .split('\n')
        .find((line) => line.startsWith(`${name}: `))
        ?.slice(name.length + 2)
        .trim();
    const name = field('Name');
    if (name === undefined) continue;
    const most = /\bmaxelem (\d+)/.exec(field('Header') ?? '')?.[1];
    const elements = field('Number of entries');
    sets.push({
      name,
      table: 'ipset',
      kind: field('Type') ?? '',
      elements: /^\d{1,9}$/.test(elements ?? '') ? Number(elements) : 0,
      ...(most !== undefined && { most: Number(most) }),
    });
  }
  return sets;
}
