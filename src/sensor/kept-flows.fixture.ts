import { setTimeout as sleep } from 'node:timers/promises';
import type { NfdumpRecord } from '../flow/export/nfcapd.fixture.ts';
import type { Flow } from '../flow/flow.ts';
import { isOver } from '../flow/steps.ts';
import { formatAddress } from '../net/address.ts';
import { type CollectorOptions, type RunningCollector, startCollector } from './collector.ts';

/** A collector that keeps what it is told, on a free port of loopback. */
export class KeptFlows {
  readonly flows: Flow[] = [];
  changes = 0;
  readonly notices: string[] = [];
  readonly failures: Error[] = [];
  /** While it is set, no batch is acknowledged. */
  hold: Promise<void> | undefined;
  readonly running: RunningCollector;

  constructor(options: CollectorOptions = {}) {
    this.running = startCollector(
      {
        flows: async (batch) => {
          // Each record once, when it is over.
          this.changes += batch.length;
          for (const { flow, change } of batch) if (isOver(flow, change)) this.flows.push(flow);
          await this.hold;
        },
        notice: (text) => this.notices.push(text),
        failed: (error) => this.failures.push(error),
      },
      { listen: [{ address: '127.0.0.1', port: 0 }], ...options },
    );
  }

  get port(): number {
    return this.running.sockets[0]!.port;
  }

  /** Waits until so many datagrams were counted. */
  async datagrams(count: number): Promise<void> {
    const until = performance.now() + 20_000;
    for (;;) {
      const { details } = await this.running.counters();
      if (details.datagrams! >= count) return;
      if (performance.now() > until) throw new Error(`${details.datagrams} of ${count} datagrams came`);
      await sleep(20);
    }
  }
}

/** What is compared with nfdump. */
export interface Row {
  readonly protocol: number;
  readonly source: string;
  readonly destination: string;
  readonly ports: string;
  readonly icmp: string;
  readonly packets: number;
  readonly bytes: number;
  readonly flags: string;
  readonly first: number;
  readonly last: number;
}

/** The first way of a flow. */
export function rowOf({ protocol, source, destination, sent, icmp, openedAt, lastAt }: Flow): Row {
  const letters = 'CEUAPRSF';
  const flags = [...letters].map((letter, at) => (((sent?.tcpFlags ?? 0) >> (7 - at)) & 1 ? letter : '.'));
  return {
    protocol,
    source: formatAddress(source.address),
    destination: formatAddress(destination.address),
    ports: icmp ? '' : `${source.port} ${destination.port}`,
    icmp: icmp && protocol === 1 ? `${icmp.type} ${icmp.code}` : '',
    packets: sent?.packets ?? 0,
    bytes: sent?.bytes ?? 0,
    flags: flags.join(''),
    first: Math.floor(openedAt),
    last: Math.floor(lastAt!),
  };
}

/**
 * nfdump 1.7.1 takes the times as they are where softflowd tells the last packet before the first, and has no types of ICMPv6.
 */
export function nfdumpRow(record: NfdumpRecord): Row {
  const times = [Date.parse(`${record.first}Z`), Date.parse(`${record.last}Z`)];
  const isIcmp = record.icmp_type !== undefined;
  return {
    protocol: record.proto,
    source: (record.src4_addr ?? record.src6_addr)!,
    destination: (record.dst4_addr ?? record.dst6_addr)!,
    ports: isIcmp ? '' : `${record.src_port} ${record.dst_port}`,
    icmp: isIcmp && record.proto === 1 ? `${record.icmp_type} ${record.icmp_code}` : '',
    packets: record.in_packets,
    bytes: record.in_bytes,
    flags: record.tcp_flags ?? '........',
    first: Math.min(...times),
    last: Math.max(...times),
  };
}

/** The rows in an order of their own. */
export const sorted = (rows: readonly Row[]): Row[] =>
  rows.toSorted((x, y) => JSON.stringify(x).localeCompare(JSON.stringify(y)));
