import { diagnose } from '../../diagnostic/diagnostic.ts';
import { LineIndex } from '../../diagnostic/position.ts';
import { renderTerminal } from '../../diagnostic/render/terminal.ts';
import { refusedText } from '../../enforce/codes.ts';
import { Refused, StalePlan } from '../../enforce/enforcer.ts';
import { ExitCode, FailedError } from '../command.ts';
import type { Io } from '../io.ts';
import type { DesiredState } from './desired.ts';

/** Runs what plans or applies a wanted state; tells what is wrong with it, at its place, and returns the exit code. */
export async function tellingRefusals(
  { text, source }: DesiredState,
  io: Io,
  run: () => Promise<ExitCode>,
): Promise<ExitCode> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof StalePlan)
      throw new FailedError(
        `${error.message}; nothing was changed`,
        'look at it with picket plan, then apply anew',
      );
    if (!(error instanceof Refused)) throw error;
    const { message, help, at } = error;
    const span = at === undefined ? undefined : wordAt(text, source, at.line, at.column);
    const diagnostic = diagnose(refusedText, {
      message,
      ...(help !== undefined && { help }),
      ...(span && { span }),
    });
    const sources = new Map([[source, text]]);
    io.err(renderTerminal([diagnostic], { sources, style: io.errStyle, columns: io.columns }));
    return ExitCode.problems;
  }
}

/** nft tells where something begins; it ends with the word. */
function wordAt(text: string, file: string, line: number, column: number) {
  const lines = text.split('\n');
  const before = lines.slice(0, line - 1).reduce((sum, { length }) => sum + length + 1, 0);
  const start = Math.min(before + column - 1, text.length);
  const word = /^[^\s;{}]+/.exec(text.slice(start, start + 200))?.[0] ?? ' ';
  return new LineIndex(text).span(file, start, Math.min(start + word.length, text.length));
}
