import type { Verdict } from '../flow/verdict.ts';
import type { Endpoint } from '../segmentation/endpoint.ts';
import { foldOutcomes } from '../segmentation/explain.ts';
import type { Service } from '../segmentation/model.ts';
import { layers } from './layers/registry.ts';
import type { Connection, Declared } from './posture.ts';
import type { Question } from './question.ts';
import { judgeService } from './service-verdict.ts';

/** A destination: an end proper, or the Service that leads to some. */
export type Destination = Endpoint | { readonly kind: 'service'; readonly service: Service };

/** A connection as a client asks for it: perhaps of a Service, at the Service's port. */
export interface Request extends Omit<Question, 'destination'> {
  readonly destination: Destination;
}

/** Returns what all layers say of a connection; a Service is seen through to the pods behind it. */
export function judge(declared: Declared, { destination, ...rest }: Request): Verdict {
  if (destination.kind === 'service') {
    return judgeService({ ...rest, service: destination.service }, (question) =>
      judgeEnds(declared, question),
    );
  }
  return judgeEnds(declared, { ...rest, destination });
}

/** Returns what all layers say of a connection between two ends. */
export function judgeEnds(declared: Declared, question: Question): Verdict {
  const reasons = layers.flatMap((layer) => layer.judge(question, declared));
  return { outcome: foldOutcomes(reasons.map(({ outcome }) => outcome)), reasons };
}

/** Returns what an address and port lead to: a Service by its address or by its port on a node, else the end itself. */
export function destinationOf(
  { addresses, inventory }: Declared,
  { destination, protocol, port }: Omit<Connection, 'source'>,
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
