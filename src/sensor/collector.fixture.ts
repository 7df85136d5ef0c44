import { setTimeout as sleep } from 'node:timers/promises';
import type { Process } from '../flow/flow.ts';
import type { SensorBatch, SensorCounters, Snapshot } from '../flow/kernel-batch.ts';
import type { SensorSink } from './sensor.ts';

/** One kernel record as an object, for comparison in tests. */
export interface Row {
  readonly kind: number;
  readonly time: number;
  readonly pid: number;
  readonly socket: string;
  readonly family: number;
  readonly states: string;
  readonly local: string;
  readonly localPort: number;
  readonly remote: string;
  readonly remotePort: number;
  readonly detail: number;
}

function text(family: number, lanes: Uint32Array, row: number): string {
  const words = [...lanes.subarray(row * 4, row * 4 + 4)];
  if (family === 4) return [24, 16, 8, 0].map((shift) => (words[3]! >>> shift) & 255).join('.');
  return words.map((word) => word.toString(16).padStart(8, '0')).join(':');
}

/** A sensor's sink that keeps everything. */
export class Collector implements SensorSink {
  readonly rows: Row[] = [];
  readonly tasks = new Map<number, Process>();
  readonly failures: Error[] = [];
  counters: SensorCounters = { records: 0, lost: 0, undecodable: 0 };
  snapshots: Snapshot[] = [];
  /** How many records came; with `keep` off only this is counted. */
  count = 0;
  keep = true;
  /** While it is set, batches are not acknowledged. */
  hold: Promise<void> | undefined;

  snapshot(snapshot: Snapshot): void {
    this.snapshots.push(snapshot);
  }

  async batch({ kernel: k, tasks, counters }: SensorBatch): Promise<void> {
    this.count += k.count;
    this.counters = counters;
    for (const { tid, process } of tasks) this.tasks.set(tid, process);
    for (let i = 0; this.keep && i < k.count; i++) {
      this.rows.push({
        kind: k.kind[i]!,
        time: k.time[i]!,
        pid: k.pid[i]!,
        socket: `${k.socket[i * 2]!.toString(16)}${k.socket[i * 2 + 1]!.toString(16).padStart(8, '0')}`,
        family: k.family[i]!,
        states: `${k.oldState[i]}>${k.newState[i]}`,
        local: text(k.family[i]!, k.localAddress, i),
        localPort: k.localPort[i]!,
        remote: text(k.family[i]!, k.remoteAddress, i),
        remotePort: k.remotePort[i]!,
        detail: k.detail[i]!,
      });
    }
    await this.hold;
  }

  failed(error: Error): void {
    this.failures.push(error);
  }

  /** Resolves when `condition` holds; throws after `ms` milliseconds. */
  async until(what: string | (() => string), condition: () => boolean, ms = 5000): Promise<void> {
    const deadline = performance.now() + ms;
    while (!condition()) {
      if (performance.now() > deadline) {
        throw new Error(`waited ${ms} ms in vain for ${typeof what === 'string' ? what : what()}`);
      }
      await sleep(5);
    }
  }
}
