import { readScap } from '../../event/scap/read-scap.ts';
import { scapItems } from '../../event/scap/scap-items.ts';
import { FailedError } from '../command.ts';
import { type Recording, systemRecording, type TellProblem } from './recording.ts';

/** Returns the recording of a capture of sysdig or Falco. Throws FailedError when it holds nothing. */
export function scapRecording(name: string, bytes: Uint8Array, tell: TellProblem): Recording {
  const capture = readScap(bytes);
  const { hostname, threads, events, faults } = capture;
  if (events.length === 0 && threads.length === 0 && faults[0] !== undefined) {
    throw new FailedError(
      `${name}: ${faults[0].message}`,
      'a capture is written by `sysdig -w` or by Falco, a log of audit events by the API server',
    );
  }
  return systemRecording(name, hostname, () => scapItems(capture, name), tell);
}
