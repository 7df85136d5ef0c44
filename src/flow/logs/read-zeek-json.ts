import { type FlowLogFormat, problem, reasons, skipped } from './flow-log.ts';
import { isObject } from './values.ts';
import { flowFromConn } from './zeek-conn.ts';

/** Fields that of Zeek's logs only conn.log has. */
const ownFields = ['conn_state', 'history', 'orig_pkts', 'orig_ip_bytes', 'missed_bytes'];

/** Zeek's conn.log in JSON, one object a line; times as seconds, milliseconds or ISO 8601. */
export const zeekJson: FlowLogFormat = {
  id: 'zeek-json',
  title: 'Zeek conn.log in JSON',
  form: 'object',
  recognizes: (record) => isObject(record) && 'ts' in record && ('id.orig_h' in record || '_path' in record),
  open: () => ({
    read: (record, place) => {
      if (!isObject(record)) return problem(reasons.notObject);
      const isConn = '_path' in record ? record._path === 'conn' : ownFields.some((field) => field in record);
      if (!isConn) return skipped('of another log of Zeek');
      return flowFromConn((name) => record[name] ?? undefined, place);
    },
  }),
};
