import type { Flow } from '../flow.ts';
import { flowToJson } from '../json.ts';
import { FlowLogFile, type FlowLogOptions } from './read-flow-log.ts';

/** Everything that is in a log. */
export function readAll(text: string | Uint8Array, options: Partial<FlowLogOptions> = {}) {
  const flows: Flow[] = [];
  const file = new FlowLogFile({ name: 'x.log', ...options }, (flow) => flows.push(flow));
  file.take(typeof text === 'string' ? new TextEncoder().encode(text) : text);
  file.end();
  const { skipped, dropped, ...counts } = file.counts;
  return {
    format: file.format?.id,
    isUnknown: file.isUnknown,
    flows,
    json: flows.map(flowToJson),
    counts: { ...counts, skipped: Object.fromEntries(skipped), dropped: Object.fromEntries(dropped) },
  };
}

/** Objects as lines of JSON. */
export function jsonLines(...objects: readonly unknown[]): string {
  return objects.map((one) => `${JSON.stringify(one)}\n`).join('');
}
