import type { Verdict } from '../flow/verdict.ts';
import type { Address } from '../net/address.ts';
import type { Endpoint } from '../segmentation/endpoint.ts';
import { verdict } from '../segmentation/explain.ts';
import type { Service } from '../segmentation/model.ts';
import type { Layer } from './layer.ts';
import type { Declared } from './posture.ts';
import { judgeService } from './service-verdict.ts';

/** NetworkPolicies, and what bears on them. Services are seen through: policies judge the pods behind them. */
export const networkPolicyLayer: Layer = {
  id: 'networkpolicy',
  judge(connection, declared) {
    const { addresses } = declared;
    return judgeEnds(
      declared,
      addresses.endpoint(connection.source),
      destinationOf(declared, connection),
      connection.protocol,
      connection.port,
    );
  },
};

/** A destination: an end proper, or the Service that leads to some. */
export type Destination = Endpoint | { readonly kind: 'service'; readonly service: Service };

/** Returns what an address and port lead to: a Service by its address or by its port on a node, else the end itself. */
export function destinationOf(
  { addresses, inventory }: Declared,
  { destination, protocol, port }: { destination: Address; protocol: number; port: number },
): Destination {
  const owner = addresses.owner(destination);
  if (owner?.kind === 'service') return { kind: 'service', service: owner.service };
  if (owner?.kind === 'node') {
    const service = inventory.services.find(({ ports }) =>
      ports.some((entry) => entry.nodePort === port && entry.protocol === protocol),
    );
    if (service !== undefined) return { kind: 'service', service };
  }
  return addresses.endpoint(destination);
}

/** Returns the verdict for two ends; `port` is the port as the client asks for it. */
export function judgeEnds(
  declared: Declared,
  source: Endpoint,
  destination: Destination,
  protocol: number,
  port: number,
): Verdict {
  if (destination.kind === 'service') {
    return judgeService(declared.segmentation, source, destination.service, protocol, port);
  }
  return verdict(declared.segmentation, source, destination, protocol, port);
}
