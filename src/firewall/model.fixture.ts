import { formatAddress } from '../net/address.ts';
import type { Action, Match, Rule, Target } from './ruleset.ts';

/** Returns a rule of the model in one line: conditions in order with what is done between them, `=>`, and the target. */
export function shownRule({
  matches,
  actions = [],
  target,
}: Pick<Rule, 'matches' | 'actions' | 'target'>): string {
  const parts: string[] = [];
  for (let i = 0; i <= matches.length; i++) {
    for (const { after, action } of actions) if (after === i) parts.push(shownAction(action));
    if (i < matches.length) parts.push(shownMatch(matches[i]!));
  }
  return `${parts.join('; ')} => ${shownTarget(target)}`.trim();
}

/** Returns a condition as text; sets are sorted, so that equal ones have equal texts. */
export function shownMatch(match: Match): string {
  const { negated, kind, ...rest } = match;
  if (kind === 'any of') {
    const ways = match.alternatives.map((one) => one.map(shownMatch).join(' & ')).sort();
    return `${negated ? 'not ' : ''}any of [${ways.join(' | ')}]`;
  }
  const values = Object.entries(rest).map(([key, value]) => {
    if (typeof value === 'number' && key === 'mask') return `&0x${value.toString(16)}`;
    if (value instanceof Set) return [...value].sort().join(',') || 'none';
    if (Array.isArray(value)) return value.map(shownItem).sort().join(',');
    return value === true ? key : String(value);
  });
  return `${negated ? 'not ' : ''}${[kind, ...values].join(' ')}`;
}

function shownItem(item: unknown): string {
  if (typeof item === 'string') return item;
  const { type = '*', code = '*' } = item as { type?: number; code?: number };
  return `${type}/${code}`;
}

function shownAction(action: Action): string {
  if (action.kind === 'opaque') return `does ${action.text}`;
  if (action.kind === 'untrack') return 'untracks';
  const hex = (value: number) => `0x${value.toString(16)}`;
  const by = action.from ? `${action.from.field} & ${hex(action.from.mask)}` : hex(action.flip);
  return `${action.field} := old & ${hex(action.keep)} ^ ${by}`;
}

/** Returns a target as text: its effect, name, translation and cases. */
export function shownTarget({ effect, name, translation, cases }: Target): string {
  const parts = [effect === name ? effect : `${effect} ${name}`.trim()];
  if (translation !== undefined) {
    const { end, addresses, ports, keepsHost } = translation;
    const range =
      typeof addresses === 'object'
        ? `${formatAddress(addresses.from)}-${formatAddress(addresses.to)}`
        : (addresses ?? '');
    parts.push(
      `${end} ${range}${ports ? `:${ports.from}-${ports.to}` : ''}${keepsHost ? ' keeps host' : ''}`,
    );
  }
  if (cases !== undefined) {
    const shown = cases.map(
      (one) => `${one.matches.map(shownMatch).join(' & ')}: ${shownTarget(one.target)}`,
    );
    parts.push(`{ ${shown.sort().join(' | ')} }`);
  }
  return parts.join(' ');
}
