import { createTwoFilesPatch } from 'diff';
import type { RiskName } from '../../firewall/guard/control-path.ts';
import type { CutConversation } from '../../firewall/guard/cut-conversations.ts';
import type { Cut } from '../../firewall/guard/find-cuts.ts';
import { steadyNftText } from '../../firewall/nft-tables.ts';
import { formatAddress } from '../../net/address.ts';
import { protocolName } from '../../net/protocol.ts';
import { regionLines } from '../firewall/compare-text.ts';
import { packetText } from '../firewall/explain-text.ts';
import type { Style } from '../io.ts';
import { table } from '../table.ts';
import type { PlanReport, SeenReport } from './plan-report.ts';

/** Returns what changes in the text of the table as a unified diff; empty where nothing does. */
export function patchOf({ change: { before, after, canonical, isEmpty } }: PlanReport): string {
  if (isEmpty) return '';
  const lines = (text: string) => (text === '' ? '' : `${steadyNftText(text).trimEnd()}\n`);
  // What follows from the two names is the line with which `diff` begins.
  return createTwoFilesPatch('in force', 'wanted', lines(before), lines(canonical ?? after), '', '').replace(
    /^=+\n/,
    '',
  );
}

/** Returns a plan for a person. */
export function planText(report: PlanReport, style: Style): string {
  const { change, live, recorded, cuts, hasDrifted, notes } = report;
  if (change.isEmpty) return `nothing to change: the table is as ${report.desired.source} says\n`;
  const parts = [coloured(patchOf(report), style), blocksText(report), differencesText(report, style)];
  parts.push(seenText('open now', live), seenText('last 7 days', recorded));
  if (hasDrifted === true)
    parts.push(
      `${style('yellow', 'drift')}: the table is not what was applied last: somebody else changed it\n`,
    );
  for (const note of notes) parts.push(`${style('yellow', 'note')}: ${note}\n`);
  for (const cut of cuts) parts.push(`${style('red', 'risk')}: ${cutText(cut)}\n`);
  return parts.join('');
}

/** Returns one cut as a sentence, e.g. `this cuts ssh from 203.0.113.7 (input: policy drop)`. */
export function cutText({ risk, title, outcome, rule, why }: Cut): string {
  const what = title.startsWith(risk) ? title : `${risk}: ${title}`;
  const by = rule === undefined ? '' : ` (${rule.chain}: ${rule.text})`;
  if (outcome === 'deny') return `this cuts ${what}${by}`;
  return `this may cut ${what}, which is not known${why === undefined ? by : `: ${why}`}`;
}

/** Returns the cuts that are not accepted. */
export function refusedCuts(cuts: readonly Cut[], accepted: readonly RiskName[]): Cut[] {
  return cuts.filter(({ risk }) => !accepted.includes(risk));
}

/** Returns why a change is refused, and how to have it all the same. */
export function refusalText(refused: readonly Cut[], style: Style): string {
  const names = [...new Set(refused.map(({ risk }) => risk))].join(',');
  const lines = refused.map((cut) => `${style(['red', 'bold'], 'refused')}: ${cutText(cut)}\n`);
  return `${lines.join('')}  ${style('cyan', 'help')}: let it pass in the wanted state, or take the risk: --accept-risk=${names}\n`;
}

/** What is opened and closed, as sets of packets with an example each. */
function differencesText({ comparison }: PlanReport, style: Style): string {
  if (comparison === undefined) return '';
  const certain = comparison.differences.filter(({ kind }) => kind !== 'may differ');
  const open = comparison.differences.length - certain.length;
  const blocks = certain.map((one) => {
    const { family, chain } = one.path;
    return `${style('yellow', one.kind)}: IPv${family} ${chain.toLowerCase()}: ${regionLines(one)}\n  e.g. ${packetText(one.example)}\n`;
  });
  const more = [
    ...(comparison.paths.some(({ isCut }) => isCut) ? ['more changes than is told here'] : []),
    ...(open > 0 ? ['some may change by limits, or by what is not followed (see -o json)'] : []),
  ];
  return `${blocks.join('')}${more.map((text) => `${style('dim', text)}\n`).join('')}`;
}

function blocksText({ change: { keeps, ends } }: PlanReport): string {
  const list = (sets: Readonly<Record<string, number>>) =>
    Object.entries(sets)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  return [
    ...(Object.keys(keeps).length > 0
      ? [`blocks that go on with the time they have left: ${list(keeps)}\n`]
      : []),
    ...(Object.keys(ends).length > 0
      ? [`blocks that end, since their set goes or changes: ${list(ends)}\n`]
      : []),
  ].join('');
}

function seenText(name: string, report: SeenReport): string {
  if (!report.isKnown) return `${name}: not known: ${report.why}\n`;
  const { counts, examples, unseen } = report;
  const told = [
    `${counts.looked} conversations looked at`,
    ...(counts.now > 0 ? [`${counts.now} cut at once`] : []),
    ...(counts.anew > 0 ? [`${counts.anew} could not begin any more`] : []),
    ...(counts.unknown > 0 ? [`${counts.unknown} not known`] : []),
    ...(counts.now + counts.anew + counts.unknown === 0 ? ['none cut'] : []),
    ...(counts.unseen + unseen > 0 ? [`${counts.unseen + unseen} not looked at`] : []),
  ].join(', ');
  const rows = examples.map((one) => [
    conversationText(one),
    one.when === 'now' ? 'cut at once' : 'not any more',
    one.rule,
  ]);
  return `${name}: ${told}\n${rows.length === 0 ? '' : table(['CONVERSATION', 'WHAT', 'RULE'], rows)}`;
}

function conversationText({ protocol, source, destination, port }: CutConversation): string {
  const to = formatAddress(destination);
  const end = port === undefined ? to : destination.family === 6 ? `[${to}]:${port}` : `${to}:${port}`;
  return `${formatAddress(source)} > ${end} ${protocolName(protocol)}`;
}

function coloured(patch: string, style: Style): string {
  return patch
    .split('\n')
    .map((line) => {
      if (/^(---|\+\+\+)/.test(line)) return style('bold', line);
      if (line.startsWith('+')) return style('green', line);
      return line.startsWith('-') ? style('red', line) : line;
    })
    .join('\n');
}
