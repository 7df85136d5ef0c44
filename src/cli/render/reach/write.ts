import type { Posture } from '../../../posture/posture.ts';
import { reachMatrix } from '../../../posture/reach/matrix.ts';
import type { Io } from '../../io.ts';
import { progress } from '../../progress.ts';
import type { Sink } from '../sink.ts';
import { Matrix, type MatrixCounts, type MatrixQuestion } from './matrix.ts';

/** The forms in which a matrix is written. */
export const matrixForms = ['text', 'json', 'csv', 'md', 'dot', 'svg', 'html'] as const;
export type MatrixForm = (typeof matrixForms)[number];

/** Writes the matrix in one form and returns its counts. Throws UsageError when it is too large for a picture. */
export async function writeMatrix(
  posture: Posture,
  question: MatrixQuestion,
  form: MatrixForm,
  sink: Sink,
  io: Io,
): Promise<MatrixCounts> {
  const matrix = new Matrix((scope) => reachMatrix(posture, scope), question);
  const told = progress(io, 'pairs judged');
  await writeForm(matrix, form, sink, membersOf(posture), told.step);
  told.end();
  return matrix.counts;
}

/** Returns how many workloads each namespace has in the matrix. */
function membersOf({ inventory }: Posture): Map<string, number> {
  const members = new Map<string, number>();
  for (const { finished, namespace } of inventory.workloads) {
    if (!finished) members.set(namespace.name, (members.get(namespace.name) ?? 0) + 1);
  }
  return members;
}

/** Writes the matrix in one form; `members` says how many workloads each namespace has. Throws UsageError likewise. */
export async function writeForm(
  matrix: Matrix,
  form: MatrixForm,
  sink: Sink,
  members: ReadonlyMap<string, number>,
  step: () => void,
): Promise<void> {
  switch (form) {
    case 'json':
      (await import('./json.ts')).writeJson(matrix, sink, step);
      break;
    case 'csv':
      (await import('./csv.ts')).writeCsv(matrix, sink, step);
      break;
    case 'md':
      (await import('./markdown.ts')).writeMarkdown(matrix, sink, members, step);
      break;
    case 'dot':
      (await import('./dot.ts')).writeDot(matrix, sink, step);
      break;
    case 'svg':
    case 'html': {
      const { modelOf } = await import('./model.ts');
      const model = modelOf(matrix, step);
      sink.write(
        form === 'svg' ? (await import('./svg.ts')).svgOf(model) : (await import('./html.ts')).htmlOf(model),
      );
      break;
    }
    default:
      (await import('./text.ts')).writeText(matrix, sink, members, step);
  }
}
