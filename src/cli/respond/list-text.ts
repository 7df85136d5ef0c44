import { visible } from '../../diagnostic/render/cells.ts';
import type { BlastRadius, Response } from '../../respond/model.ts';
import type { Io } from '../io.ts';

/** Returns responses as people read them, the newest first: what, why, what it would have cut, and what became of it. */
export function responsesText(responses: readonly Response[], now: number, style: Io['style']): string {
  if (responses.length === 0) return 'no responses\n';
  return [...responses]
    .reverse()
    .map((one) => `${style('bold', one.id)}  ${one.title}  ${stateText(one, now)}\n${detailsOf(one)}`)
    .join('');
}

function detailsOf({ reason, playbook, blast, why, decidedAt }: Response): string {
  const lines = [
    `${reason} (${playbook}, ${new Date(decidedAt).toISOString()})`,
    ...(why === undefined ? [] : [`why: ${why}`]),
    ...(blast === undefined ? [] : [blastText(blast)]),
  ];
  return lines.map((line) => `    ${visible(line)}\n`).join('');
}

function blastText({ conversations, cut, peers, examples }: BlastRadius): string {
  const seen = `would have cut ${cut} of ${conversations} conversations of the last days, of ${peers} peers`;
  return examples.length === 0 ? seen : `${seen}: ${examples.join('; ')}`;
}

function stateText({ state, answerBy = 0, expiresAt = 0, by }: Response, now: number): string {
  const left = (until: number) => `${Math.max(0, Math.round((until - now) / 1000))} s`;
  const who = by === undefined ? '' : ` by ${by}`;
  if (state === 'waiting') return `waits for an answer, ${left(answerBy)} left`;
  if (state === 'applied') return `in force, ${left(expiresAt)} left`;
  if (state === 'applying') return 'in force on probation';
  return state === 'proposed' ? 'dry run' : `${state}${who}`;
}
