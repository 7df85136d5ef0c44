import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { type AgentView, createApi } from './api.ts';
import { refusal, securityHeaders } from './host-guard.ts';
import { staticFiles } from './static.ts';
import { apiSchemaVersion } from './status.ts';

/** One address to listen on. */
export interface Listen {
  /** An IP address or `localhost`. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Whether the page is served here, too. */
  readonly console: boolean;
  /** The command line option that named it, for error messages. */
  readonly option?: string;
}

/** What is served, and where. */
export interface HttpOptions {
  readonly view: AgentView;
  /** Directory of the built page. */
  readonly consoleDir: string;
  readonly listen: readonly Listen[];
  /** Names, lower case, by which this machine may be asked for besides localhost and its addresses. */
  readonly names?: readonly string[];
  /** Asked for as `Authorization: Bearer` on addresses off loopback; without one, none such is listened on. */
  readonly token?: string;
}

/** Listeners at work. */
export interface HttpService {
  /** Where each of `listen` is reached, e.g. `http://127.0.0.1:8470/`, in the same order. */
  readonly urls: readonly string[];
  /** Stops listening, ends the event streams and closes every connection. */
  close(): Promise<void>;
}

/** Connections that one listener holds at a time; the next one is closed at once. */
const maxConnections = 256;

/**
 * Starts every listener, or none: rejects with an Error for the user when an address is in use, cannot be listened on, or
 * is off loopback without a token.
 */
export async function serve(options: HttpOptions): Promise<HttpService> {
  const servers: Server[] = [];
  const close = async (): Promise<void> => {
    options.view.stream.close();
    await Promise.all(servers.map(closeServer));
  };
  try {
    for (const listen of options.listen) servers.push(await start(listen, options));
  } catch (error) {
    await Promise.all(servers.map(closeServer));
    throw error;
  }
  return { urls: servers.map(urlOf), close };
}

async function start(listen: Listen, options: HttpOptions): Promise<Server> {
  const { host, port } = listen;
  const token = isLoopback(host) ? undefined : options.token;
  if (!isLoopback(host) && !token) {
    throw new Error(
      `${named(listen)} can be reached from other machines: configure a token first, or listen on 127.0.0.1`,
    );
  }
  const api = createApi(options.view, listen.console ? staticFiles(options.consoleDir) : undefined);
  const answer = getRequestListener(api.fetch, { overrideGlobalObjects: false });
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    const refused = refusal(request, options.names);
    if (refused !== undefined) {
      refuse(response, refused.status, refused.code, refused.message);
    } else if (token !== undefined && !bears(request, token)) {
      response.setHeader('WWW-Authenticate', 'Bearer');
      refuse(response, 401, 'no-token', 'send the configured token as Authorization: Bearer');
    } else {
      void answer(request, response);
    }
  });
  server.maxConnections = maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.on('error', (error) => reject(cannotListen(listen, error)));
    server.listen({ host, port, exclusive: true }, resolve);
  });
  return server;
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  // A request that is refused is not read: whatever of it is still to come goes with the connection.
  response.writeHead(status, { 'Content-Type': 'application/json', Connection: 'close' });
  response.end(JSON.stringify({ schemaVersion: apiSchemaVersion, error: { code, message } }));
}

/** Compares digests, so that the time it takes tells nothing about the token. */
function bears(request: IncomingMessage, token: string): boolean {
  const [, given = ''] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function named({ host, port, option }: Listen): string {
  return `${host}:${port}${option === undefined ? '' : ` (${option})`}`;
}

function cannotListen(listen: Listen, error: NodeJS.ErrnoException): Error {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another program is listening there',
    EADDRNOTAVAIL: 'this machine has no such address',
    EACCES: 'ports below 1024 need root',
  };
  return new Error(`cannot listen on ${named(listen)}: ${reasons[error.code ?? ''] ?? error.message}`, {
    cause: error,
  });
}

function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/`;
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
