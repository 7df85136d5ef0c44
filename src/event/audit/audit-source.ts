import type { EventSource } from '../field.ts';
import type { AuditEvent } from './audit-event.ts';
import { auditFields, eventFields, jsonFields } from './fields.ts';

/** Kubernetes audit events, as rules with `source: k8s_audit` see them. */
export const auditSource: EventSource<AuditEvent> = {
  id: 'k8s_audit',
  fields: new Map([...eventFields, ...jsonFields, ...auditFields].map((field) => [field.name, field])),
  types: ['pluginevent'],
  typeOf: () => 0,
};
