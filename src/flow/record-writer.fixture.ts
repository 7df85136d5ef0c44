import { parseAddress } from '../net/address.ts';
import {
  type KernelBatch,
  KernelRecord,
  type SensorBatch,
  type TaskRecord,
  TcpState,
} from './kernel-batch.ts';

/** Writes kernel batches for tests: ends as `198.51.100.1:80` or `[2001:db8::1]:80`, sockets as small numbers. */
export class RecordWriter {
  #rows: {
    kind: number;
    time: number;
    pid: number;
    socket: number;
    local: ReturnType<typeof end>;
    remote: ReturnType<typeof end>;
    from: number;
    to: number;
    detail: number;
  }[] = [];

  state(
    time: number,
    socket: number,
    local: string,
    remote: string,
    change: `${keyof typeof TcpState}>${keyof typeof TcpState}`,
    pid = 0,
  ): this {
    const [from, to] = change.split('>') as [keyof typeof TcpState, keyof typeof TcpState];
    return this.#row(KernelRecord.SocketState, time, { socket, local, remote, from, to, pid });
  }

  listen(time: number, socket: number, local: string, pid = 0): this {
    return this.state(time, socket, local, local.includes('[') ? '[::]:0' : '0.0.0.0:0', 'Close>Listen', pid);
  }

  resetSent(time: number, local: string, remote: string, reason = 1, socket = 0): this {
    return this.#row(KernelRecord.ResetSent, time, { local, remote, detail: reason, socket });
  }

  resetReceived(time: number, socket: number, local: string, remote: string): this {
    return this.#row(KernelRecord.ResetReceived, time, { socket, local, remote });
  }

  error(time: number, local: string, remote: string, errno: number): this {
    return this.#row(KernelRecord.SocketError, time, { local, remote, detail: errno });
  }

  fork(time: number, parent: number, child: number): this {
    return this.#row(KernelRecord.Fork, time, { pid: parent, detail: child });
  }

  exec(time: number, pid: number): this {
    return this.#row(KernelRecord.Exec, time, { pid, detail: pid });
  }

  exit(time: number, pid: number): this {
    return this.#row(KernelRecord.Exit, time, { pid, detail: 1 });
  }

  /** The batch of what was written since the last one. */
  batch(tasks: readonly TaskRecord[] = []): SensorBatch {
    const rows = this.#rows;
    this.#rows = [];
    const kernel = emptyBatch(rows.length);
    rows.forEach((row, i) => {
      kernel.kind[i] = row.kind;
      kernel.time[i] = row.time;
      kernel.pid[i] = row.pid;
      kernel.socket[i * 2] = row.socket === 0 ? 0 : 0xffff8880;
      kernel.socket[i * 2 + 1] = row.socket * 64;
      kernel.family[i] = row.local.family;
      kernel.oldState[i] = row.from;
      kernel.newState[i] = row.to;
      kernel.localAddress.set(row.local.lanes, i * 4);
      kernel.remoteAddress.set(row.remote.lanes, i * 4);
      kernel.localPort[i] = row.local.port;
      kernel.remotePort[i] = row.remote.port;
      kernel.detail[i] = row.detail;
    });
    return { kernel, tasks, counters: { records: rows.length, lost: 0, undecodable: 0 } };
  }

  #row(
    kind: number,
    time: number,
    fields: {
      socket?: number;
      local?: string;
      remote?: string;
      from?: keyof typeof TcpState;
      to?: keyof typeof TcpState;
      pid?: number;
      detail?: number;
    },
  ): this {
    this.#rows.push({
      kind,
      time,
      pid: fields.pid ?? 0,
      socket: fields.socket ?? 0,
      local: end(fields.local ?? '0.0.0.0:0'),
      remote: end(fields.remote ?? '0.0.0.0:0'),
      from: fields.from ? TcpState[fields.from] : 0,
      to: fields.to ? TcpState[fields.to] : 0,
      detail: fields.detail ?? 0,
    });
    return this;
  }
}

/** A batch with room for `count` records, all fields 0. */
export function emptyBatch(count: number): KernelBatch {
  return {
    count,
    kind: new Uint8Array(count),
    time: new Float64Array(count),
    pid: new Int32Array(count),
    socket: new Uint32Array(count * 2),
    family: new Uint8Array(count),
    oldState: new Uint8Array(count),
    newState: new Uint8Array(count),
    localAddress: new Uint32Array(count * 4),
    remoteAddress: new Uint32Array(count * 4),
    localPort: new Uint16Array(count),
    remotePort: new Uint16Array(count),
    detail: new Int32Array(count),
  };
}

/** Reads `198.51.100.1:80` or `[2001:db8::1]:80`. */
export function end(text: string) {
  const colon = text.lastIndexOf(':');
  const address = parseAddress(text.slice(0, colon).replace(/^\[|\]$/g, ''));
  if (address === undefined) throw new Error(`not an end: ${text}`);
  const { family, a, b, c, d } = address;
  return { address, family, lanes: [a, b, c, d], port: Number(text.slice(colon + 1)) };
}
