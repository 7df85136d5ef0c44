import { resolve } from 'node:path';
import type { WantedFlowSource } from '../agent/flow-sources.ts';
import { parseAddress } from '../net/address.ts';
import { parsePrefix } from '../net/prefix.ts';
import type { FlowSource } from '../sensor/flow-source.ts';
import { UsageError } from './command.ts';
import { parseListen } from './listen.ts';

/** Which flows `picket run` takes in beside those of this machine's sockets. */
export interface FlowSourcesRequest {
  /** Follow the kernel's connection tracking. */
  readonly conntrack: boolean;
  /** Interfaces whose packets are captured; `all` for all of them. */
  readonly capture: readonly string[];
  /** Addresses where NetFlow, IPFIX and sFlow are taken in. */
  readonly listen: readonly string[];
  /** Addresses and prefixes of those who may send them; all may when there are none. */
  readonly from: readonly string[];
  /** Paths of logs of services that are followed; `journal` for the journal. */
  readonly logs: readonly string[];
}

/** How the journal is named among logs. */
const journalName = 'journal';

/** Reads where flows are taken in. Throws UsageError. */
export function flowListeners(
  listen: readonly string[],
): readonly { readonly address: string; readonly port: number }[] {
  return listen.map((text) => {
    const { host, port } = parseListen(text, '--flow-listen');
    return { address: host, port };
  });
}

/**
 * Returns the sources that were asked for. What they are made of is loaded only then. `stateFolder`: where templates of exporters are kept
 * over a restart, undefined for nowhere. Throws UsageError for what is no address.
 */
export async function openableFlowSources(
  { conntrack: isTracking, capture: interfaces, listen, from, logs }: FlowSourcesRequest,
  stateFolder: string | undefined,
): Promise<WantedFlowSource[]> {
  const wanted: WantedFlowSource[] = [];
  const sockets = flowListeners(listen);
  for (const text of from) {
    if (parsePrefix(text) === undefined && parseAddress(text) === undefined)
      throw new UsageError(
        `not an address or prefix: --flow-from ${text}`,
        'write e.g. --flow-from 198.51.100.7 or --flow-from 198.51.100.0/24',
      );
  }
  if (isTracking) {
    const { conntrack } = await import('../sensor/conntrack.ts');
    wanted.push({ ...withOptions(conntrack, {}), seesSockets: true });
  }
  if (interfaces.length > 0) {
    const { capture } = await import('../sensor/capture.ts');
    const options = { interfaces: interfaces.includes('all') ? [] : interfaces };
    wanted.push({ ...withOptions(capture, options), seesSockets: true });
  }
  if (sockets.length > 0) {
    const { collector } = await import('../sensor/collector.ts');
    const options = {
      listen: sockets,
      ...(from.length > 0 && { allowed: from }),
      ...(stateFolder !== undefined && { stateFolder }),
    };
    wanted.push(withOptions(collector, options));
  }
  if (logs.length > 0) {
    const { serviceLogs } = await import('../sensor/service-logs.ts');
    const files = [...new Set(logs)].filter((name) => name !== journalName);
    wanted.push(withOptions(serviceLogs, { files, journal: logs.includes(journalName) }));
  }
  return wanted;
}

/** Returns logs as they are followed: paths from `cwd`, and the journal by its name. */
export function logPaths(logs: readonly string[], cwd: string): string[] {
  return logs.map((name) => (name === journalName ? name : resolve(cwd, name)));
}

function withOptions<O>({ id, probe, open }: FlowSource<O>, options: O): WantedFlowSource {
  return { id, probe: () => probe(options), open: (sink) => open(sink, options) };
}
