import type { Verdict } from '../../flow/verdict.ts';
import type { Endpoint } from '../../segmentation/endpoint.ts';
import { type ApiProtocol, apiProtocols } from '../../segmentation/protocol.ts';
import type { HttpRequest } from '../../segmentation/request.ts';
import { destinationOf, judge } from '../judge.ts';
import type { Declared } from '../posture.ts';

/** Returns the verdict for one connection between two ends; an address of a Service stands for the pods behind it. */
export function reach(
  declared: Declared,
  source: Endpoint,
  destination: Endpoint,
  protocol: ApiProtocol,
  port: number,
  request?: HttpRequest,
): Verdict {
  const number = apiProtocols[protocol];
  const target =
    destination.kind === 'workload' || destination.address === undefined
      ? destination
      : destinationOf(declared, { destination: destination.address, protocol: number, port });
  return judge(declared, {
    source,
    destination: target,
    protocol: number,
    port,
    ...(request === undefined ? {} : { request }),
  });
}
