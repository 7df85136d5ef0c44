import type { WantedFlowSource } from '../agent/flow-sources.ts';
import type { FlowSource } from '../sensor/flow-source.ts';

/** Which flows `picket run` takes in beside those of this machine's sockets. */
export interface FlowSourcesRequest {
  /** Follow the kernel's connection tracking. */
  readonly conntrack: boolean;
  /** Interfaces whose packets are captured; `all` for all of them. */
  readonly capture: readonly string[];
}

/** Returns the sources that were asked for. What they are made of is loaded only then. */
export async function openableFlowSources(request: FlowSourcesRequest): Promise<WantedFlowSource[]> {
  const wanted: WantedFlowSource[] = [];
  if (request.conntrack) {
    const { conntrack } = await import('../sensor/conntrack.ts');
    wanted.push(withOptions(conntrack, {}));
  }
  if (request.capture.length > 0) {
    const { capture } = await import('../sensor/capture.ts');
    const interfaces = request.capture.includes('all') ? [] : request.capture;
    wanted.push(withOptions(capture, { interfaces }));
  }
  return wanted;
}

function withOptions<O>({ id, probe, open }: FlowSource<O>, options: O): WantedFlowSource {
  return { id, probe: () => probe(options), open: (sink) => open(sink, options) };
}
