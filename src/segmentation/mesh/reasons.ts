import type { Outcome, Reason } from '../../flow/verdict.ts';
import type { Workload } from '../model.ts';
import type { HttpRequest } from '../request.ts';
import type { AuthorizationPolicy } from './authorization-policy.ts';
import type { MeshClient, MeshServer, World } from './worlds.ts';

/** Id of this layer in reasons. */
export const layer = 'mesh';

/** What is asked, for texts. */
export interface MeshQuestion {
  readonly client: MeshClient;
  /** The client as a workload, when it is one. */
  readonly source: Workload | undefined;
  /** Why the client is in the mesh or not, as a sentence. */
  readonly clientText: string;
  readonly server: MeshServer;
  readonly destination: Workload;
  readonly port: number;
  readonly request: HttpRequest | undefined;
  readonly worlds: readonly World[];
}

/** Returns a reason of the mesh, which judges where connections arrive. */
export function reason(outcome: Outcome, text: string): Reason {
  return { layer, direction: 'ingress', outcome, text };
}

/** Returns a policy as the object of a reason. */
export function objectOf({
  source,
}: {
  readonly source: AuthorizationPolicy['source'];
}): Required<Pick<Reason, 'object'>> {
  const { kind, name, namespace } = source;
  return { object: { kind, name, namespace: namespace ?? 'default' } };
}
