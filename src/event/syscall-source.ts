import { eventTypes } from './event-types.ts';
import type { EventSource } from './field.ts';
import { containerFields } from './fields/container.ts';
import { evtFields } from './fields/evt.ts';
import { fdFields } from './fields/fd.ts';
import { fsPathFields } from './fields/fs-path.ts';
import { procFields } from './fields/proc.ts';
import { userFields } from './fields/user.ts';
import type { SystemEvent } from './system-event.ts';

/** All fields of system events, by class. */
export const systemFields = [
  evtFields,
  procFields,
  fdFields,
  fsPathFields,
  userFields,
  containerFields,
].flat();

/** System events, as rules with `source: syscall` (the default) see them. */
export const syscallSource: EventSource<SystemEvent> = {
  id: 'syscall',
  fields: new Map(systemFields.map((field) => [field.name, field])),
  types: eventTypes,
  typeOf: ({ raw }) => raw.type,
};
