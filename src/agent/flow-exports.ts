import type { Flow, FlowChange } from '../flow/flow.ts';
import { isOver } from '../flow/steps.ts';
import { formatAddress, parseAddress, unmapAddress } from '../net/address.ts';
import { IpfixExporter } from '../output/flows/ipfix-exporter.ts';
import { isOwnAddress, type OwnSocket, reachesOwn } from './own-sockets.ts';
import type { Observer } from './pipeline.ts';

/** A collector to which flows are sent. */
export interface FlowExportTarget {
  readonly transport: 'udp' | 'tcp';
  /** An address or a name. */
  readonly host: string;
  readonly port: number;
}

/** How sending to one collector goes. Counts are since the start; every flow that was given is in one of them. */
export interface FlowExportStatus {
  /** E.g. `udp://198.51.100.7:4739`. */
  readonly target: string;
  readonly isConnected: boolean;
  /** What went wrong last, and when (ms since the epoch); over UDP it may go well again since. */
  readonly problem?: string;
  readonly problemAt?: number;
  /** Flows that went out. Of UDP nobody tells whether they have arrived. */
  readonly sent: number;
  /** Flows that wait, for their last counts, for the receiver, or for a message to be full. */
  readonly waiting: number;
  /** Flows that were not written, by reason. */
  readonly dropped: {
    /** The receiver took nothing, and as many waited as may. */
    readonly queue: number;
    /** Ends of two families, as NAT64 makes them. */
    readonly unwritable: number;
    /** They came from this collector. */
    readonly returned: number;
  };
  /** Flows that were written and could not be sent. */
  readonly failed: number;
  /** When flows were last lost, to the second; ms since the epoch. */
  readonly lostAt?: number;
}

export interface FlowExportsOptions {
  readonly targets: readonly FlowExportTarget[];
  /** Where this agent itself takes flows in. */
  readonly listening?: readonly OwnSocket[];
  /** Flows that wait for one collector at most. Default as in `IpfixExporter`. */
  readonly queue?: number;
}

/** One collector with what sends to it. */
interface Collector {
  readonly name: string;
  readonly target: FlowExportTarget;
  readonly exporter: IpfixExporter;
  /** The address that was looked at last, and what goes for it. */
  remote: string | undefined;
  /** Exporters at this address are the collector itself. */
  peer: string | undefined;
  isOwn: boolean;
  returned: number;
  lost: number;
  lostAt: number | undefined;
}

/** A connection of which the network tells nothing for so long has no counts; longer than the joiner waits. ms. */
const lateMs = 6_000;
/** Connections that wait for counts at most. */
const maxHeld = 8_192;
/** Kinds of observation that come in by a socket for exports. */
const exported: ReadonlySet<string> = new Set(['netflow-v5', 'netflow-v9', 'ipfix', 'sflow']);

/**
 * Sends flows on to collectors by IPFIX: each flow that is over, and each part of a long one, once, with its last counts. A flow
 * is not sent to where it came from, so that two that send to one another do not talk in circles.
 */
export class FlowExports implements Observer {
  /**
   * Says of a connection that is over whether its counts will come. Where it is set, the network may turn up a little later than
   * the end of a socket, and that is waited for.
   */
  awaitsCounts: ((id: string) => boolean) | undefined;
  readonly #collectors: readonly Collector[];
  readonly #listening: readonly OwnSocket[];
  /** Connections that are over and may be counted yet, and when they are not waited for any more. The oldest first. */
  readonly #held = new Map<string, { readonly flow: Flow; readonly until: number }>();
  #now = 0;

  constructor({ targets, listening = [], queue }: FlowExportsOptions) {
    this.#listening = listening;
    this.#collectors = targets.map((target) => ({
      name: targetText(target),
      target,
      exporter: new IpfixExporter({ ...target, ...(queue !== undefined && { queue }) }),
      ...{ remote: undefined, peer: undefined, isOwn: false, returned: 0, lost: 0, lostAt: undefined },
    }));
  }

  flow(flow: Flow, change: FlowChange): void {
    if (change === 'counted') {
      this.#held.delete(flow.id);
      // Where all of it was in parts that were told, there is nothing left to tell.
      if (!isUncounted(flow) || (flow.part ?? 1) === 1) this.#send(flow);
      return;
    }
    // Its counts come, and then it is told.
    if (!isOver(flow, change) || flow.awaitsCounts) return;
    if (this.awaitsCounts !== undefined && change !== 'part' && isUncounted(flow)) this.#hold(flow);
    else this.#send(flow);
  }

  alert(): void {}

  /** Lets time pass; to be called about once a second. ms since the epoch. */
  tick(now: number): void {
    this.#now = now;
    for (const [id, { flow, until }] of this.#held) {
      if (until > now) break;
      this.#held.delete(id);
      if (this.awaitsCounts?.(id) !== true) this.#send(flow);
    }
    for (const collector of this.#collectors) {
      const { counters } = collector.exporter;
      const lost = counters.lostInQueue + counters.lostRecords;
      if (lost > collector.lost) collector.lostAt = now;
      collector.lost = lost;
    }
  }

  status(): readonly FlowExportStatus[] {
    return this.#collectors.map(({ name, exporter, returned, lostAt }) => {
      const { counters } = exporter;
      const { writer, sentRecords, lostRecords, lostInQueue, queued, problem, problemAt } = counters;
      return {
        target: name,
        isConnected: counters.isConnected,
        ...(problem !== undefined && { problem }),
        ...(problemAt !== undefined && { problemAt }),
        sent: sentRecords,
        waiting: this.#held.size + queued + (writer.records - sentRecords - lostRecords),
        dropped: { queue: lostInQueue, unwritable: writer.refused, returned },
        failed: lostRecords,
        ...(lostAt !== undefined && { lostAt }),
      };
    });
  }

  /** Sends what waits, as far as receivers take it within `ms`, and ends. Idempotent. */
  async close(ms = 2_000): Promise<void> {
    for (const { flow } of this.#held.values()) this.#send(flow);
    this.#held.clear();
    await Promise.all(this.#collectors.map(({ exporter }) => exporter.close(ms)));
  }

  #hold(flow: Flow): void {
    const [oldest] = this.#held;
    if (oldest !== undefined && this.#held.size >= maxHeld) {
      this.#held.delete(oldest[0]);
      if (this.awaitsCounts?.(oldest[0]) !== true) this.#send(oldest[1].flow);
    }
    this.#held.set(flow.id, { flow, until: this.#now + lateMs });
  }

  #send(flow: Flow): void {
    for (const collector of this.#collectors) {
      if (this.#isReturned(flow, collector)) collector.returned++;
      else collector.exporter.add(flow);
    }
  }

  /** Whether the collector itself has told of the flow, as far as its address says so. */
  #isReturned({ observation }: Flow, collector: Collector): boolean {
    if (observation?.exporter === undefined || !exported.has(observation.by)) return false;
    this.#lookAt(collector, collector.exporter.remote);
    // On this machine there may be others that export; whether it is this agent only the port says.
    return collector.isOwn || observation.exporter === collector.peer;
  }

  #lookAt(collector: Collector, remote: string | undefined): void {
    if (remote === collector.remote) return;
    const address = parseAddress(remote?.replace(/%.*/, '') ?? '');
    const { transport, port } = collector.target;
    collector.remote = remote;
    collector.peer =
      address === undefined || isOwnAddress(address) ? undefined : formatAddress(unmapAddress(address));
    collector.isOwn =
      address !== undefined && transport === 'udp' && reachesOwn(address, port, this.#listening);
  }
}

/** A connection of which only its sockets have told, as far as this goes. */
function isUncounted({ observation, sent, received }: Flow): boolean {
  return observation === undefined && sent === undefined && received === undefined;
}

/** Returns a target as it is shown. */
export function targetText({ transport, host, port }: FlowExportTarget): string {
  return `${transport}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
