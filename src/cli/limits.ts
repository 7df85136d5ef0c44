import type { ReadLimits } from '../manifest/limits.ts';
import { type Invocation, type OptionDefinition, UsageError } from './command.ts';

/** Options of every command that reads manifests: what is larger is refused with a diagnostic. */
export const limitOptions: readonly OptionDefinition[] = [
  { flags: '--max-file-mib <number>', description: 'largest file that is read', default: '64' },
  { flags: '--max-document-mib <number>', description: 'largest single document in a file', default: '8' },
];

/** The limits that the user set. Throws UsageError. */
export function limitsOf({ maxFileMib, maxDocumentMib }: Invocation['options']): Partial<ReadLimits> {
  return {
    maxFileBytes: mebibytes('--max-file-mib', maxFileMib),
    maxDocumentLength: mebibytes('--max-document-mib', maxDocumentMib),
  };
}

function mebibytes(option: string, value: unknown): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1 || number > 512) {
    throw new UsageError(`${option} must be a whole number from 1 to 512, not ${value}`);
  }
  return number * 2 ** 20;
}
