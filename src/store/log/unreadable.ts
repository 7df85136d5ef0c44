import { DamagedColumn } from './encode.ts';

/** True when a segment is gone or is not what was written: zstd and JSON say so in their own ways. */
export function saysUnreadable(error: unknown): boolean {
  if (error instanceof DamagedColumn || error instanceof SyntaxError) return true;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code === 'ENOENT' || code.startsWith('ZSTD') || code === 'ERR_BUFFER_TOO_LARGE';
}
