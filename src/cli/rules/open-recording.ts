import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readScap } from '../../event/scap/read-scap.ts';
import { SystemState } from '../../event/state/system-state.ts';
import { FailedError, UsageError } from '../command.ts';
import type { Io } from '../io.ts';
import { auditRecording, isAuditLog } from './audit-recording.ts';
import { type Recording, systemRecording } from './recording.ts';

/** The largest recording that is unpacked into memory. */
const maxBytes = 2 * 1024 ** 3;

/** Opens a capture of sysdig or Falco, or a log of Kubernetes audit events, compressed or not. Throws UsageError or FailedError. */
export function openRecording(path: string, io: Io): Recording {
  const bytes = unpacked(path, io);
  if (isAuditLog(bytes)) return auditRecording(path, bytes);
  const recording = readScap(bytes);
  const { hostname, threads, accounts, events, faults } = recording;
  if (events.length === 0 && threads.length === 0 && faults[0] !== undefined) {
    throw new FailedError(
      `${path}: ${faults[0].message}`,
      'a capture is written by `sysdig -w` or by Falco, a log of audit events by the API server',
    );
  }
  const names = new Map(accounts.map(({ kind, id, name }) => [`${kind} ${id}`, name]));
  const about = {
    name: path,
    hostname,
    count: events.length,
    faults: faults.map(({ offset, message }) => ({ where: `byte ${offset}`, message })),
  };
  return systemRecording(about, function* () {
    const state = new SystemState({
      userName: (id) => names.get(`user ${id}`),
      groupName: (id) => names.get(`group ${id}`),
      ...(hostname !== undefined && { hostname }),
    });
    for (const thread of threads) state.seed(thread);
    for (const { number, raw } of events) yield state.apply(raw, number);
  });
}

function unpacked(path: string, io: Io): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(resolve(io.cwd, path));
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${(error as Error).message}`);
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    throw new FailedError(`${path} cannot be unpacked: ${(error as Error).message}`);
  }
}
