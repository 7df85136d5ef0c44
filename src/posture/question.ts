import type { Endpoint } from '../segmentation/endpoint.ts';
import type { HttpRequest } from '../segmentation/request.ts';

/** One connection between two ends, as every layer is asked about it. */
export interface Question {
  readonly source: Endpoint;
  readonly destination: Endpoint;
  /** IP protocol number. */
  readonly protocol: number;
  /** The port on the destination itself: of a Service, the port of the pod behind it. */
  readonly port: number;
  /** The request that is sent over it, as far as it is known; layers that look into requests need it. */
  readonly request?: HttpRequest;
}
