/** Returns a prefix as people write it: a single address without its length. */
export function shortPrefix(prefix: string): string {
  return prefix.replace(/(?<=^[^:]*)\/32$|(?<=:.*)\/128$/, '');
}
