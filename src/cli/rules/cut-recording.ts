import { resolve } from 'node:path';
import { cutItems, wholeItems } from '../../event/recording/cut.ts';
import type { RecordingItem } from '../../event/recording/item.ts';
import { syscallSource } from '../../event/syscall-source.ts';
import type { SystemEvent } from '../../event/system-event.ts';
import type { Condition, MacroReference } from '../../rules/ast.ts';
import { compileFilter } from '../../rules/compile/compile.ts';
import { checkCondition } from '../../rules/load/check-condition.ts';
import { parseCondition } from '../../rules/syntax/parse-condition.ts';
import { writeRecordingFile } from '../../store/recording/write-file.ts';
import { FailedError, UsageError } from '../command.ts';
import type { Io } from '../io.ts';
import { progress } from '../progress.ts';
import type { Recording } from './recording.ts';

/**
 * Writes the events of recordings for which a filter in the rules language holds, all without one, into a new recording. Returns
 * how many they were. Throws UsageError or FailedError.
 */
export function cutRecordings(
  recordings: readonly Recording[],
  path: string,
  filter: string | undefined,
  io: Io,
): number {
  const keep = filter === undefined ? undefined : systemFilter(filter);
  const all = recordings.map(({ name, items }) => {
    if (items === undefined)
      throw new UsageError(`${name} is of audit events: only recordings of system events can be written`);
    return items;
  });
  const told = progress(io, 'items read');
  function* counted(one: Iterable<RecordingItem>): Generator<RecordingItem> {
    for (const item of one) {
      told.step();
      yield item;
    }
  }
  function* items(): Generator<RecordingItem> {
    for (const one of all)
      yield* keep === undefined ? wholeItems(counted(one())) : cutItems(counted(one()), keep);
  }
  try {
    return writeRecordingFile(resolve(io.cwd, path), items());
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST')
      throw new UsageError(`${path} is there already`, 'name another file, or remove it');
    if (code !== undefined) throw new FailedError(`${path} cannot be written: ${message}`);
    throw error;
  } finally {
    told.end();
  }
}

/** Returns a condition over system events, without macros and lists. Throws UsageError. */
function systemFilter(text: string): (event: SystemEvent) => boolean {
  const parsed = parseCondition(text);
  if (!parsed.ok) throw badFilter(text, parsed.at.start, parsed.message);
  for (const { code, message, at, help } of checkCondition(parsed.condition, syscallSource as never))
    if (code.severity === 'error') throw badFilter(text, at.start, message, help);
  const macro = macroIn(parsed.condition);
  if (macro !== undefined)
    throw badFilter(text, macro.at.start, `${macro.name} is a macro, of which a filter knows none`);
  return compileFilter(parsed.condition, syscallSource);
}

function badFilter(text: string, offset: number, message: string, help?: string): UsageError {
  const place = `--filter: ${message}\n  ${text}\n  ${' '.repeat(offset)}^`;
  return new UsageError(place, help);
}

function macroIn(condition: Condition): MacroReference | undefined {
  switch (condition.kind) {
    case 'macro':
      return condition;
    case 'not':
      return macroIn(condition.term);
    case 'and':
    case 'or':
      return condition.terms.map(macroIn).find((one) => one !== undefined);
    default:
      return undefined;
  }
}
