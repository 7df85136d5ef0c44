import ipaddr from 'ipaddr.js';

/** Plain values that the naive evaluators of the tests work on, and the questions that all of them ask. */
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
export type Manifest = any;

export interface OracleWorld {
  /** Labels of declared namespaces. */
  readonly namespaces: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly policies: readonly { readonly value: Manifest; readonly faulty: boolean }[];
  /** In the order of the manifests. */
  readonly clusterPolicies: readonly { readonly value: Manifest; readonly faulty: boolean }[];
  /** Labels of declared nodes. */
  readonly nodes: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly ipBlocksMatchPods: Answer;
  readonly podNetworks: readonly string[];
  /** Whether a client from outside may reach this pod port with the address of a node. */
  masqueraded(pod: OraclePod, protocol: string, port: number): boolean;
}

export function and(...answers: readonly Answer[]): Answer {
  return answers.includes('no') ? 'no' : answers.includes('maybe') ? 'maybe' : 'yes';
}

export function or(...answers: readonly Answer[]): Answer {
  return answers.includes('yes') ? 'yes' : answers.includes('maybe') ? 'maybe' : 'no';
}

export function agree(answers: readonly Answer[]): Answer {
  return new Set(answers).size === 1 ? (answers[0] as Answer) : 'maybe';
}

export const truth = (is: boolean): Answer => (is ? 'yes' : 'no');

/** Addresses that tell apart all blocks and holes that are generated. */
export const probes = {
  ipv4: ['10.1.0.1', '10.1.0.2', '10.1.0.9', '10.9.9.9', '192.0.2.1', '192.0.2.9', '192.0.2.200']
    .concat(['198.51.100.7', '198.51.100.9', '203.0.113.9', '100.64.0.1', '200.0.0.1', '10.200.0.1'])
    .concat(['10.1.200.1']),
  ipv6: ['2001:db8:9::1', '2001:db8:1::1', '2001:db9::1', '9000::1'],
};

export function namespaceLabelsOf(world: OracleWorld, { namespace }: OraclePod): OracleLabels {
  const declared = world.namespaces[namespace];
  return {
    get: (key) =>
      key === 'kubernetes.io/metadata.name' ? namespace : declared === undefined ? 'secret' : declared[key],
    isSecret: (key) => declared === undefined && key !== 'kubernetes.io/metadata.name',
  };
}

export interface OracleLabels {
  get(key: string): string | undefined;
  isSecret(key: string): boolean;
}

export function labelsOf(pod: OraclePod): OracleLabels {
  return { get: (key) => pod.labels[key], isSecret: (key) => pod.secretLabels.includes(key) };
}

export function selectorMatches(selector: Manifest, labels: OracleLabels): Answer {
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

export function inCidr(cidr: string, address: string): boolean {
  const parsed = ipaddr.parse(address);
  const [network, length] = ipaddr.parseCIDR(cidr);
  return parsed.kind() === network.kind() && parsed.match([network, length]);
}

export function inPodNetwork(world: OracleWorld, address: string): boolean {
  return world.podNetworks.some((network) => inCidr(network, address));
}
