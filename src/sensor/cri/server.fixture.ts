import { once } from 'node:events';
import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { Frames, framed } from './frames.ts';

/** Answers a call: a message, several, or a status that is not 0. `undefined`: not at all. */
export type Handler = (
  request: Uint8Array,
  call: Call,
) => Uint8Array | { readonly status: number } | undefined;

/** A call that the handler may answer later, or more than once. */
export class Call {
  readonly #stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
  }

  send(message: Uint8Array): void {
    this.#stream.write(framed(message));
  }

  /** Sends bytes that need not be a message. */
  sendBytes(bytes: Uint8Array): void {
    this.#stream.write(bytes);
  }

  /** Ends the answer; the status follows. */
  finish(): void {
    this.#stream.end();
  }

  /** Sends the status. */
  trailers(status = 0): void {
    this.#stream.sendTrailers({ 'grpc-status': String(status), 'grpc-message': 'said%20so' });
  }
}

/** A server of gRPC for what a real engine cannot be made to do: to be silent, to answer nonsense, to tell events. */
export class GrpcServer {
  readonly #server: Http2Server = createServer();
  readonly #sessions = new Set<ServerHttp2Session>();
  /** Connections so far. */
  connections = 0;
  /** Connections at this moment, and the most of them at one time. */
  open = 0;
  mostOpen = 0;

  /** `handlers`: by the name of the method. */
  constructor(handlers: Readonly<Record<string, Handler>>) {
    this.#server.on('session', (session) => {
      this.connections++;
      this.mostOpen = Math.max(this.mostOpen, ++this.open);
      this.#sessions.add(session);
      session.on('close', () => {
        this.open--;
        this.#sessions.delete(session);
      });
    });
    this.#server.on('stream', (stream, headers) => {
      stream.on('error', () => {});
      const frames = new Frames(1e6);
      stream.on('data', (bytes: Uint8Array) => {
        for (const request of frames.push(bytes)) {
          const method = String(headers[':path']).split('/').at(-1) as string;
          stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
          const call = new Call(stream);
          let status: number | undefined;
          stream.on('wantTrailers', () => call.trailers(status));
          const answer = handlers[method] === undefined ? { status: 12 } : handlers[method](request, call);
          if (answer === undefined) return;
          if (answer instanceof Uint8Array) call.send(answer);
          else status = answer.status;
          stream.end();
        }
      });
    });
  }

  async listen(path: string): Promise<void> {
    this.#server.listen(path);
    await once(this.#server, 'listening');
  }

  async close(): Promise<void> {
    for (const session of this.#sessions) session.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
