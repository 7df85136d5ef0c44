import { visible } from '../../diagnostic/render/cells.ts';
import type { AuditRecord } from '../../respond/audit/record.ts';

/** Returns one line of the audit log as people read it. */
export function recordText(record: AuditRecord): string {
  const { seq, time, event, by } = record;
  const who = by === undefined ? '' : ` by ${by}`;
  return visible(`${seq}  ${time}  ${event}${who}${moreOf(record)}`);
}

function moreOf(record: AuditRecord): string {
  switch (record.event) {
    case 'decided': {
      const { id, title, state, why, reason } = record.response;
      return `  ${id}  ${state}: ${title} (${reason})${why === undefined ? '' : `: ${why}`}`;
    }
    case 'probed':
      return `  ${record.id}  ${record.probes.map(({ title, works }) => `${title}: ${works ? 'yes' : 'NO'}`).join(', ')}`;
    case 'applied':
      return `  ${record.id}  until ${new Date(record.expiresAt).toISOString()}`;
    case 'skipped':
      return `  ${record.count} steps were not looked at: too many`;
    case 'recovered':
      return `  the line before was never finished (${record.torn} bytes)`;
    case 'panic':
    case 'resumed':
    case 'opened':
      return record.why === undefined ? '' : `  ${record.why}`;
    default:
      return `  ${record.id}${'why' in record ? `  ${record.why}` : ''}`;
  }
}
