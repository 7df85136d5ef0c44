import type { ChainHead } from '../../respond/audit/chain.ts';
import { AuditFile, type AuditReport } from '../../store/audit/audit-file.ts';
import { UsageError } from '../command.ts';
import type { Io } from '../io.ts';
import { respondFolder } from './folder.ts';

/** Opens the audit log below a state folder; undefined where there is none. */
export function openAudit(state: unknown, io: Io): AuditFile | undefined {
  const folder = respondFolder(state, io);
  return AuditFile.isIn(folder) ? new AuditFile(folder) : undefined;
}

/** Reads `--head`. Throws UsageError. */
export function headOf(text: unknown): ChainHead | undefined {
  if (text === undefined) return undefined;
  const [, seq, digest] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(String(text).trim()) ?? [];
  if (digest === undefined)
    throw new UsageError(
      `--head ${String(text).slice(0, 100)} is no number with a digest`,
      'write what picket audit verify printed as the head',
    );
  return { seq: Number(seq), digest };
}

export function verifyText({ records, problems, torn, first, head, beyond }: AuditReport): string {
  const lines = problems.map(({ line, what, text }) => `line ${line}: ${what}: ${text}`);
  const notes = [
    ...(first > 1 ? [`lines before number ${first} are not kept any more`] : []),
    ...(torn > 0 ? [`${torn} lines were never finished, and are told by the next ones`] : []),
    ...(beyond > 0 ? [`${beyond} newer than the last one that was written down: a crash came between`] : []),
  ];
  const result =
    problems.length === 0 ? `whole: ${records.length} lines` : `NOT whole: ${problems.length} problems`;
  return `${[...lines, ...notes, result, `head ${head.seq}:${head.digest}`].join('\n')}\n`;
}

export function verifyJson({ records, problems, torn, first, head, beyond }: AuditReport): string {
  const body = {
    schemaVersion: 1,
    whole: problems.length === 0,
    lines: records.length,
    first,
    torn,
    beyond,
    head,
    problems,
  };
  return `${JSON.stringify(body, null, 2)}\n`;
}
