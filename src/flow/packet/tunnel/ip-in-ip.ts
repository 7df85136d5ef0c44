import type { Decoding } from '../decoding.ts';
import { Layer, type Step } from '../step.ts';
import { plain } from '../transport/transport.ts';

/** Goes into IP carried by IP, either version in either (RFC 2003, RFC 4213, RFC 2473). */
export function ipInIp(decoding: Decoding): Step {
  plain(decoding);
  return decoding.enter('ipip', -1, Layer.Ip);
}

/** Goes into MPLS carried by IP (RFC 4023 §3), which is the tunnel then. */
export function mplsInIp(decoding: Decoding): Step {
  plain(decoding);
  return Layer.Mpls;
}
