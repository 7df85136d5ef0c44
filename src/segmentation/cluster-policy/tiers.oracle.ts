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
} from '../world.oracle.ts';

/**
 * A naive evaluator of the cluster-wide tiers for tests, written from the Go documentation of the Network Policy API
 * (v1alpha1 and v1alpha2) on plain manifest values. It shares no code with the compiled evaluator on purpose: it tries
 * every order of policies that no priority orders, and every possibility of a match that is not known.
 */
export type OracleClusterPolicy = OracleWorld['clusterPolicies'][number];

export interface OracleQuestion {
  readonly type: 'Ingress' | 'Egress';
  readonly subject: OraclePod;
  readonly other: OracleEnd;
  readonly destination: OracleEnd;
  readonly protocol: string;
  readonly port: number;
  /** Whether the other end is the own node of the subject. */
  readonly local: Answer;
}

type Outcome = 'accept' | 'deny' | 'pass' | 'none';

/** Returns what a tier answers, and `next` where it does not decide. */
export function tierAnswer(
  world: OracleWorld,
  tier: 'Admin' | 'Baseline',
  question: OracleQuestion,
  next: () => Answer,
): Answer {
  const policies = world.clusterPolicies.filter(({ value }) => tierOf(value) === tier);
  const choices = policies.map((policy) => [...outcomesOf(world, policy, question)]);
  const finals = new Set<Outcome>();
  for (const order of orders(policies)) {
    for (const chosen of product(choices)) {
      finals.add(order.map((index) => chosen[index] as Outcome).find((one) => one !== 'none') ?? 'pass');
    }
  }
  const answers: Answer[] = [];
  if (finals.has('accept')) answers.push('yes');
  if (finals.has('deny')) answers.push(question.local === 'no' ? 'no' : 'maybe');
  if (finals.has('pass')) answers.push(next());
  return agree(answers);
}

function tierOf({ kind, spec }: Manifest): string {
  if (kind === 'ClusterNetworkPolicy') return spec.tier;
  return kind === 'AdminNetworkPolicy' ? 'Admin' : 'Baseline';
}

/** Every order in which the policies may be asked: ascending priority, one without a priority anywhere. */
function orders(policies: readonly OracleClusterPolicy[]): number[][] {
  const priority = (index: number): number | undefined => policies[index]?.value.spec.priority;
  return permutations(policies.map((_, index) => index)).filter((order) => {
    const given = order.map(priority).filter((one) => one !== undefined);
    return given.every((one, index) => index === 0 || (given[index - 1] as number) <= one);
  });
}

function permutations(list: readonly number[]): number[][] {
  if (list.length === 0) return [[]];
  return list.flatMap((first) =>
    permutations(list.filter((one) => one !== first)).map((rest) => [first, ...rest]),
  );
}

function product(choices: readonly Outcome[][]): Outcome[][] {
  return choices.reduce<Outcome[][]>(
    (all, own) => all.flatMap((chosen) => own.map((one) => [...chosen, one])),
    [[]],
  );
}

/** Everything that one policy may say. */
function outcomesOf(
  world: OracleWorld,
  { value, faulty }: OracleClusterPolicy,
  question: OracleQuestion,
): Set<Outcome> {
  const { spec } = value;
  const { namespaces, pods } = spec.subject;
  const selects = podsMatch(world, namespaces, pods, question.subject);
  const rules: Manifest[] = (question.type === 'Ingress' ? spec.ingress : spec.egress) ?? [];
  if (selects === 'no') return new Set(['none']);
  if (faulty) return new Set(['accept', 'deny', 'pass', 'none']);
  const found = new Set<Outcome>(selects === 'maybe' ? ['none'] : []);
  for (const one of walk(rules.map((rule) => ruleSays(world, value.kind, rule, question)))) found.add(one);
  return found;
}

function walk(rules: readonly { readonly answer: Answer; readonly says: Outcome }[]): Outcome[] {
  const [first, ...rest] = rules;
  if (first === undefined) return ['none'];
  if (first.answer === 'yes') return [first.says];
  return first.answer === 'no' ? walk(rest) : [first.says, ...walk(rest)];
}

const says: Readonly<Record<string, Outcome>> = {
  Accept: 'accept',
  Allow: 'accept',
  Deny: 'deny',
  Pass: 'pass',
};

function ruleSays(
  world: OracleWorld,
  kind: string,
  rule: Manifest,
  question: OracleQuestion,
): { answer: Answer; says: Outcome } {
  const peers: Manifest[] = question.type === 'Ingress' ? rule.from : rule.to;
  const known = ['namespaces', 'pods'];
  if (question.type === 'Egress') known.push('nodes', 'networks');
  if (question.type === 'Egress' && kind !== 'BaselineAdminNetworkPolicy') known.push('domainNames');
  if (peers.some((peer) => !Object.keys(peer).some((key) => known.includes(key)))) {
    const accepts = says[rule.action] === 'accept';
    return { answer: accepts ? 'no' : 'yes', says: accepts ? 'accept' : 'deny' };
  }
  const list: Manifest[] | undefined = rule.protocols ?? rule.ports;
  const byPort = list === undefined ? 'yes' : truth(list.some((item) => portCovers(item, question)));
  const networks = peers.flatMap((peer) => peer.networks ?? []);
  const byPeer = peers
    .filter((peer) => !peer.networks)
    .map((peer) => peerMatches(world, peer, question.other));
  if (networks.length > 0) byPeer.push(networksMatch(networks, question.other));
  return { answer: and(or(...byPeer), byPort), says: says[rule.action] as Outcome };
}

function portCovers(item: Manifest, { destination, protocol, port }: OracleQuestion): boolean {
  const name = item.destinationNamedPort ?? item.namedPort;
  if (name !== undefined) {
    if (destination.kind !== 'pod' || destination.hostNetwork) return false;
    return destination.ports.some(
      (one) => one.name === name && one.protocol === protocol && one.port === port,
    );
  }
  if (item.portNumber) {
    return (item.portNumber.protocol ?? 'TCP') === protocol && item.portNumber.port === port;
  }
  if (item.portRange) {
    const { protocol: of = 'TCP', start, end } = item.portRange;
    return of === protocol && start <= port && port <= end;
  }
  const destinationPort = item[protocol.toLowerCase()]?.destinationPort;
  if (destinationPort === undefined) return false;
  const { number, range } = destinationPort;
  return number === undefined ? range.start <= port && port <= range.end : number === port;
}

function podsMatch(world: OracleWorld, namespaces: Manifest, pods: Manifest, end: OracleEnd): Answer {
  if (end.kind !== 'pod' || end.hostNetwork || end.finished) return 'no';
  return and(
    selectorMatches(namespaces ?? pods.namespaceSelector ?? {}, namespaceLabelsOf(world, end)),
    selectorMatches(pods?.podSelector ?? {}, labelsOf(end)),
  );
}

function peerMatches(world: OracleWorld, peer: Manifest, other: OracleEnd): Answer {
  const isNode = other.kind === 'node' || (other.kind === 'pod' && other.hostNetwork);
  if (peer.domainNames) {
    if (other.kind !== 'pod' || other.hostNetwork) return 'maybe';
    return peer.domainNames.some((name: string) => name.endsWith('.local')) ? 'maybe' : 'no';
  }
  if (peer.nodes) {
    if (!isNode) return 'no';
    if (Object.keys(peer.nodes).length === 0) return 'yes';
    const name = other.node;
    if (name === undefined) return selectorMatches(peer.nodes, { get: () => 's', isSecret: () => true });
    const labels = world.nodes[name] ?? {};
    const secret = (key: string) => key === 'kubernetes.io/os';
    return selectorMatches(peer.nodes, { get: (key) => labels[key], isSecret: secret });
  }
  if (other.kind === 'external' && inPodNetwork(world, other.address)) return 'maybe';
  return podsMatch(world, peer.namespaces, peer.pods, other);
}

function networksMatch(networks: readonly string[], other: OracleEnd): Answer {
  const own = other.kind === 'external' ? [other.address] : other.addresses;
  const seen = own.length > 0 ? own : [...probes.ipv4, ...probes.ipv6];
  return agree(seen.map((address) => truth(networks.some((network) => inCidr(network, address)))));
}
