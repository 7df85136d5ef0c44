import ipaddr from 'ipaddr.js';
import { tierAnswer } from './cluster-policy/tiers.oracle.ts';
import {
  type Answer,
  agree,
  and,
  inCidr,
  inPodNetwork,
  labelsOf,
  type Manifest,
  namespaceLabelsOf,
  type OracleEnd,
  type OraclePod,
  type OracleWorld,
  or,
  probes,
  selectorMatches,
  truth,
} from './world.oracle.ts';

/**
 * A naive evaluator for tests, written from the NetworkPolicy API reference and its concept page, on plain manifest
 * values. It shares no code with the compiled evaluator on purpose. Where something is not known it tries every
 * possibility and says `maybe` unless all agree.
 */
/** Returns whether a new connection is allowed. */
export function oracleAnswer(
  world: OracleWorld,
  source: OracleEnd,
  destination: OracleEnd,
  protocol: string,
  port: number,
): Answer {
  if (source.kind === 'pod' && source.finished) return 'maybe';
  if (destination.kind === 'pod' && destination.finished) return 'maybe';
  if (source.kind === 'pod' && destination.kind === 'pod' && source.id === destination.id && source.single)
    return 'yes';
  const out =
    source.kind === 'pod' ? side(world, 'Egress', source, destination, destination, protocol, port) : 'yes';
  const into =
    destination.kind === 'pod'
      ? side(world, 'Ingress', destination, source, destination, protocol, port)
      : 'yes';
  return and(out, into);
}

function side(
  world: OracleWorld,
  type: 'Ingress' | 'Egress',
  subject: OraclePod,
  other: OracleEnd,
  destination: OracleEnd,
  protocol: string,
  port: number,
): Answer {
  if (subject.hostNetwork) return 'yes';
  const local = onSameNode(subject, other);
  const question = { type, subject, other, destination, protocol, port, local };
  return tierAnswer(world, 'Admin', question, () => {
    const baseline = () => tierAnswer(world, 'Baseline', question, () => 'yes');
    return policiesAnswer(world, type, subject, other, destination, protocol, port, local, baseline);
  });
}

function policiesAnswer(
  world: OracleWorld,
  type: 'Ingress' | 'Egress',
  subject: OraclePod,
  other: OracleEnd,
  destination: OracleEnd,
  protocol: string,
  port: number,
  local: Answer,
  baseline: () => Answer,
): Answer {
  const concerned = world.policies
    .filter(({ value }) => (value.metadata.namespace ?? 'default') === subject.namespace)
    .filter(({ value }) => policyTypes(value.spec).includes(type))
    .map((policy) => ({
      ...policy,
      selects: selectorMatches(value(policy).podSelector ?? {}, labelsOf(subject)),
    }))
    .filter(({ selects }) => selects !== 'no');
  if (concerned.length > 0 && !['TCP', 'UDP', 'SCTP'].includes(protocol)) {
    const isolated = concerned.some(({ selects, faulty }) => selects === 'yes' && !faulty);
    return isolated ? or(local, 'maybe') : agree([baseline(), or(local, 'maybe')]);
  }
  // Each policy in turn: absent or present; a faulty one may end up admitting nothing or everything.
  let cases: { isolated: boolean; allowed: Answer }[] = [{ isolated: false, allowed: 'no' }];
  for (const policy of concerned) {
    const outcomes: ({ allowed: Answer } | undefined)[] = [];
    if (policy.faulty) outcomes.push(undefined, { allowed: 'no' }, { allowed: 'yes' });
    else {
      if (policy.selects === 'maybe') outcomes.push(undefined);
      const rules: Manifest[] =
        (type === 'Ingress' ? policy.value.spec.ingress : policy.value.spec.egress) ?? [];
      const answers = rules.map((rule) =>
        ruleAllows(world, type, policy.value, rule, subject, other, destination, protocol, port),
      );
      outcomes.push({ allowed: or(...answers) });
    }
    cases = cases.flatMap(({ isolated, allowed }) =>
      outcomes.map((outcome) =>
        outcome === undefined
          ? { isolated, allowed }
          : { isolated: true, allowed: or(allowed, outcome.allowed) },
      ),
    );
  }
  return agree(cases.map(({ isolated, allowed }) => (isolated ? or(local, allowed) : baseline())));
}

function value(policy: { readonly value: Manifest }): Manifest {
  return policy.value.spec;
}

function policyTypes(spec: Manifest): string[] {
  if (spec.policyTypes?.length > 0) return spec.policyTypes;
  return spec.egress?.length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
}

function ruleAllows(
  world: OracleWorld,
  type: 'Ingress' | 'Egress',
  policy: Manifest,
  rule: Manifest,
  subject: OraclePod,
  other: OracleEnd,
  destination: OracleEnd,
  protocol: string,
  port: number,
): Answer {
  const peers: Manifest[] = (type === 'Ingress' ? rule.from : rule.to) ?? [];
  const ports: Manifest[] = rule.ports ?? [];
  const masqueraded =
    type === 'Ingress' &&
    other.kind === 'external' &&
    !inPodNetwork(world, other.address) &&
    world.masqueraded(subject, protocol, port);
  const blocks = peers.flatMap((peer) => peer.ipBlock ?? []);
  const peerMatches = peers
    .filter((peer) => !peer.ipBlock)
    .map((peer) => peerAnswer(world, policy, peer, other));
  if (blocks.length > 0) peerMatches.push(blocksAnswer(world, blocks, other, masqueraded));
  const portMatches = ports.map((item) => truth(portCovers(item, destination, protocol, port)));
  return and(
    peers.length === 0 ? 'yes' : or(...peerMatches),
    ports.length === 0 ? 'yes' : or(...portMatches),
  );
}

function portCovers(item: Manifest, destination: OracleEnd, protocol: string, port: number): boolean {
  if ((item.protocol ?? 'TCP') !== protocol) return false;
  if (item.port === undefined || item.port === null) return true;
  if (typeof item.port === 'number') return port >= item.port && port <= (item.endPort ?? item.port);
  if (destination.kind !== 'pod' || destination.hostNetwork) return false;
  return destination.ports.some(
    (one) => one.name === item.port && one.protocol === protocol && one.port === port,
  );
}

/** All blocks of a rule at once: for each address that the other end may be seen with, whether one of them holds it. */
function blocksAnswer(
  world: OracleWorld,
  blocks: readonly Manifest[],
  other: OracleEnd,
  masqueraded: boolean,
): Answer {
  const addresses = other.kind === 'external' ? [other.address] : other.addresses;
  const holds = (address: string) => blocks.some((block) => inBlock(block, address));
  if (masqueraded) {
    const family = ipaddr.parse(addresses[0] as string).kind() === 'ipv4' ? probes.ipv4 : probes.ipv6;
    return family.every(holds) ? 'yes' : 'maybe';
  }
  const seen = addresses.length > 0 ? addresses : [...probes.ipv4, ...probes.ipv6];
  const contained = agree(seen.map((one) => truth(holds(one))));
  const isPod =
    (other.kind === 'external' && inPodNetwork(world, other.address)) ||
    (other.kind === 'pod' && !other.hostNetwork);
  return isPod ? and(contained, world.ipBlocksMatchPods) : contained;
}

function peerAnswer(world: OracleWorld, policy: Manifest, peer: Manifest, other: OracleEnd): Answer {
  const isPodAddress = other.kind === 'external' && inPodNetwork(world, other.address);
  if (isPodAddress) return 'maybe';
  if (other.kind !== 'pod' || other.hostNetwork) return 'no';
  const namespaceLabels = namespaceLabelsOf(world, other);
  const inNamespace = peer.namespaceSelector
    ? selectorMatches(peer.namespaceSelector, namespaceLabels)
    : truth(other.namespace === (policy.metadata.namespace ?? 'default'));
  const isSelected = peer.podSelector ? selectorMatches(peer.podSelector, labelsOf(other)) : 'yes';
  return and(inNamespace, isSelected);
}

function inBlock(block: Manifest, address: string): boolean {
  return inCidr(block.cidr, address) && !(block.except ?? []).some((hole: string) => inCidr(hole, address));
}

function onSameNode(pod: OraclePod, other: OracleEnd): Answer {
  if (other.kind === 'external' || (other.kind === 'pod' && !other.hostNetwork)) return 'no';
  if (pod.node === undefined || other.node === undefined) return 'maybe';
  return truth(pod.node === other.node);
}
