import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { connect, isIPv6, type Socket } from 'node:net';
import type { AlertRecord } from '../alert-record.ts';
import { RefusedError, type Transport } from '../transport.ts';
import { syslogMessage } from './syslog-message.ts';

export interface RemoteSyslogOptions {
  readonly protocol: 'udp' | 'tcp';
  readonly host: string;
  readonly port: number;
  readonly json: boolean;
}

/** A syslog server by RFC 5424. Neither protocol acknowledges: delivered is what the kernel took. */
export function remoteSyslogTransport(options: RemoteSyslogOptions): Transport {
  return options.protocol === 'tcp' ? new TcpSyslogTransport(options) : new UdpSyslogTransport(options);
}

/** One message in a frame that begins with its length (RFC 6587 §3.4.1). */
class TcpSyslogTransport implements Transport {
  readonly kind = 'syslog';
  readonly target: string;
  readonly #options: RemoteSyslogOptions;
  #socket: Socket | undefined;

  constructor(options: RemoteSyslogOptions) {
    this.#options = options;
    this.target = targetOf(options);
  }

  async send(record: AlertRecord, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const message = syslogMessage(record, this.#options.json, process.pid);
    const socket = this.#socket ?? this.#connect();
    await new Promise<void>((done, fail) => {
      const stop = () => {
        this.#drop(socket);
        fail(signal.reason as Error);
      };
      const lost = (error?: Error) => fail(error ?? new Error(`${this.target} closed the connection`));
      signal.addEventListener('abort', stop, { once: true });
      socket.once('error', lost);
      socket.once('close', lost);
      socket.write(Buffer.concat([Buffer.from(`${message.length} `), message]), (error) => {
        signal.removeEventListener('abort', stop);
        socket.off('error', lost);
        socket.off('close', lost);
        if (error) fail(error);
        else done();
      });
    });
  }

  reopen(): void {
    this.#socket?.end();
    this.#socket = undefined;
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined || socket.destroyed) return;
    await new Promise<void>((done) => {
      socket.once('close', () => done());
      // What is written goes out first, if the server still reads.
      socket.setTimeout(1_000, () => socket.destroy());
      socket.end();
    });
  }

  #connect(): Socket {
    const { host, port } = this.#options;
    const socket = connect(port, host);
    socket.setKeepAlive(true, 30_000);
    socket.setNoDelay(true);
    // What a server says is of no use; unread, its end would never be seen.
    socket.resume();
    for (const event of ['error', 'end', 'close']) socket.on(event, () => this.#drop(socket));
    this.#socket = socket;
    return socket;
  }

  #drop(socket: Socket): void {
    socket.destroy();
    if (this.#socket === socket) this.#socket = undefined;
  }
}

/** One message in one datagram (RFC 5426). */
class UdpSyslogTransport implements Transport {
  readonly kind = 'syslog';
  readonly target: string;
  readonly #options: RemoteSyslogOptions;
  #socket: Promise<DatagramSocket> | undefined;

  constructor(options: RemoteSyslogOptions) {
    this.#options = options;
    this.target = targetOf(options);
  }

  async send(record: AlertRecord, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const message = syslogMessage(record, this.#options.json, process.pid);
    try {
      this.#socket ??= this.#connect();
      const socket = await this.#socket;
      await new Promise<void>((done, fail) =>
        socket.send(message, (error) => (error ? fail(error) : done())),
      );
    } catch (error) {
      this.reopen();
      if ((error as NodeJS.ErrnoException).code === 'EMSGSIZE')
        throw new RefusedError(`${message.length} bytes do not fit into a datagram`);
      throw error;
    }
  }

  reopen(): void {
    void this.#socket?.then((socket) => socket.close()).catch(() => {});
    this.#socket = undefined;
  }

  async close(): Promise<void> {
    this.reopen();
  }

  /** Connected, so that a host that refuses is told by the next message. */
  async #connect(): Promise<DatagramSocket> {
    const { host, port } = this.#options;
    const { address, family } = await lookup(host);
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    await new Promise<void>((done, fail) => {
      socket.once('connect', done).once('error', fail).connect(port, address);
    }).catch((error: Error) => {
      socket.close();
      throw error;
    });
    socket.on('error', () => {});
    return socket.unref();
  }
}

function targetOf({ protocol, host, port }: RemoteSyslogOptions): string {
  return `${protocol}://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
