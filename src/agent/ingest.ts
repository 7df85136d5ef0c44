import type { IncomingMessage, ServerResponse } from 'node:http';
import { closeServer, type ListenAddress, refuse, startListener, urlOf } from './listener.ts';
import {
  type BodyBudget,
  type BodyLimits,
  type BodyRefusal,
  bodyText,
  headerRefusal,
  withBody,
} from './request-body.ts';
import type { EventInput } from './rules/event-input.ts';
import { apiSchemaVersion } from './status.ts';

/** Takes a text in before it returns. */
export interface Taker {
  take(text: string): {
    readonly events: number;
    readonly faults: readonly { readonly item: number; readonly message: string }[];
    readonly undecodable: number;
  };
}

/** What is taken in, and where. */
export interface IngestOptions {
  readonly listen: ListenAddress;
  /** Names, lower case, by which this machine may be asked for besides localhost and its addresses. */
  readonly names?: readonly string[];
  /** Needed off loopback: as `Authorization: Bearer`, or as the password of `Authorization: Basic`. */
  readonly token?: string | undefined;
  /** Gets the bodies that are posted to `/k8s-audit`. */
  readonly audit?: Taker;
  /** Gets the bodies that are posted to `/falco`. */
  readonly falco?: Taker;
  /** Bytes of bodies that are held at a time; who sends more is asked to come again. Default: 48 MiB. */
  readonly maxBytes?: number;
  /** How long one request may take to arrive. Default: 30000. */
  readonly requestMs?: number;
  /** Default: 12 MiB sent, 32 MiB unpacked; for `/falco` 1 MiB each. */
  readonly limits?: BodyLimits;
}

/** Counts since the start. */
export interface IngestCounts {
  /** Bodies taken in. */
  readonly accepted: number;
  /** Requests that were answered with an error of theirs. */
  readonly refused: number;
  /** Requests that were asked to come again later. */
  readonly busy: number;
  /** Requests whose connection broke before their end, or that could not be taken in. */
  readonly broken: number;
}

/** A listener at work. */
export interface IngestService {
  /** Where it is reached, e.g. `http://127.0.0.1:9765/`. */
  readonly url: string;
  counts(): IngestCounts;
  /** A path as a way in which events come. `undecodable` are bodies that could not even be opened. Stopping it closes all. */
  input(path: '/k8s-audit' | '/falco'): EventInput;
  /** Stops listening and closes every connection. Afterwards nothing is given to the takers. Idempotent. */
  close(): Promise<void>;
}

const mebibyte = 1024 * 1024;
/** API servers that cut batches make them of 10 MiB at most (`--audit-webhook-truncate-max-batch-size`). */
const auditLimits: BodyLimits = { sent: 12 * mebibyte, unpacked: 32 * mebibyte };
const falcoLimits: BodyLimits = { sent: mebibyte, unpacked: mebibyte };
const maxConnections = 64;
const retryAfterSeconds = 1;
/** Faults that an answer tells of. */
const maxFaults = 10;

interface Route {
  readonly taker: Taker;
  readonly limits: BodyLimits;
  readonly types: readonly string[];
  /** Bodies that could not be opened. */
  unreadable: number;
}

/**
 * Listens for Kubernetes audit events (`POST /k8s-audit`, the audit webhook of the API server: audit.k8s.io/v1 EventList) and
 * for alerts of Falco (`POST /falco`, its `http_output`). A body is answered with 200 when it has been taken in; senders that
 * get 429 or 5xx send it again. Rejects with an Error for the user when it cannot listen.
 */
export async function ingest(options: IngestOptions): Promise<IngestService> {
  const routes = routesOf(options);
  const counts = { accepted: 0, refused: 0, busy: 0, broken: 0 };
  const { maxBytes = 48 * mebibyte, requestMs = 30_000 } = options;
  const budget: BodyBudget = { used: 0, max: maxBytes };
  const inTurn = oneAtATime();
  let isClosed = false;

  function decline(response: ServerResponse, { status, code, message }: BodyRefusal): void {
    if (status === 429) {
      counts.busy++;
      response.setHeader('Retry-After', retryAfterSeconds);
    } else counts.refused++;
    refuse(response, status, code, message);
  }

  async function take(route: Route, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { limits, taker } = route;
    try {
      const taken = await withBody(request, limits, budget, (sent) =>
        inTurn(async () => {
          if (isClosed) throw new Error('it is being stopped');
          const text = await bodyText(request, sent, limits);
          return typeof text === 'string' ? taker.take(text) : text;
        }),
      );
      if ('status' in taken) {
        if (taken.status !== 429) route.unreadable++;
        return decline(response, taken);
      }
      const { events, faults, undecodable } = taken;
      const [first] = faults;
      if (events === 0 && first !== undefined)
        return decline(response, {
          status: 400,
          code: 'nothing-taken',
          message: `item ${first.item}: ${first.message}`,
        });
      counts.accepted++;
      response.writeHead(200, { 'Content-Type': 'application/json' });
      const answer = { events, undecodable, faults: faults.slice(0, maxFaults) };
      response.end(JSON.stringify({ schemaVersion: apiSchemaVersion, ...answer }));
    } catch (error) {
      counts.broken++;
      if (request.complete) refuse(response, 500, 'not-taken', (error as Error).message);
      else response.destroy();
    }
  }

  const server = await startListener(options.listen, {
    names: options.names,
    token: options.token,
    basic: true,
    maxConnections,
    server: {
      requestTimeout: requestMs,
      headersTimeout: Math.min(requestMs, 10_000),
      connectionsCheckingInterval: Math.min(requestMs, 1000),
    },
    answer(request, response) {
      const route = routes.get(request.url?.split('?')[0] ?? '');
      if (route === undefined) {
        counts.refused++;
        return refuse(response, 404, 'no-such-path', `post to ${[...routes.keys()].join(' or ')}`);
      }
      if (request.method !== 'POST') {
        counts.refused++;
        response.setHeader('Allow', 'POST');
        return refuse(response, 405, 'method', 'only POST is answered');
      }
      const refused = headerRefusal(request, route.types, route.limits);
      if (refused !== undefined) {
        route.unreadable++;
        return decline(response, refused);
      }
      void take(route, request, response);
    },
  });
  const url = urlOf(server);
  const close = async () => {
    isClosed = true;
    await closeServer(server);
    // What is being taken in is taken to its end.
    await inTurn(async () => {});
  };
  const input = (path: string): EventInput => ({
    status: () => ({
      state: 'running',
      detail: `POST ${url.slice(0, -1)}${path}`,
      lost: 0,
      undecodable: routes.get(path)?.unreadable ?? 0,
    }),
    stop: close,
  });
  return { url, counts: () => ({ ...counts }), input, close };
}

/** Returns what runs works one after the other: only one body at a time is unpacked. */
function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => {});
    return mine;
  };
}

function routesOf({ audit, falco, limits }: IngestOptions): Map<string, Route> {
  const routes = new Map<string, Route>();
  if (audit !== undefined)
    routes.set('/k8s-audit', {
      taker: audit,
      limits: limits ?? auditLimits,
      types: ['application/json'],
      unreadable: 0,
    });
  if (falco !== undefined)
    routes.set('/falco', {
      taker: falco,
      limits: limits ?? falcoLimits,
      types: ['application/json', 'application/x-ndjson'],
      unreadable: 0,
    });
  return routes;
}
