import type { Posture } from '../../../posture/posture.ts';
import type { Io } from '../../io.ts';
import type { Sink } from '../sink.ts';
import { Matrix, type MatrixCounts, type MatrixQuestion } from './matrix.ts';
import { progress } from './progress.ts';

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
  const matrix = new Matrix(posture, question);
  const told = progress(io, 'pairs judged');
  const members = new Map<string, number>();
  for (const { finished, namespace } of posture.inventory.workloads) {
    if (!finished) members.set(namespace.name, (members.get(namespace.name) ?? 0) + 1);
  }
  switch (form) {
    case 'json':
      (await import('./json.ts')).writeJson(matrix, sink, told.step);
      break;
    case 'csv':
      (await import('./csv.ts')).writeCsv(matrix, sink, told.step);
      break;
    case 'md':
      (await import('./markdown.ts')).writeMarkdown(matrix, sink, members, told.step);
      break;
    case 'dot':
      (await import('./dot.ts')).writeDot(matrix, sink, told.step);
      break;
    case 'svg':
    case 'html': {
      const { modelOf } = await import('./model.ts');
      const model = modelOf(matrix, told.step);
      told.end();
      sink.write(
        form === 'svg' ? (await import('./svg.ts')).svgOf(model) : (await import('./html.ts')).htmlOf(model),
      );
      break;
    }
    default:
      (await import('./text.ts')).writeText(matrix, sink, members, told.step);
  }
  told.end();
  return matrix.counts;
}
