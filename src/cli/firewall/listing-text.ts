import type { ListedChain, ListedRule, ListedSet, Listing } from '../../firewall/listing/listing.ts';
import type { Style } from '../io.ts';
import { displayWidth, printable, wrap } from '../table.ts';

const colours: Readonly<Record<string, Parameters<Style>[0]>> = {
  accept: 'green',
  drop: 'red',
  translate: 'magenta',
  jump: 'cyan',
  goto: 'cyan',
};
/** No line is made narrower than this. */
const narrowest = 40;

/** Returns a packet filter for a person: hook by hook, chain by chain, each rule in words. Lines are broken at `columns`. */
export function listingText({ hooks, sets }: Listing, style: Style, columns: number): string {
  const width = Math.max(columns, narrowest);
  const blocks = hooks.map(({ hook, chains }) => {
    const lines = chains.flatMap((chain) => ['', ...chainLines(chain, style, width, '  ')]);
    return [style('bold', hook), ...lines.slice(1)].join('\n');
  });
  if (sets.length > 0)
    blocks.push([style('bold', 'SETS'), ...sets.flatMap((set) => setLines(set, width))].join('\n'));
  if (hooks.length === 0) blocks.unshift('no rules: every packet is accepted');
  return `${blocks.join('\n\n')}\n`;
}

function chainLines(chain: ListedChain, style: Style, width: number, indent: string): string[] {
  const { priority, type, family, table, name, backend, owner } = chain;
  const ends =
    chain.default === undefined ? '' : `, default ${style(colours[chain.default] ?? 'reset', chain.default)}`;
  const whose = owner === undefined ? '' : `, of ${style('bold', owner)}`;
  const where = priority === undefined ? '' : `${priority} ${type === 'nat' ? 'nat ' : ''}`;
  const head = `${where}${family} ${printable(table)} ${style('bold', printable(name))} (${backend})${ends}${whose}`;
  return [
    ...wrapped(head, width, indent),
    ...chain.rules.flatMap((rule) => ruleLines(rule, chain, style, width, `${indent}  `)),
  ];
}

function ruleLines(
  rule: ListedRule,
  chain: ListedChain,
  style: Style,
  width: number,
  indent: string,
): string[] {
  const does = coloured(printable(rule.does), colours[rule.effect], style);
  const count =
    rule.packets === undefined
      ? ''
      : ` ${coloured(`(${counted(rule.packets, rule.bytes ?? 0)})`, 'dim', style)}`;
  const whose = rule.owner === undefined || rule.owner === chain.owner ? '' : ` [${rule.owner}]`;
  const lines = wrapped(`${printable(rule.conditions)} → ${does}${count}${whose}`, width, indent);
  const inner =
    rule.chain?.rules.flatMap((one) => ruleLines(one, rule.chain!, style, width, `${indent}  `)) ?? [];
  return [...lines, ...inner];
}

/** Each word by itself, since lines may be broken between them. */
function coloured(text: string, format: Parameters<Style>[0] | undefined, style: Style): string {
  return format === undefined
    ? text
    : text
        .split(' ')
        .map((word) => style(format, word))
        .join(' ');
}

/** The first line at `indent`, those that follow four columns further in; a word that is too long is left whole. */
function wrapped(text: string, width: number, indent: string): string[] {
  if (displayWidth(indent + text) <= width) return [indent + text];
  return wrap(text, width, `${indent}    `)
    .split('\n')
    .map((line, at) => (at === 0 ? indent + line.trimStart() : line));
}

function counted(packets: number, bytes: number): string {
  const number = new Intl.NumberFormat('en-US');
  return `${number.format(packets)} packets, ${number.format(bytes)} bytes`;
}

function setLines({ name, table, kind, elements, most }: ListedSet, width: number): string[] {
  const number = new Intl.NumberFormat('en-US');
  const room = most === undefined ? '' : ` of at most ${number.format(most)}`;
  const unit = elements === 1 ? 'element' : 'elements';
  return wrapped(
    `${printable(table)} ${printable(name)}: ${number.format(elements)} ${unit}${room} (${printable(kind)})`,
    width,
    '  ',
  );
}
