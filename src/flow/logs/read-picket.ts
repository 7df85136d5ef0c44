import type { Flow } from '../flow.ts';
import { flowFromJson } from '../json.ts';
import { flowJson } from './flow-json-schema.ts';
import { type FlowLogFormat, header, problem, reasons, skipped } from './flow-log.ts';
import { isObject } from './values.ts';

/** The first line of a log of flows that Picket writes into a file: what the lines after it are. */
export const picketHeader = { type: 'picket-flows', schemaVersion: 1 } as const;

/**
 * Flows as Picket writes them: one `FlowJson` a line, after a line that says the version of its form; also what `picket flows -o jsonl` and
 * `picket run --flows -o jsonl` print, which have no such line.
 */
export const picketFlows: FlowLogFormat = {
  id: 'picket',
  title: 'flows of Picket (JSONL)',
  form: 'object',
  recognizes: (record) =>
    isObject(record) &&
    (record.type === picketHeader.type ||
      (isObject(record.source) &&
        isObject(record.destination) &&
        'openedAt' in record &&
        'seenBy' in record)),
  open: () => ({
    read: (record) => {
      if (!isObject(record)) return problem(reasons.notObject);
      if (record.type === picketHeader.type) {
        return record.schemaVersion === picketHeader.schemaVersion
          ? header
          : problem('flows in the form of another version of Picket');
      }
      if (record.type !== undefined && record.type !== 'flow') return skipped('other records');
      if (record.change === 'attempted') return skipped('connections before their fate was decided');
      const parsed = flowJson.safeParse(record);
      if (!parsed.success) return problem('not a flow as Picket writes it');
      let flow: Flow;
      try {
        flow = flowFromJson(parsed.data);
      } catch {
        return problem('an address or a protocol that is none');
      }
      return { kind: 'flow', flow };
    },
  }),
};
