import { flowToJson } from '../json.ts';
import type { FlowWriterDefinition } from './flow-writer.ts';
import { picketHeader } from './read-picket.ts';

/** All that a flow holds, one `FlowJson` a line; what Picket reads again without a loss. */
export const jsonlWriter: FlowWriterDefinition = {
  id: 'jsonl',
  title: 'JSON lines of Picket',
  open: () => ({
    head: () => `${JSON.stringify(picketHeader)}\n`,
    flow: (flow) => `${JSON.stringify(flowToJson(flow))}\n`,
    tail: () => '',
  }),
};
