import type { Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { type AgentView, createApi } from './api.ts';
import { closeServer, type ListenAddress, startListener, urlOf } from './listener.ts';
import { staticFiles } from './static.ts';

/** One address to listen on. */
export interface Listen extends ListenAddress {
  /** Whether the page is served here, too. */
  readonly console: boolean;
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

/** Connections that one listener holds at a time. */
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

function start(listen: Listen, { view, consoleDir, names, token }: HttpOptions): Promise<Server> {
  const api = createApi(view, listen.console ? staticFiles(consoleDir) : undefined);
  const answer = getRequestListener(api.fetch, { overrideGlobalObjects: false });
  return startListener(listen, {
    names,
    token,
    maxConnections,
    answer: (request, response) => void answer(request, response),
  });
}
