import type { Workload } from '../model.ts';
import { type EntryEdge, entryEdges } from './edges.ts';
import type { Entry } from './model.ts';

/** Who sends on one stretch of the way. */
export type HopSource =
  /** Someone outside the cluster; pods may see a node's address in place of the client's when it is not kept. */
  | { readonly kind: 'client'; readonly keepsAddress: boolean }
  | { readonly kind: 'workload'; readonly workload: Workload }
  /** A proxy that no manifest declares: its pods, namespace and labels are not known. */
  | { readonly kind: 'undeclared-proxy'; readonly text: string };

/** One connection on the way in. All hops of a way must be allowed. */
export interface Hop {
  readonly source: HopSource;
  readonly destination: Workload;
  /** IP protocol number. */
  readonly protocol: number;
  readonly port: number;
  /** The entry that the hop goes through. */
  readonly entry: Entry;
}

/** Finds the connections that a client's request makes on its way through an entry to a pod. */
export class EntryWays {
  readonly #direct = new Map<number, EntryEdge[]>();

  /** `entries` are all ways in: a proxy may itself stand behind a load balancer or a port of the nodes. */
  constructor(entries: readonly Entry[]) {
    for (const edge of entryEdges(entries.filter(({ proxy }) => proxy === undefined))) {
      const { index } = edge.workload;
      const known = this.#direct.get(index);
      if (known === undefined) this.#direct.set(index, [edge]);
      else known.push(edge);
    }
  }

  /** Returns the ways in that need no proxy and lead to the pods of a workload, e.g. of an ingress controller. */
  directTo(workload: Workload): readonly EntryEdge[] {
    return this.#direct.get(workload.index) ?? [];
  }

  /**
   * Returns the last hop of an edge, once per alternative: one per declared workload that forwards, one with an
   * undeclared proxy, or the client's own connection where there is no proxy. How clients reach the proxy is
   * {@link directTo} its pods, and told apart from what is asked here: many doors lead to one proxy.
   */
  lastHops({ entry, workload, protocol, port }: EntryEdge): Hop[] {
    const hop = (source: HopSource): Hop => ({ source, destination: workload, protocol, port, entry });
    if (entry.proxy === undefined) return [hop({ kind: 'client', keepsAddress: entry.keepsClientAddress })];
    const { workloads } = entry.proxy;
    if (workloads === undefined) return [hop({ kind: 'undeclared-proxy', text: proxyText(entry) })];
    return workloads.map((forwarder) => hop({ kind: 'workload', workload: forwarder }));
  }
}

/** Returns the workloads whose pods forward for the entry; undefined when it has no proxy or none is declared. */
export function forwarders(entry: Entry): readonly Workload[] | undefined {
  return entry.proxy?.workloads;
}

/** Returns e.g. `the proxy of IngressClass nginx`. */
export function proxyText({ proxy, doors }: Entry): string {
  const [door] = doors;
  if (proxy?.controller !== undefined) return `the proxy of ${proxy.controller}`;
  if (proxy?.className !== undefined) return `the proxy of class ${proxy.className}`;
  return door === undefined || door.endsWith(' ') ? 'a proxy that no manifest names' : `the proxy of ${door}`;
}
