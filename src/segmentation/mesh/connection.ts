import type { Address } from '../../net/address.ts';
import type { HttpRequest } from '../request.ts';
import type { Identity } from './membership.ts';

/** One connection as the proxy that judges it sees it. */
export interface MeshConnection {
  /** `ztunnel` knows no HTTP; a sidecar, gateway or waypoint does where the port speaks it. */
  readonly proxy: 'ztunnel' | 'tcp' | 'http';
  /** Whom mutual TLS proves the client to be; `somebody`: in the mesh, but not who. Undefined: plaintext. */
  readonly identity: Identity | 'somebody' | undefined;
  /** The client uses one of these; empty when none is known. */
  readonly addresses: readonly Address[];
  /** The address may be replaced on the way by that of a node or a proxy. */
  readonly masqueraded: boolean;
  readonly destinations: readonly Address[];
  /** The ports that the proxy may take it to be for; more than one when that is not known. */
  readonly ports: readonly number[];
  readonly request: HttpRequest | undefined;
  /** Whether any RequestAuthentication may accept a token: without one no request has a token's identity. */
  readonly tokens: boolean;
}
