import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { Frames, framed } from './frames.ts';

/** As large as engines send them. */
const mostMessageBytes = 16 * 1024 * 1024;

/** Codes of https://github.com/grpc/grpc/blob/master/doc/statuscodes.md that are told apart. */
export const grpcStatus = { unknown: 2, notFound: 5, unimplemented: 12, unavailable: 14 } as const;

/** A call that did not succeed. */
export class GrpcError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A call whose answers keep coming. */
export interface Stream {
  /** Fulfilled at its end, rejected with a GrpcError. */
  readonly ended: Promise<void>;
  close(): void;
}

/** Calls of a gRPC service over one connection to a unix socket. After `closed` it is of no more use. */
export class GrpcClient {
  /** Fulfilled when the connection is gone, for whatever reason. */
  readonly closed: Promise<void>;
  readonly #session: ClientHttp2Session;

  constructor(path: string) {
    // Nothing answers to the name: it stands where HTTP wants one.
    this.#session = connect('http://localhost', { createConnection: () => connectSocket(path) });
    this.closed = new Promise((resolve) => this.#session.once('close', resolve));
    // Calls tell of errors themselves.
    this.#session.on('error', () => {});
    this.#session.on('goaway', () => this.#session.close());
  }

  /** Returns the answer, or throws a GrpcError; also when it takes longer than `timeoutMs`. */
  async call(service: string, method: string, request: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    let answer: Uint8Array | undefined;
    const take = (message: Uint8Array) => {
      answer = message;
    };
    await this.#start(service, method, request, take, timeoutMs).ended;
    if (answer === undefined) throw new GrpcError(grpcStatus.unknown, `${method}: no answer`);
    return answer;
  }

  /** Gives each answer to `take` as it comes. */
  stream(service: string, method: string, request: Uint8Array, take: (message: Uint8Array) => void): Stream {
    return this.#start(service, method, request, take, undefined);
  }

  /** Ends the connection with all calls on it. Idempotent. */
  close(): void {
    this.#session.destroy();
  }

  #start(
    service: string,
    method: string,
    request: Uint8Array,
    take: (message: Uint8Array) => void,
    timeoutMs: number | undefined,
  ): Stream {
    const headers = {
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: `/${service}/${method}`,
      [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
      [constants.HTTP2_HEADER_TE]: 'trailers',
      ...(timeoutMs !== undefined && { 'grpc-timeout': `${timeoutMs}m` }),
    };
    let call: ClientHttp2Stream;
    try {
      call = this.#session.request(headers);
    } catch (error) {
      const gone = new GrpcError(grpcStatus.unavailable, (error as Error).message);
      return { ended: Promise.reject(gone), close: () => {} };
    }
    const ended = new Promise<void>((resolve, reject) => {
      const frames = new Frames(mostMessageBytes);
      let status: { readonly code: number; readonly message: string } | undefined;
      let failure: string | undefined;
      const look = (fields: Readonly<Record<string, unknown>>) => {
        const code = fields['grpc-status'];
        if (code === undefined) return;
        status = { code: Number(code), message: decoded(String(fields['grpc-message'] ?? '')) };
      };
      const timer =
        timeoutMs === undefined
          ? undefined
          : setTimeout(() => {
              failure = `no answer within ${timeoutMs} ms`;
              call.close(constants.NGHTTP2_CANCEL);
            }, timeoutMs);
      call.on('response', (fields) => {
        look(fields);
        const http = fields[constants.HTTP2_HEADER_STATUS];
        if (Number(http) !== 200) failure ??= `HTTP status ${http}`;
      });
      call.on('trailers', look);
      call.on('data', (bytes: Uint8Array) => {
        for (const message of frames.push(bytes)) take(message);
        if (frames.fault === undefined) return;
        failure = frames.fault;
        call.close(constants.NGHTTP2_CANCEL);
      });
      call.on('error', (error) => {
        failure ??= error.message;
      });
      call.on('close', () => {
        clearTimeout(timer);
        if (status?.code === 0 && failure === undefined && !frames.isCut) resolve();
        else if (status !== undefined && status.code !== 0)
          reject(new GrpcError(status.code, `${method}: ${status.message}`));
        else
          reject(new GrpcError(grpcStatus.unavailable, `${method}: ${failure ?? 'the answer is cut off'}`));
      });
    });
    // Whoever closes a stream need not wait for it.
    ended.catch(() => {});
    call.end(framed(request));
    return { ended, close: () => call.close(constants.NGHTTP2_CANCEL) };
  }
}

/** Messages are percent-encoded in trailers. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
