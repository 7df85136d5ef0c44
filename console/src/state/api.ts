import type { Status } from '../../../src/agent/status.ts';
import type { AlertJson } from '../../../src/detect/json.ts';
import type { FlowJson } from '../../../src/flow/json.ts';

/** One page of stored flows, newest first. */
export interface FlowPage {
  readonly rows: readonly FlowJson[];
  /** What to ask with as `before` for the next older page; null at the end. */
  readonly next: number | null;
}

/** Which stored flows to ask for. */
export interface FlowQuery {
  readonly limit: number;
  readonly before?: number;
}

/** What the agent answered when it did answer, but not with what was asked for. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
}

/** Longest wait for an answer, ms. The agent is on the same machine or one tunnel away. */
const patience = 8000;

/** Returns the agent's status. Throws ApiError when it refuses, TypeError or a DOMException when it does not answer. */
export function fetchStatus(): Promise<Status> {
  return getJson<Status>('/api/v1/status');
}

/** Returns the stored alerts, newest first. Throws as {@link fetchStatus}. */
export async function fetchAlerts(limit: number): Promise<readonly AlertJson[]> {
  const page = await getJson<{ rows: readonly AlertJson[] }>(`/api/v1/alerts?limit=${limit}`);
  return page.rows;
}

/** Returns a page of stored flows, newest first. Throws as {@link fetchStatus}. */
export function fetchFlows(query: FlowQuery): Promise<FlowPage> {
  const parameters = new URLSearchParams({ limit: String(query.limit) });
  if (query.before !== undefined) parameters.set('before', String(query.before));
  return getJson<FlowPage>(`/api/v1/flows?${parameters}`);
}

async function getJson<T>(path: string): Promise<T> {
  const response = await fetch(path, {
    headers: { accept: 'application/json' },
    cache: 'no-store',
    signal: AbortSignal.timeout(patience),
  });
  if (!response.ok) throw new ApiError(await refusal(response));
  return (await response.json()) as T;
}

/** What the agent says of its refusal; the bare status when that is not its own JSON. */
async function refusal(response: Response): Promise<string> {
  const body: unknown = await response.json().catch(() => undefined);
  const said = (body as { error?: { message?: unknown } } | undefined)?.error?.message;
  return typeof said === 'string' ? said : `status ${response.status}`;
}
