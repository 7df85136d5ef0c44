import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import type { ExceptionStatus } from '../detect/settings/exceptions.ts';
import { postureOf } from '../posture/posture.fixture.ts';
import { openMemoryStore } from '../store/memory.ts';
import { noon } from '../store/store.fixture.ts';
import type { Store } from '../store/store.ts';
import type { AgentView } from './api.ts';
import { Incidents } from './incidents.ts';
import { type AgentMetrics, agentMetrics } from './metrics.ts';
import { apiSchemaVersion, type HealthItem, type Status } from './status.ts';
import { EventStream, type EventStreamOptions } from './stream.ts';
import { StreamObserver } from './stream-observer.ts';

/** A status with a value of its own in every field that a test looks for. */
export function statusOf(store: Store, stream: EventStream, health: readonly HealthItem[]): Status {
  return {
    schemaVersion: apiSchemaVersion,
    version: '0.1.0',
    site: 'edge-1',
    startedAt: 1_780_000_000_000,
    now: 1_780_000_060_000,
    mode: 'observe',
    health,
    posture: { files: 3, workloads: 4, policies: 5, hosts: 6, errors: 0, warnings: 0 },
    sensors: [
      { id: 'tracefs', state: 'running', detail: '', counters: { records: 1000, lost: 7, undecodable: 2 } },
    ],
    flows: { active: 11, total: 12, evicted: 13, allowed: 10, denied: 1, unknown: 1 },
    alerts: { open: 1, total: 2 },
    detectors: [{ id: 'port-scan', stateBytes: 4096, evicted: 3 }],
    store: store.health(),
    stream: { subscribers: stream.subscribers, dropped: stream.dropped },
  };
}

/** A view over a real store and stream whose health can be set. */
export interface TestView extends AgentView {
  readonly store: Store;
  readonly incidents: Incidents;
  readonly counts: AgentMetrics;
  health: readonly HealthItem[];
  exceptions: readonly ExceptionStatus[];
}

/** Returns a view with an empty store in memory and nothing wrong. */
export function testView(options?: EventStreamOptions): TestView {
  const store = openMemoryStore();
  const stream = new EventStream(options);
  const status = (): Status => ({
    ...statusOf(store, stream, view.health),
    ...(view.exceptions.length > 0 && { exceptions: view.exceptions }),
    incidents: incidents.status(),
  });
  const counts = agentMetrics(status);
  const observer = new StreamObserver(stream);
  let ids = 0;
  const incidents = new Incidents({
    store,
    newId: () => `i${++ids}`,
    posture: postureOf('', ''),
    observers: [observer],
  });
  const view: TestView = {
    store,
    stream,
    incidents,
    now: () => noon + 60_000,
    counts,
    health: [{ id: 'store', state: 'ok', text: 'fine' }],
    exceptions: [],
    status,
    metrics: () => counts.metrics(),
  };
  return view;
}

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

/** Sends one request with exactly these headers (fetch would not let Host and Sec-Fetch-* be set). */
export function ask(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
  body?: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Returns a TCP port of 127.0.0.1 that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
