import type { End, Identity } from '../flow/flow.ts';
import { parseAddress } from '../net/address.ts';
import { type EntityKind, type EntityRef, type Finding, maxEntities } from './detector.ts';
import { nameOf } from './text.ts';

const kinds: Readonly<Record<Identity['kind'], EntityKind>> = {
  workload: 'workload',
  service: 'service',
  node: 'node',
  host: 'host',
  peer: 'peer',
  loopback: 'address',
  unknown: 'address',
};

/** Returns an end of a flow as an entity, by the name that the detectors give it. */
export function entityOf(end: End, role: EntityRef['role']): EntityRef {
  return { kind: kinds[end.identity?.kind ?? 'unknown'], name: nameOf(end), role };
}

/**
 * Returns who takes part in a finding, at most {@link maxEntities}: as the detector says; where it says nothing, the one that the finding names
 * is the actor and the far ends of its example flows are the targets, or it is the target where it only stands at their far end.
 */
export function entitiesOf(finding: Pick<Finding, 'entities' | 'entity' | 'flows'>): readonly EntityRef[] {
  if (finding.entities !== undefined) return finding.entities.slice(0, maxEntities);
  const { entity, flows } = finding;
  const source = flows.find((flow) => nameOf(flow.source) === entity)?.source;
  const destination = flows.find((flow) => nameOf(flow.destination) === entity)?.destination;
  if (source === undefined && destination !== undefined) return [entityOf(destination, 'target')];
  const actor: EntityRef =
    source === undefined ? { kind: guess(entity), name: entity, role: 'actor' } : entityOf(source, 'actor');
  const targets = flows
    .filter((flow) => nameOf(flow.source) === entity)
    .map((flow) => entityOf(flow.destination, 'target'));
  return unique([actor, ...targets]).slice(0, maxEntities);
}

/** The kind of a name that stands alone: addresses are told by their form, names with a namespace are workloads. */
function guess(name: string): EntityKind {
  if (parseAddress(name) !== undefined) return 'address';
  return name.includes('/') ? 'workload' : 'host';
}

function unique(entities: readonly EntityRef[]): EntityRef[] {
  return [...new Map(entities.map((one) => [`${one.role} ${one.kind} ${one.name}`, one])).values()];
}
