import { describe, expect, test } from 'vitest';
import { ask } from '../ask.fixture.ts';
import { namespaceYaml, podYaml, policyYaml } from '../manifests.fixture.ts';

const base =
  namespaceYaml('shop', 'team: a') +
  namespaceYaml('ops', 'team: b') +
  podYaml('web', 'app: web', 'nodeName: n1', 'podIP: 10.1.0.1, hostIP: 192.0.2.1') +
  podYaml('api', 'app: api', 'nodeName: n1', 'podIP: 10.1.0.2, hostIP: 192.0.2.1') +
  podYaml('ops/probe', 'app: probe', 'nodeName: n2', 'podIP: 10.1.0.3, hostIP: 192.0.2.2') +
  podYaml(
    'ops/agent',
    'app: agent',
    'hostNetwork: true, nodeName: n2',
    'podIP: 192.0.2.2, hostIP: 192.0.2.2',
  ) +
  `---
apiVersion: v1
kind: Node
metadata: {name: n2, labels: {zone: b}}
status: {addresses: [{type: InternalIP, address: 192.0.2.2}]}
`;

/** A ClusterNetworkPolicy about namespace shop; rules as flow YAML. */
function cnp(
  name: string,
  tier: string,
  priority: number,
  rules: { ingress?: string; egress?: string },
): string {
  return `---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: ${name}}
spec:
  tier: ${tier}
  priority: ${priority}
  subject: {namespaces: {matchLabels: {team: a}}}
  ingress: ${rules.ingress ?? '[]'}
  egress: ${rules.egress ?? '[]'}
`;
}

const rule = (action: string, peers = 'namespaces: {}', more = '') =>
  `[{action: ${action}, from: [{${peers}}]${more && `, ${more}`}}]`;
const to = (action: string, peers: string, more = '') => rule(action, peers, more).replace('from:', 'to:');
const onTcp = (port: number) => `protocols: [{tcp: {destinationPort: {number: ${port}}}}]`;
const outcome = (text: string, ...question: Parameters<ReturnType<typeof ask>>) =>
  ask(base + text)(...question).outcome;

const allowAll = policyYaml('open', '  podSelector: {}\n  ingress: [{}]');
const denyAll = policyYaml('closed', '  podSelector: {}\n  policyTypes: [Ingress]');

describe('tiers', () => {
  test('the Admin tier goes before NetworkPolicies', () => {
    const deny = cnp('x', 'Admin', 5, { ingress: rule('Deny') });
    const accept = cnp('x', 'Admin', 5, { ingress: rule('Accept') });
    expect(outcome(allowAll + deny, 'ops/probe', 'shop/api')).toBe('deny');
    expect(outcome(denyAll + accept, 'ops/probe', 'shop/api')).toBe('allow');
  });

  test('the Baseline tier counts only where no NetworkPolicy isolates', () => {
    const deny = cnp('x', 'Baseline', 5, { ingress: rule('Deny') });
    const accept = cnp('x', 'Baseline', 5, { ingress: rule('Accept') });
    expect(outcome(deny, 'ops/probe', 'shop/api')).toBe('deny');
    expect(outcome(allowAll + deny, 'ops/probe', 'shop/api')).toBe('allow');
    expect(outcome(denyAll + accept, 'ops/probe', 'shop/api')).toBe('deny');
  });

  test('Pass leaves the tier', () => {
    const pass = cnp('a', 'Admin', 1, { ingress: rule('Pass') });
    const deny = cnp('b', 'Admin', 2, { ingress: rule('Deny') });
    expect(outcome(pass + deny, 'ops/probe', 'shop/api')).toBe('allow');
    expect(outcome(pass + deny + denyAll, 'ops/probe', 'shop/api')).toBe('deny');
    expect(
      outcome(pass + deny + cnp('c', 'Baseline', 1, { ingress: rule('Deny') }), 'ops/probe', 'shop/api'),
    ).toBe('deny');
  });

  test('lower priorities first, then rules as written', () => {
    const deny = cnp('a', 'Admin', 9, { ingress: rule('Deny') });
    const accept = cnp('b', 'Admin', 3, { ingress: rule('Accept', 'namespaces: {}', onTcp(80)) });
    expect(outcome(deny + accept, 'ops/probe', 'shop/api', 80)).toBe('allow');
    expect(outcome(deny + accept, 'ops/probe', 'shop/api', 81)).toBe('deny');
    const both = `[{action: Accept, from: [{namespaces: {}}], ${onTcp(80)}}, {action: Deny, from: [{namespaces: {}}]}]`;
    expect(outcome(cnp('a', 'Admin', 3, { ingress: both }), 'ops/probe', 'shop/api', 80)).toBe('allow');
  });

  test('each direction on its own', () => {
    const accept = cnp('a', 'Admin', 1, { egress: to('Accept', 'namespaces: {}') });
    expect(outcome(accept + denyAll, 'shop/web', 'shop/api')).toBe('deny');
  });

  test('a rule without protocols is about ICMP too, one with protocols is not', () => {
    expect(outcome(cnp('a', 'Admin', 1, { ingress: rule('Deny') }), 'ops/probe', 'shop/api', 0, 1)).toBe(
      'deny',
    );
    const onPort = cnp('a', 'Admin', 1, { ingress: rule('Deny', 'namespaces: {}', onTcp(80)) });
    expect(outcome(onPort, 'ops/probe', 'shop/api', 0, 1)).toBe('allow');
  });
});

describe('what no manifest tells', () => {
  const deny = cnp('a', 'Admin', 5, { ingress: rule('Deny') });

  test('the order of equal priorities, once they disagree', () => {
    const accept = cnp('b', 'Admin', 5, { ingress: rule('Accept', 'namespaces: {}', onTcp(80)) });
    const { outcome: found, reasons } = ask(base + deny + accept)('ops/probe', 'shop/api', 80);
    expect(found).toBe('unknown');
    expect(reasons[1]?.text).toContain('ClusterNetworkPolicy a');
    expect(reasons[1]?.text).toContain('ClusterNetworkPolicy b');
    expect(reasons[1]?.text).toContain('both have priority 5');
    expect(reasons[1]?.change).toBe('give ClusterNetworkPolicy a or ClusterNetworkPolicy b another priority');
    expect(outcome(deny + accept, 'ops/probe', 'shop/api', 81)).toBe('deny');
    expect(outcome(deny + cnp('b', 'Admin', 5, { ingress: rule('Deny') }), 'ops/probe', 'shop/api')).toBe(
      'deny',
    );
  });

  const banp = (action: string) => `---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: BaselineAdminNetworkPolicy
metadata: {name: default}
spec:
  subject: {namespaces: {}}
  ingress: ${rule(action)}
`;

  test('where a BaselineAdminNetworkPolicy stands among ClusterNetworkPolicies', () => {
    const baseline = cnp('b', 'Baseline', 5, { ingress: rule('Deny') });
    expect(outcome(banp('Allow') + baseline, 'ops/probe', 'shop/api')).toBe('unknown');
    expect(outcome(banp('Deny') + baseline, 'ops/probe', 'shop/api')).toBe('deny');
    expect(outcome(banp('Deny'), 'ops/probe', 'shop/api')).toBe('deny');
  });

  test('what a faulty policy will become, unless another one decides before it', () => {
    const faulty = cnp('f', 'Admin', 5, { ingress: '[{action: Refuse, from: [{namespaces: {}}]}]' });
    const { reasons } = ask(base + faulty)('ops/probe', 'shop/api');
    expect(reasons[1]).toMatchObject({ outcome: 'unknown', object: { name: 'f' } });
    expect(reasons[1]?.text).toContain('"Refuse"');
    expect(outcome(faulty, 'ops/probe', 'ops/agent')).toBe('allow');
    expect(outcome(faulty + cnp('g', 'Admin', 1, { ingress: rule('Deny') }), 'ops/probe', 'shop/api')).toBe(
      'deny',
    );
  });

  test('a policy without a readable priority may come first', () => {
    const unordered = deny.replace('name: a', 'name: u').replace('priority: 5', 'priority: soon');
    expect(
      outcome(unordered + cnp('g', 'Admin', 0, { ingress: rule('Deny') }), 'ops/probe', 'shop/api'),
    ).toBe('unknown');
  });

  test('the addresses of a domain name', () => {
    const names = cnp('d', 'Admin', 5, {
      egress: `[{action: Accept, to: [{domainNames: [www.example.com]}]}, {action: Deny, to: [{networks: [0.0.0.0/0]}]}]`,
    });
    expect(outcome(names, 'shop/web', '198.51.100.7', 443)).toBe('unknown');
    expect(outcome(names, 'shop/web', 'shop/api', 443)).toBe('deny');
    const inside = names.replace('www.example.com', 'api.shop.svc.cluster.local');
    expect(outcome(inside, 'shop/web', 'shop/api', 443)).toBe('unknown');
  });
});

describe('peers', () => {
  test('networks match pods too, whatever the plugin does with ipBlock', () => {
    const deny = cnp('a', 'Admin', 5, { egress: to('Deny', 'networks: [10.1.0.0/16]') });
    expect(outcome(deny, 'shop/web', 'ops/probe')).toBe('deny');
    expect(ask(base + deny, { ipBlockMatchesPods: 'never' })('shop/web', 'ops/probe').outcome).toBe('deny');
    expect(outcome(deny, 'shop/web', '198.51.100.7')).toBe('allow');
  });

  test('pods on the host network are nodes: neither subjects nor pods', () => {
    const pods = cnp('a', 'Admin', 5, { egress: to('Deny', 'namespaces: {}'), ingress: rule('Deny') });
    expect(outcome(pods, 'shop/web', 'ops/agent')).toBe('allow');
    expect(outcome(pods, 'ops/agent', 'shop/web')).toBe('allow');
    const all = pods.replaceAll('matchLabels: {team: a}', '');
    expect(outcome(all, 'ops/agent', '198.51.100.7')).toBe('allow');
    const nodes = cnp('a', 'Admin', 5, { egress: to('Deny', 'nodes: {matchLabels: {zone: b}}') });
    expect(outcome(nodes, 'shop/web', 'ops/agent')).toBe('deny');
    expect(outcome(nodes, 'shop/web', 'node n2')).toBe('deny');
    expect(outcome(nodes, 'shop/web', 'ops/probe')).toBe('allow');
    expect(outcome(nodes, 'shop/web', 'node')).toBe('unknown');
    const everyNode = cnp('a', 'Admin', 5, { egress: to('Deny', 'nodes: {}') });
    expect(outcome(everyNode, 'ops/probe', 'node n2')).toBe('allow');
  });

  test('whether a refusal reaches the own node is not told', () => {
    const deny = cnp('a', 'Admin', 5, { egress: to('Deny', 'nodes: {}') });
    expect(outcome(deny, 'shop/web', 'node n1')).toBe('unknown');
    expect(outcome('', 'shop/web', 'node n1')).toBe('allow');
  });

  test('a field of another version fails closed', () => {
    const unknown = (action: string) =>
      cnp('a', 'Admin', 5, { ingress: rule(action, 'services: {}', onTcp(80)) });
    expect(outcome(unknown('Deny'), 'ops/probe', 'shop/api', 81)).toBe('deny');
    expect(outcome(unknown('Pass'), 'ops/probe', 'shop/api')).toBe('deny');
    expect(outcome(unknown('Accept') + denyAll, 'ops/probe', 'shop/api', 80)).toBe('deny');
    // Networks are a field of egress only.
    const networks = cnp('a', 'Admin', 5, { ingress: rule('Deny', 'networks: [192.0.2.0/24]') });
    const { reasons } = ask(base + networks)('198.51.100.7', 'shop/api');
    expect(reasons[0]).toMatchObject({ outcome: 'deny' });
    expect(reasons[0]?.text).toContain('fails closed');
    expect(reasons[0]?.change).toBeUndefined();
  });

  test('a port name is of any protocol', () => {
    const deny = cnp('a', 'Admin', 5, {
      ingress: rule('Deny', 'namespaces: {}', 'protocols: [{destinationNamedPort: web}]'),
    });
    expect(outcome(deny, 'ops/probe', 'shop/api', 8080)).toBe('deny');
    expect(outcome(deny, 'ops/probe', 'shop/api', 8081)).toBe('allow');
  });
});

describe('reasons', () => {
  const named = `[{name: keep-out, action: Deny, from: [{pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: probe}}}}]}]`;

  test('name object, tier, priority, rule, peer and the place', () => {
    const text = base + cnp('lockdown', 'Admin', 5, { ingress: named });
    const { reasons } = ask(text)('ops/probe', 'shop/api', 80);
    expect(reasons[1]).toMatchObject({
      layer: 'clusternetworkpolicy',
      direction: 'ingress',
      outcome: 'deny',
      object: { kind: 'ClusterNetworkPolicy', name: 'lockdown' },
      rule: 0,
      text: 'ClusterNetworkPolicy lockdown (tier Admin, priority 5) denies TCP 80 from ops/probe: ingress[0].from[0] (keep-out)',
    });
    const line = text.split('\n').findIndex((one) => one.includes('keep-out')) + 1;
    expect(reasons[1]?.span?.start.line).toBe(line);
  });

  test('a rule that passed it on is mentioned', () => {
    const pass = cnp('gate', 'Admin', 1, { ingress: rule('Pass') });
    const { reasons } = ask(base + pass + denyAll)('ops/probe', 'shop/api');
    expect(reasons[1]).toMatchObject({ layer: 'networkpolicy', outcome: 'deny' });
    expect(reasons[1]?.text).toContain('passed on by ClusterNetworkPolicy gate (tier Admin, priority 1)');
  });

  test('the change that they name turns the refusal around', () => {
    const text = base + cnp('lockdown', 'Admin', 5, { ingress: named });
    const { change } = ask(text)('ops/probe', 'shop/api', 80).reasons[1]!;
    expect(change).toBe(
      'put a rule with action Accept from pods with namespaceSelector kubernetes.io/metadata.name=ops and podSelector app=probe on TCP 80 before ingress[0] of ClusterNetworkPolicy lockdown',
    );
    const exception = `{action: Accept, from: [{pods: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ops}}, podSelector: {matchLabels: {app: probe}}}}], ${onTcp(80)}}, `;
    const changed = text.replace('[{name: keep-out', `[${exception}{name: keep-out`);
    expect(ask(changed)('ops/probe', 'shop/api', 80).outcome).toBe('allow');
    expect(ask(changed)('ops/probe', 'shop/api', 81).outcome).toBe('deny');
  });
});
