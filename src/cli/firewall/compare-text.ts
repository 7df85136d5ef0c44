import type { Difference } from '../../firewall/compare/compare.ts';
import { regionText } from '../../firewall/compare/words.ts';
import type { Style } from '../io.ts';
import { printable } from '../table.ts';
import type { ComparedVerdict, PlacedComparison, PlacedDifference } from './comparison.ts';
import { packetText, placeText } from './explain-text.ts';

const words = { allow: 'accepted', deny: 'dropped', unknown: 'not known' } as const;
const colours = { opened: 'red', closed: 'yellow', changed: 'yellow', 'may differ': 'cyan' } as const;

/** Returns what two packet filters do differently, for a person: each difference with an example and who decides. */
export function comparisonText(
  { equal, differences, paths, problems }: PlacedComparison,
  style: Style,
): string {
  const parts: string[] = [];
  for (const { versions, one } of bothVersions(differences)) parts.push(differenceText(one, versions, style));
  for (const { path, isCut, tooLarge } of paths) {
    const name = `IPv${path.family} ${path.chain.toLowerCase()}`;
    if (tooLarge !== undefined) parts.push(`${name}: not compared, ${tooLarge}\n`);
    if (isCut) parts.push(`${name}: there are more differences (--limit)\n`);
  }
  parts.push(`${summary(equal, differences, problems.length > 0)}\n`);
  return parts.join('\n');
}

/** What is true of both IP versions is told once. */
function bothVersions(differences: readonly PlacedDifference[]) {
  const told = new Map<string, { versions: number[]; one: PlacedDifference }>();
  for (const one of differences) {
    const { kind, path, text, old, new: now, fields } = one;
    const key = JSON.stringify([kind, path.chain, text, old, now, fields]);
    const known = told.get(key);
    if (known === undefined) told.set(key, { versions: [path.family], one });
    else if (!known.versions.includes(path.family)) known.versions.push(path.family);
  }
  return [...told.values()];
}

function differenceText(one: PlacedDifference, versions: readonly number[], style: Style): string {
  const { kind, path, example, fields, hangsOn } = one;
  const name = `${versions.map((version) => `IPv${version}`).join(' and ')} ${path.chain.toLowerCase()}`;
  const lines = [
    `${style(['bold', colours[kind]], kind)}: ${name}: ${regionLines(one)}`,
    ...(fields ? [`  leaves with another ${fields.join(', ')}`] : []),
    ...(hangsOn && hangsOn.length > 0 ? [`  hangs on ${hangsOn.map(printable).join('; ')}`] : []),
    `  e.g. ${packetText(example)}`,
    `  old  ${verdictText(one.old)}`,
    `  new  ${verdictText(one.new)}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** Returns the packets of a difference: what they have in common, and on lines of their own what is left out. */
export function regionLines({
  conditions,
  text,
  except,
}: Pick<Difference, 'conditions' | 'text' | 'except'>): string {
  if (except === undefined) return printable(text);
  const parts = [regionText(conditions), ...except.map((one) => `  but not ${one.text}`)];
  return parts.map(printable).join('\n');
}

function verdictText({ outcome, rule, place, why }: ComparedVerdict): string {
  const by = rule === undefined ? ': no rule concerns it' : `: ${printable(rule)}`;
  const reason = why === undefined ? '' : `, since ${why}`;
  return `${words[outcome]}${by}${place ? ` (${placeText(place)})` : ''}${reason}`;
}

function summary(
  equal: boolean | undefined,
  differences: readonly PlacedDifference[],
  hasProblems: boolean,
): string {
  if (equal) return 'equal: both do the same with every packet';
  const counts = (['opened', 'closed', 'changed', 'may differ'] as const).flatMap((kind) => {
    const count = differences.filter((one) => one.kind === kind).length;
    return count > 0 ? [`${count} ${kind}`] : [];
  });
  if (equal === false) return `different: ${counts.join(', ')}`;
  if (counts.length > 0) return `not known whether they differ: ${counts.join(', ')}`;
  return hasProblems
    ? 'no difference in what is followed; parts are not'
    : 'no difference was found, and not all was compared';
}
