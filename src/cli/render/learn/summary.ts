import { whyExtra } from '../../../posture/learn/extras.ts';
import type { FlowCounts } from '../../../posture/learn/flow-log.ts';
import { edgeText, type Learned } from '../../../posture/learn/learn.ts';
import { workloadName } from '../../../segmentation/model.ts';
import type { Style } from '../../io.ts';
import { printable, wrap } from '../../table.ts';
import { endWords, portsWords } from '../diff/words.ts';

/** Names and extras that are told one by one. */
const maxNames = 8;
const maxExtras = 10;

/** Returns what was read, what was not seen, and the proof, for people. Ends with a line feed. */
export function learnSummary(learned: Learned, counts: FlowCounts, style: Style, columns: number): string {
  const { observation, proposal, replay, extras, caught } = learned;
  const width = Math.min(columns, 110);
  const out = [
    counts.broken > 0 ? `${counts.broken} lines are no flow` : '',
    counts.unestablished > 0 ? `${counts.unestablished} never established` : '',
    counts.others > 0 ? `${counts.others} other records` : '',
    observation.outOfScope.length > 0 ? `${observation.outOfScope.length} connections no policy decides` : '',
    observation.unidentified.length > 0
      ? `${observation.unidentified.length} connections not identified`
      : '',
  ].filter((text) => text !== '');
  const lines = [
    `${counts.flows} flows, ${observation.edges.length} different connections${out.length > 0 ? `; left out: ${out.join(', ')}` : ''}`,
    `${of(proposal.policies.length, 'policy', 'policies')} proposed`,
    ...names(
      'not observed, so no policy (observe longer, or write one)',
      proposal.unobserved.filter((workload) => !caught.includes(workload)).map(workloadName),
    ),
    ...names(
      'not observed, and closed by a policy all the same: they share their labels with others',
      caught.map(workloadName),
    ),
    ...names('no stable label, so no policy', proposal.unlabelled.map(workloadName)),
    ...names(
      'perhaps in the mesh, which no manifest tells (declare the namespace)',
      proposal.meshUnknown.map(workloadName),
    ),
    ...names(
      'decided by other controls than NetworkPolicies',
      replay.byOthers.map(({ edge }) => edgeText(edge)),
    ),
  ];
  const total = replay.allowed + replay.refused.length;
  lines.push(
    replay.refused.length === 0
      ? style('green', `replay: the proposal allows all ${total} observed connections`)
      : style(
          'red',
          `replay: the proposal does not allow ${replay.refused.length} of ${total} observed connections`,
        ),
  );
  if (extras.length === 0) lines.push('it admits nothing else');
  else lines.push(`beyond them it admits ${of(extras.length, 'connection', 'connections')}:`);
  for (const extra of extras.slice(0, maxExtras)) {
    const end = (one: typeof extra.source) => endWords({ after: one });
    lines.push(
      wrap(
        printable(`${end(extra.source)} → ${end(extra.destination)} ${portsWords(extra.ports)}`),
        width,
        '  ',
      ),
    );
    const why = whyExtra(replay.posture, extra);
    if (why !== undefined) lines.push(style('dim', wrap(printable(why), width, '      ')));
  }
  if (extras.length > maxExtras) lines.push(`  and ${extras.length - maxExtras} more (-o json lists all)`);
  return `${lines.join('\n')}\n`;
}

function names(what: string, list: readonly string[]): string[] {
  if (list.length === 0) return [];
  const more = list.length > maxNames ? ` and ${list.length - maxNames} more` : '';
  return [`${what}: ${printable(list.slice(0, maxNames).join(', '))}${more}`];
}

function of(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
