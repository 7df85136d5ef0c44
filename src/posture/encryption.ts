import type { Reason } from '../flow/verdict.ts';
import { destinationOf } from './judge.ts';
import type { Connection, Declared } from './posture.ts';

/**
 * Returns what declares that a connection must not go in clear text: a PeerAuthentication whose mode is STRICT there, which is one that
 * refuses everybody outside of the mesh. Undefined where nothing does, or where that is not known for certain. Of a connection to a Service
 * nothing is said: which pod answers decides.
 */
export function encryptionOf(declared: Declared, connection: Connection): Reason | undefined {
  const destination = destinationOf(declared, connection);
  if (destination.kind !== 'workload') return undefined;
  const { source: address, protocol, port } = connection;
  const reasons = declared.mesh.judge({ source: { kind: 'external', address }, destination, protocol, port });
  return reasons.find(({ outcome, object }) => outcome === 'deny' && object?.kind === 'PeerAuthentication');
}
