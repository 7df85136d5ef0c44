import type { Direction } from '../../flow/verdict.ts';
import type { Path, Resource } from '../../manifest/resource.ts';
import type { AddressSet } from '../../net/address-set.ts';
import type { PortNames } from '../policy-ports.ts';
import { fieldAt, fieldsOf, textOf } from '../values.ts';
import { groupOf } from '../workloads.ts';
import type { ClusterPeer, ClusterPods, ClusterPolicy, ClusterRule, Tier, TierAction } from './model.ts';
import { readPeers, readPods } from './read-peers.ts';
import { readPorts, readProtocols } from './read-ports.ts';

/** What one kind of cluster-wide policy has of its own. */
interface Dialect {
  readonly kind: string;
  readonly tier: Tier | undefined;
  readonly actions: ReadonlyMap<unknown, TierAction>;
  readonly hasPriority: boolean;
  readonly protocols: boolean;
}

const allow: readonly [unknown, TierAction][] = [
  ['Allow', 'Accept'],
  ['Deny', 'Deny'],
];

const all: readonly Dialect[] = [
  {
    kind: 'ClusterNetworkPolicy',
    tier: undefined,
    actions: new Map<unknown, TierAction>([
      ['Accept', 'Accept'],
      ['Deny', 'Deny'],
      ['Pass', 'Pass'],
    ]),
    hasPriority: true,
    protocols: true,
  },
  {
    kind: 'AdminNetworkPolicy',
    tier: 'Admin',
    actions: new Map([...allow, ['Pass', 'Pass']]),
    hasPriority: true,
    protocols: false,
  },
  {
    kind: 'BaselineAdminNetworkPolicy',
    tier: 'Baseline',
    actions: new Map(allow),
    hasPriority: false,
    protocols: false,
  },
];

const dialects: ReadonlyMap<string, Dialect> = new Map(all.map((dialect) => [dialect.kind, dialect]));

/** Returns whether this is a cluster-wide policy of `policy.networking.k8s.io`. */
export function isClusterPolicy(resource: Resource): boolean {
  return groupOf(resource) === 'policy.networking.k8s.io' && dialects.has(resource.kind);
}

/**
 * Returns the policy that a ClusterNetworkPolicy (`policy.networking.k8s.io/v1alpha2`), an AdminNetworkPolicy or a
 * BaselineAdminNetworkPolicy (`v1alpha1`) declares. A rule with a peer that has none of the fields of the API fails
 * closed: an Accept matches nothing, Deny and Pass deny everything (Go documentation of `ClusterNetworkPolicyIngressPeer`).
 */
export function readClusterPolicy(source: Resource, names: PortNames): ClusterPolicy {
  const dialect = dialects.get(source.kind) as Dialect;
  const spec = fieldsOf(fieldAt(source.value, 'spec'));
  const tier = dialect.tier ?? spec.tier;
  const { priority } = spec;
  const told =
    typeof priority === 'number' && Number.isInteger(priority) && priority >= 0 && priority <= 1000;
  const subject = readSubject(spec.subject);
  const ingress = readRules(spec.ingress, 'ingress', dialect, names);
  const egress = readRules(spec.egress, 'egress', dialect, names);
  const fault = [
    tier === 'Admin' || tier === 'Baseline' ? undefined : 'its tier is neither Admin nor Baseline',
    told || !dialect.hasPriority ? undefined : 'its priority is not a whole number from 0 to 1000',
    subject,
    ingress,
    egress,
    source.schema === 'valid' ? undefined : `it does not fit the schema of its kind`,
  ].find((part) => typeof part === 'string');
  const sound = (rules: readonly ClusterRule[] | string) =>
    fault !== undefined || typeof rules === 'string' ? [] : rules;
  return {
    source,
    name: source.name,
    tier: tier === 'Baseline' ? tier : 'Admin',
    priority: dialect.hasPriority && told ? priority : undefined,
    fault,
    subject: typeof subject === 'string' ? undefined : subject,
    rules: { ingress: sound(ingress), egress: sound(egress) },
  };
}

function readSubject(value: unknown): ClusterPods | string {
  const { namespaces, pods } = fieldsOf(value);
  const given = [namespaces ?? undefined, pods ?? undefined].filter((part) => part !== undefined);
  if (given.length !== 1) return 'its subject needs exactly one of namespaces and pods';
  return readPods({ namespaces, pods }) ?? 'its subject is not a label selector';
}

function readRules(
  value: unknown,
  direction: Direction,
  dialect: Dialect,
  names: PortNames,
): ClusterRule[] | string {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return `its ${direction} is not a list`;
  const rules: ClusterRule[] = [];
  for (const [index, item] of value.entries()) {
    const rule = readRule(item, index, direction, dialect, names);
    if (typeof rule === 'string') return `its ${direction}[${index}]: ${rule}`;
    rules.push(rule);
  }
  return rules;
}

function readRule(
  item: unknown,
  index: number,
  direction: Direction,
  dialect: Dialect,
  names: PortNames,
): ClusterRule | string {
  const fields = fieldsOf(item);
  const path: Path = ['spec', direction, index];
  const action = dialect.actions.get(fields.action);
  if (action === undefined) return `action ${JSON.stringify(fields.action)} is not known`;
  const list = direction === 'ingress' ? 'from' : 'to';
  const peers = readPeers(fields[list], [...path, list], direction, dialect.kind);
  if (typeof peers === 'string') return peers;
  const ports = dialect.protocols ? readProtocols(fields.protocols, names) : readPorts(fields.ports, names);
  if (typeof ports === 'string') return ports;
  if (
    peers.some(({ kind }) => kind === 'domainNames') &&
    (action !== 'Accept' || dialect.tier === 'Baseline')
  ) {
    return 'domainNames is for Accept rules only';
  }
  const closed = peers.some(({ kind }) => kind === 'unknown');
  return {
    index,
    path,
    name: textOf(fields.name),
    action: closed && action === 'Pass' ? 'Deny' : action,
    peers,
    networks: networksOf(peers),
    closed,
    ports: closed ? undefined : ports,
  };
}

function networksOf(peers: readonly ClusterPeer[]): AddressSet | undefined {
  const networks = peers.flatMap((peer) => (peer.kind === 'networks' ? [peer.addresses] : []));
  return networks.length === 0 ? undefined : networks.reduce((all, one) => all.union(one));
}
