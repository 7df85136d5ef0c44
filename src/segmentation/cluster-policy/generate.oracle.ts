import {
  blocks,
  type Dice,
  type GeneratedCluster,
  generateCluster,
  generateSelector,
  plainResource,
  portNames,
  portNumbers,
} from '../generate.oracle.ts';
import type { OracleClusterPolicy } from './tiers.oracle.ts';

const kinds = [
  'ClusterNetworkPolicy',
  'ClusterNetworkPolicy',
  'AdminNetworkPolicy',
  'BaselineAdminNetworkPolicy',
];

/** Returns a small random cluster with cluster-wide policies beside NetworkPolicies. */
export function generateTieredCluster(dice: Dice, doubt = true): GeneratedCluster {
  const cluster = generateCluster(dice, doubt);
  const clusterPolicies = Array.from({ length: 1 + dice.below(5) }, (_, i) => generate(dice, `c${i}`, doubt));
  // There is one baseline of v1alpha1 at most.
  const kept = clusterPolicies.filter(
    ({ value }, index) =>
      value.kind !== 'BaselineAdminNetworkPolicy' ||
      clusterPolicies.findIndex((one) => one.value.kind === value.kind) === index,
  );
  return {
    ...cluster,
    resources: [
      ...cluster.resources,
      ...kept.map(({ value, faulty }) => plainResource(value, faulty ? 'invalid' : 'valid')),
    ],
    world: { ...cluster.world, clusterPolicies: kept },
  };
}

function generate(dice: Dice, name: string, doubt: boolean): OracleClusterPolicy {
  const kind = dice.pick(kinds);
  const isNew = kind === 'ClusterNetworkPolicy';
  const actions = isNew
    ? ['Accept', 'Deny', 'Deny', 'Pass']
    : kind === 'AdminNetworkPolicy'
      ? ['Allow', 'Deny', 'Deny', 'Pass']
      : ['Allow', 'Deny'];
  const rule = (peers: 'from' | 'to') => () => {
    const action = dice.pick(actions);
    const item = () => generatePeer(dice, peers === 'to', action, doubt);
    const ports = dice.chance(0.6) && {
      [isNew ? 'protocols' : 'ports']: list(dice, () => generatePort(dice, isNew)),
    };
    return { action, [peers]: list(dice, item), ...ports };
  };
  const value = {
    apiVersion: `policy.networking.k8s.io/${isNew ? 'v1alpha2' : 'v1alpha1'}`,
    kind,
    metadata: { name: kind === 'BaselineAdminNetworkPolicy' ? 'default' : name },
    spec: {
      ...(isNew && { tier: dice.pick(['Admin', 'Baseline']) }),
      ...(kind !== 'BaselineAdminNetworkPolicy' && { priority: dice.below(4) }),
      subject: generatePods(dice),
      ...(dice.chance(0.85) && { ingress: list(dice, rule('from')) }),
      ...(dice.chance(0.85) && { egress: list(dice, rule('to')) }),
    },
  };
  return { value, faulty: doubt && dice.chance(0.03) };
}

function list<T>(dice: Dice, item: () => T): T[] {
  return Array.from({ length: 1 + dice.below(3) }, item);
}

function generatePods(dice: Dice): object {
  const namespaces = generateSelector(dice, 'kubernetes.io/metadata.name');
  if (dice.chance(0.6)) return { namespaces: dice.chance(0.3) ? {} : namespaces };
  return {
    pods: { namespaceSelector: namespaces, podSelector: generateSelector(dice, 'pod-template-hash') },
  };
}

function generatePeer(dice: Dice, isEgress: boolean, action: string, doubt: boolean): object {
  if (doubt && dice.chance(0.02)) return { services: {} };
  if (!isEgress || dice.chance(0.5)) return generatePods(dice);
  if (dice.chance(0.5)) return { networks: list(dice, () => dice.pick(blocks)) };
  if (dice.chance(0.2) && doubt && (action === 'Accept' || action === 'Allow')) {
    return { domainNames: [dice.pick(['www.example.com', '*.example.com', 'db.shop.svc.cluster.local'])] };
  }
  const key = dice.pick(['zone', 'rack', ...(doubt ? ['kubernetes.io/os'] : [])]);
  return { nodes: dice.pick<object>([{}, { matchLabels: { [key]: dice.pick(['a', 'b', 'top']) } }]) };
}

function generatePort(dice: Dice, isNew: boolean): object {
  if (dice.chance(0.2)) return { [isNew ? 'destinationNamedPort' : 'namedPort']: dice.pick(portNames) };
  const protocol = dice.pick(['TCP', 'UDP', 'SCTP']);
  const port = dice.pick(portNumbers);
  const range = dice.chance(0.3) ? { start: port, end: port + 1 + dice.below(400) } : undefined;
  if (isNew) {
    return { [protocol.toLowerCase()]: { destinationPort: range ? { range } : { number: port } } };
  }
  if (protocol === 'TCP' && dice.chance(0.3)) {
    return range ? { portRange: range } : { portNumber: { port } };
  }
  return range ? { portRange: { protocol, ...range } } : { portNumber: { protocol, port } };
}
