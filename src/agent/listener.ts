import { createHash, timingSafeEqual } from 'node:crypto';
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { refusal, securityHeaders } from './host-guard.ts';
import { apiSchemaVersion } from './status.ts';

/** An address to listen on. */
export interface ListenAddress {
  /** An IP address or `localhost`. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** The command line option that named it, for error messages. */
  readonly option?: string;
}

/** Who may ask, and who answers. */
export interface ListenerOptions {
  /** Names, lower case, by which this machine may be asked for besides localhost and its addresses. */
  readonly names?: readonly string[] | undefined;
  /** Asked for as `Authorization: Bearer` on addresses off loopback; without one, none such is listened on. */
  readonly token?: string | undefined;
  /** Whether the token may also come as the password of `Authorization: Basic`, for clients that know no other way. */
  readonly basic?: boolean;
  /** Time-outs and limits of node:http. */
  readonly server?: ServerOptions;
  /** Connections held at a time; the next one is closed at once. */
  readonly maxConnections: number;
  /** Gets the requests that may be answered. */
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void;
}

/**
 * Starts one listener: rejects with an Error for the user when the address is in use, cannot be listened on, or is off
 * loopback without a token.
 */
export async function startListener(address: ListenAddress, options: ListenerOptions): Promise<Server> {
  const { host, port } = address;
  const token = isLoopback(host) ? undefined : options.token;
  if (!isLoopback(host) && !token) {
    throw new Error(
      `${named(address)} can be reached from other machines: configure a token first, or listen on 127.0.0.1`,
    );
  }
  const server = createServer(options.server ?? {}, (request, response) => {
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    const refused = refusal(request, options.names);
    if (refused !== undefined) {
      refuse(response, refused.status, refused.code, refused.message);
    } else if (token !== undefined && !bears(request, token, options.basic === true)) {
      response.setHeader(
        'WWW-Authenticate',
        options.basic === true ? 'Bearer, Basic realm="picket"' : 'Bearer',
      );
      refuse(response, 401, 'no-token', 'send the configured token as Authorization: Bearer');
    } else {
      options.answer(request, response);
    }
  });
  server.maxConnections = options.maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.on('error', (error) => reject(cannotListen(address, error)));
    server.listen({ host, port, exclusive: true }, resolve);
  });
  return server;
}

/** Answers with an error, and reads no more of the request: whatever is still to come goes with the connection. */
export function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json', Connection: 'close' });
  response.end(JSON.stringify({ schemaVersion: apiSchemaVersion, error: { code, message } }));
}

/** Where a listener is reached, e.g. `http://127.0.0.1:8470/`. */
export function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/`;
}

/** Stops listening and closes every connection. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Compares digests, so that the time it takes tells nothing about the token. */
function bears(request: IncomingMessage, token: string, basic: boolean): boolean {
  const { authorization = '' } = request.headers;
  const [, bearer] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
  const [, pair] = (basic ? /^Basic +(\S+)$/i.exec(authorization) : null) ?? [];
  const given = bearer ?? passwordOf(pair ?? '');
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

/** The password of basic credentials (RFC 7617). */
function passwordOf(pair: string): string {
  return /^[^:]*:(.*)$/s.exec(Buffer.from(pair, 'base64').toString('utf8'))?.[1] ?? '';
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function named({ host, port, option }: ListenAddress): string {
  return `${host}:${port}${option === undefined ? '' : ` (${option})`}`;
}

function cannotListen(address: ListenAddress, error: NodeJS.ErrnoException): Error {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another program is listening there',
    EADDRNOTAVAIL: 'this machine has no such address',
    EACCES: 'ports below 1024 need root',
  };
  return new Error(`cannot listen on ${named(address)}: ${reasons[error.code ?? ''] ?? error.message}`, {
    cause: error,
  });
}
