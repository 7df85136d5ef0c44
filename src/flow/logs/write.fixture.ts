import type { Flow } from '../flow.ts';
import type { FlowWriterDefinition } from './flow-writer.ts';

export const context = { now: Date.parse('2026-01-02T03:04:05.678Z'), version: '1.2.3' };

/** A whole log of these flows. */
export function written(writer: FlowWriterDefinition, flows: readonly Flow[]): string {
  const open = writer.open(context);
  return open.head() + flows.map((one) => open.flow(one)).join('') + open.tail();
}
