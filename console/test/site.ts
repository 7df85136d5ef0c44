import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Status } from '../../src/agent/status.ts';
import type { AlertJson } from '../../src/detect/json.ts';
import type { FlowJson } from '../../src/flow/json.ts';

const dist = fileURLToPath(new URL('../dist', import.meta.url));

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** As the agent sends them with every answer. */
const securityHeaders = {
  'Content-Security-Policy':
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
};

/** A small server on loopback that speaks the agent's API over data that the test holds. */
export class Site {
  status: Status;
  flows: FlowJson[] = [];
  alerts: AlertJson[] = [];
  /** Paths that were asked for. */
  readonly requests: string[] = [];
  #server: Server | undefined;
  #streams = new Set<ServerResponse>();
  #port = 0;

  constructor(status: Status) {
    this.status = status;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  /** Listens; on the same port again after a {@link stop}. */
  async start(): Promise<void> {
    const server = createServer((request, response) => void this.#answer(request, response));
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Ends like a process that is killed: every connection breaks. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    this.#streams.clear();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  /** Number of pages that listen now. */
  get listeners(): number {
    return this.#streams.size;
  }

  push(event: 'flow' | 'alert' | 'status' | 'dropped', data: unknown): void {
    for (const stream of this.#streams) stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    this.requests.push(url.pathname);
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    switch (url.pathname) {
      case '/api/v1/status':
        return json(response, { ...this.status, now: Date.now() });
      case '/api/v1/alerts':
        return json(response, {
          schemaVersion: 1,
          rows: this.alerts.map((alert, row) => ({ row, ...alert })),
          next: null,
        });
      case '/api/v1/flows':
        return json(response, this.#page(url.searchParams));
      case '/api/v1/stream':
        response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
        response.write('retry: 2000\n\n');
        this.#streams.add(response);
        response.on('close', () => this.#streams.delete(response));
        return;
      default:
        return file(response, url.pathname);
    }
  }

  /** Newest first; row numbers grow with age here as the list does, counted from its end. */
  #page(parameters: URLSearchParams): object {
    const limit = Number(parameters.get('limit') ?? 100);
    const before = Number(parameters.get('before') ?? this.flows.length + 1);
    const start = this.flows.length + 1 - before;
    const rows = this.flows
      .slice(start, start + limit)
      .map((flow, index) => ({ row: before - 1 - index, ...flow }));
    return { schemaVersion: 1, rows, next: start + limit < this.flows.length ? before - limit : null };
  }
}

function json(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(JSON.stringify(body));
}

async function file(response: ServerResponse, path: string): Promise<void> {
  const name = path === '/' ? '/index.html' : path;
  const body = await readFile(join(dist, name)).catch(() => undefined);
  response.writeHead(body ? 200 : 404, { 'Content-Type': types[extname(name)] ?? 'text/plain' });
  response.end(body ?? 'not found');
}
