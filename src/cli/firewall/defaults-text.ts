import type { PathDefault } from '../../firewall/analysis/defaults.ts';

/** Returns one line that says what becomes of new connections that no rule is about, path by path. */
export function defaultsText(defaults: readonly PathDefault[]): string {
  const paths = Map.groupBy(defaults, ({ path }) => path);
  const parts = [...paths].map(([path, both]) => {
    const [first, ...others] = both.map(wordsOf);
    if (others.every((other) => other === first)) return `${path.toLowerCase()} ${first}`;
    return `${path.toLowerCase()} ${both.map((one) => `${wordsOf(one)} (IPv${one.family})`).join(', ')}`;
  });
  return `what no rule is about: ${parts.join('; ')}\n`;
}

function wordsOf({ outcome, policy, isFiltered }: PathDefault): string {
  if (!isFiltered) return 'accepted, not filtered';
  const isPolicy = (outcome === 'dropped') === (policy === 'drop');
  return outcome === 'not known' || isPolicy ? outcome : `${outcome} by a rule, policy ${policy}`;
}
