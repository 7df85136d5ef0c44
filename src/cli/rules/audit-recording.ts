import { type AuditEvent, decodeAudit } from '../../event/audit/audit-event.ts';
import { auditSource } from '../../event/audit/audit-source.ts';
import { FailedError } from '../command.ts';
import type { NamedEvents, Recording, TellProblem } from './recording.ts';

/** The largest log that is opened out in memory. */
const maxBytes = 400 * 1024 ** 2;

/** Whether these are JSON: a log of audit events. No other recording begins with a bracket. */
export function isAuditLog(bytes: Uint8Array): boolean {
  const begin = new TextDecoder().decode(bytes.subarray(0, 256)).trimStart();
  return begin.startsWith('{') || begin.startsWith('[');
}

/** A log of Kubernetes audit events: one a line, or an `EventList`. Throws FailedError when there is no event in it. */
export function auditRecording(name: string, bytes: Uint8Array, tell: TellProblem): Recording {
  if (bytes.length > maxBytes)
    throw new FailedError(
      `${name} has ${bytes.length} bytes, more than the ${maxBytes} that an audit log may have`,
      'split it (split -C 300M) and name all parts',
    );
  const { events, faults } = decodeAudit(new TextDecoder().decode(bytes));
  const [first] = faults;
  if (events.length === 0 && first !== undefined)
    throw new FailedError(
      `${name}: item ${first.item}: ${first.message}`,
      'an audit log has one event (audit.k8s.io/v1) a line, or is an EventList',
    );
  for (const { item, message } of faults) tell('not read', `at item ${item}: ${message}`);
  const named: NamedEvents<AuditEvent> = {
    source: auditSource,
    timeOf: ({ time }) => time,
    events: () => events,
    describe,
  };
  return {
    name,
    hostname: undefined,
    count: events.length,
    visit: (use) => use(named),
  };
}

function describe(event: AuditEvent): string {
  const text = (name: string) => {
    const extract = auditSource.fields.get(name)?.bind(undefined);
    return typeof extract === 'function' ? String(extract(event) ?? '<NA>') : '<NA>';
  };
  return `${text('ka.verb')} ${text('ka.uri')} by ${text('ka.user.name')}`;
}
