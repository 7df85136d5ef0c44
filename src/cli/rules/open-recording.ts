import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { isRecording } from '../../event/recording/format.ts';
import { FailedError, UsageError } from '../command.ts';
import type { Io } from '../io.ts';
import { auditRecording, isAuditLog } from './audit-recording.ts';
import { picketRecording, unpackedRecording } from './picket-recording.ts';
import type { Recording, TellProblem } from './recording.ts';
import { scapRecording } from './scap-recording.ts';

/** The largest recording that is unpacked into memory. */
const maxBytes = 2 * 1024 ** 3;

/**
 * Opens a recording, chosen by its content: Picket's own, a capture of sysdig or Falco, or a log of Kubernetes audit events; compressed or
 * not. What could not be read is told on stderr while its events are gone through. Throws UsageError or FailedError.
 */
export function openRecording(path: string, io: Io): Recording {
  const file = resolve(io.cwd, path);
  const tell: TellProblem = (kind, text) => io.err(`${io.errStyle('yellow', kind)}: ${path}: ${text}\n`);
  let whole: Uint8Array;
  try {
    if (isRecording(beginning(file))) return picketRecording(path, file, tell);
    whole = readFileSync(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new UsageError(`no such file: ${path}`);
    if (code === 'EISDIR')
      throw new UsageError(`${path} is a folder`, 'name the recordings in it one by one');
    throw new UsageError(`${path} cannot be read: ${message}`);
  }
  if (whole.length === 0) throw new FailedError(`${path} is empty: there is nothing to replay`);
  const bytes = unpacked(path, whole);
  if (isRecording(bytes)) return unpackedRecording(path, bytes, tell);
  return isAuditLog(bytes) ? auditRecording(path, bytes, tell) : scapRecording(path, bytes, tell);
}

function beginning(path: string): Uint8Array {
  const file = openSync(path, 'r');
  try {
    const bytes = new Uint8Array(16);
    return bytes.subarray(0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}

function unpacked(name: string, bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    throw new FailedError(`${name} cannot be unpacked: ${(error as Error).message}`);
  }
}
