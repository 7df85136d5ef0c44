import ipaddr from 'ipaddr.js';

/**
 * A naive evaluator for tests, written from the NetworkPolicy API reference and its concept page, on plain manifest
 * values. It shares no code with the compiled evaluator on purpose. Where something is not known it tries every
 * possibility and says `maybe` unless all agree.
 */
export type Answer = 'yes' | 'no' | 'maybe';

export interface OraclePod {
  readonly kind: 'pod';
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Label keys whose value a controller chooses. */
  readonly secretLabels: readonly string[];
  readonly addresses: readonly string[];
  readonly hostNetwork: boolean;
  readonly node: string | undefined;
  readonly finished: boolean;
  readonly ports: readonly { readonly name: string; readonly protocol: string; readonly port: number }[];
  /** One pod for certain, not one of several replicas. */
  readonly single: boolean;
  /** Tells two workloads apart. */
  readonly id: number;
}

export type OracleEnd =
  | OraclePod
  | { readonly kind: 'external'; readonly address: string }
  | { readonly kind: 'node'; readonly node: string | undefined; readonly addresses: readonly string[] };

// biome-ignore lint/suspicious/noExplicitAny: manifest values as they were generated, valid or not
type Manifest = any;

export interface OracleWorld {
  /** Labels of declared namespaces. */
  readonly namespaces: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly policies: readonly { readonly value: Manifest; readonly faulty: boolean }[];
  readonly ipBlocksMatchPods: Answer;
  readonly podNetworks: readonly string[];
  /** Whether a client from outside may reach this pod port with the address of a node. */
  masqueraded(pod: OraclePod, protocol: string, port: number): boolean;
}

function and(...answers: readonly Answer[]): Answer {
  return answers.includes('no') ? 'no' : answers.includes('maybe') ? 'maybe' : 'yes';
}

function or(...answers: readonly Answer[]): Answer {
  return answers.includes('yes') ? 'yes' : answers.includes('maybe') ? 'maybe' : 'no';
}

function agree(answers: readonly Answer[]): Answer {
  return new Set(answers).size === 1 ? (answers[0] as Answer) : 'maybe';
}

const truth = (is: boolean): Answer => (is ? 'yes' : 'no');

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
  if (local === 'yes') return 'yes';
  const concerned = world.policies
    .filter(({ value }) => (value.metadata.namespace ?? 'default') === subject.namespace)
    .filter(({ value }) => policyTypes(value.spec).includes(type))
    .map((policy) => ({
      ...policy,
      selects: selectorMatches(value(policy).podSelector ?? {}, labelsOf(subject)),
    }))
    .filter(({ selects }) => selects !== 'no');
  if (concerned.length > 0 && !['TCP', 'UDP', 'SCTP'].includes(protocol)) return 'maybe';
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
  return or(local, agree(cases.map(({ isolated, allowed }) => (isolated ? allowed : 'yes'))));
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

/** Addresses that tell apart all blocks and holes that are generated. */
const probes = {
  ipv4: ['10.1.0.1', '10.1.0.2', '10.1.0.9', '10.9.9.9', '192.0.2.1', '192.0.2.9', '192.0.2.200']
    .concat(['198.51.100.7', '198.51.100.9', '203.0.113.9', '100.64.0.1', '200.0.0.1', '10.200.0.1'])
    .concat(['10.1.200.1']),
  ipv6: ['2001:db8:9::1', '2001:db8:1::1', '2001:db9::1', '9000::1'],
};

function peerAnswer(world: OracleWorld, policy: Manifest, peer: Manifest, other: OracleEnd): Answer {
  const isPodAddress = other.kind === 'external' && inPodNetwork(world, other.address);
  if (isPodAddress) return 'maybe';
  if (other.kind !== 'pod' || other.hostNetwork) return 'no';
  const declared = world.namespaces[other.namespace];
  const namespaceLabels = {
    get: (key: string) =>
      key === 'kubernetes.io/metadata.name'
        ? other.namespace
        : declared === undefined
          ? 'secret'
          : declared[key],
    isSecret: (key: string) => declared === undefined && key !== 'kubernetes.io/metadata.name',
  };
  const inNamespace = peer.namespaceSelector
    ? selectorMatches(peer.namespaceSelector, namespaceLabels)
    : truth(other.namespace === (policy.metadata.namespace ?? 'default'));
  const isSelected = peer.podSelector ? selectorMatches(peer.podSelector, labelsOf(other)) : 'yes';
  return and(inNamespace, isSelected);
}

interface OracleLabels {
  get(key: string): string | undefined;
  isSecret(key: string): boolean;
}

function labelsOf(pod: OraclePod): OracleLabels {
  return { get: (key) => pod.labels[key], isSecret: (key) => pod.secretLabels.includes(key) };
}

function selectorMatches(selector: Manifest, labels: OracleLabels): Answer {
  const answers: Answer[] = [];
  for (const [key, text] of Object.entries(selector.matchLabels ?? {})) {
    answers.push(labels.isSecret(key) ? 'maybe' : truth(labels.get(key) === text));
  }
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const text = labels.get(key);
    if (labels.isSecret(key)) answers.push('maybe');
    else if (operator === 'In') answers.push(truth(text !== undefined && values.includes(text)));
    else if (operator === 'NotIn') answers.push(truth(text === undefined || !values.includes(text)));
    else if (operator === 'Exists') answers.push(truth(text !== undefined));
    else answers.push(truth(text === undefined));
  }
  return and(...answers);
}

function inCidr(cidr: string, address: string): boolean {
  const parsed = ipaddr.parse(address);
  const [network, length] = ipaddr.parseCIDR(cidr);
  return parsed.kind() === network.kind() && parsed.match([network, length]);
}

function inBlock(block: Manifest, address: string): boolean {
  return inCidr(block.cidr, address) && !(block.except ?? []).some((hole: string) => inCidr(hole, address));
}

function inPodNetwork(world: OracleWorld, address: string): boolean {
  return world.podNetworks.some((network) => inCidr(network, address));
}

function onSameNode(pod: OraclePod, other: OracleEnd): Answer {
  if (other.kind === 'external' || (other.kind === 'pod' && !other.hostNetwork)) return 'no';
  if (pod.node === undefined || other.node === undefined) return 'maybe';
  return truth(pod.node === other.node);
}
