import { describe, expect, test } from 'vitest';
import { ask } from './ask.fixture.ts';
import { readInventory } from './inventory.ts';
import { manifests, namespaceYaml, podYaml, policyYaml } from './manifests.fixture.ts';
import { Segmentation } from './segmentation.ts';

const base =
  namespaceYaml('shop') +
  podYaml('api', 'tier: api', '', 'podIP: 10.1.0.1') +
  podYaml('db', 'tier: db', 'nodeName: n1', 'podIP: 10.1.0.2, hostIP: 192.0.2.1') +
  podYaml('other/client', 'tier: api', '', 'podIP: 10.1.0.3');

const fromApi = policyYaml(
  'db',
  `  podSelector: {matchLabels: {tier: db}}
  ingress:
  - from:
    - podSelector: {matchLabels: {tier: none}}
    - podSelector: {matchLabels: {tier: api}}
    ports: [{port: 5432}]`,
);

describe('reasons', () => {
  test('an allowed connection names policy, rule and the line of the peer', () => {
    const { outcome, reasons } = ask(base + fromApi)('shop/api', 'shop/db');
    expect(outcome).toBe('allow');
    const line = (base + fromApi).split('\n').findLastIndex((text) => text.includes('tier: api}}')) + 1;
    expect(reasons).toMatchObject([
      { direction: 'egress', outcome: 'allow', text: 'no NetworkPolicy selects shop/api for egress' },
      {
        layer: 'networkpolicy',
        direction: 'ingress',
        outcome: 'allow',
        object: { kind: 'NetworkPolicy', namespace: 'shop', name: 'db' },
        rule: 0,
        text: 'NetworkPolicy shop/db allows TCP 5432 from shop/api: ingress[0].from[1]',
        span: { file: 'shop.yaml', start: { line } },
      },
    ]);
  });

  test('a denied port says which ports the rule allows', () => {
    const { outcome, reasons } = ask(base + fromApi)('shop/api', 'shop/db', 22);
    expect(outcome).toBe('deny');
    expect(reasons[1]?.text).toBe(
      'NetworkPolicy shop/db isolates shop/db for ingress, and ingress[0] allows shop/api on TCP 5432 only, not on TCP 22',
    );
  });

  test('a denied peer says that no rule allows it', () => {
    const { outcome, reasons } = ask(base + fromApi)('other/client', 'shop/db');
    expect(outcome).toBe('deny');
    expect(reasons[1]?.text).toContain('no rule allows TCP 5432 from other/client');
  });

  test('a default deny names every isolating policy', () => {
    const deny = policyYaml('deny-all', '  podSelector: {}\n  policyTypes: [Ingress, Egress]');
    const { outcome, reasons } = ask(base + deny + fromApi)('shop/api', 'shop/db', 22);
    expect(outcome).toBe('deny');
    expect(reasons[0]?.text).toBe(
      'NetworkPolicy shop/deny-all isolates shop/api for egress, and there is no egress rule',
    );
    expect(reasons[1]?.text).toContain(
      'NetworkPolicy shop/db isolates shop/db for ingress (as does shop/deny-all)',
    );
  });
});

describe('what is not known', () => {
  const fromOps = policyYaml(
    'ops',
    '  podSelector: {}\n  ingress:\n  - from: [{namespaceSelector: {matchLabels: {team: ops}}}]',
  );

  test('labels of a namespace that no manifest declares', () => {
    const { outcome, reasons } = ask(base + fromOps)('other/client', 'shop/db');
    expect(outcome).toBe('unknown');
    expect(reasons[1]?.text).toContain('no manifest declares namespace other');
    expect(ask(base + namespaceYaml('other') + fromOps)('other/client', 'shop/db').outcome).toBe('deny');
    expect(ask(base + namespaceYaml('other', 'team: ops') + fromOps)('other/client', 'shop/db').outcome).toBe(
      'allow',
    );
  });

  test('the name of an undeclared namespace is known', () => {
    const byName = fromOps.replace('team: ops', 'kubernetes.io/metadata.name: other');
    expect(ask(base + byName)('other/client', 'shop/db').outcome).toBe('allow');
    expect(ask(base + byName)('shop/api', 'shop/db').outcome).toBe('deny');
  });

  const fromBlock = policyYaml(
    'block',
    '  podSelector: {matchLabels: {tier: db}}\n  ingress:\n  - from: [{ipBlock: {cidr: 10.1.0.0/16}}]',
  );

  test('whether ipBlock matches pods, unless told', () => {
    expect(ask(base + fromBlock)('shop/api', 'shop/db').outcome).toBe('unknown');
    expect(ask(base + fromBlock, { ipBlockMatchesPods: 'match' })('shop/api', 'shop/db').outcome).toBe(
      'allow',
    );
    expect(ask(base + fromBlock, { ipBlockMatchesPods: 'never' })('shop/api', 'shop/db').outcome).toBe(
      'deny',
    );
    expect(ask(base + fromBlock)('10.1.9.9', 'shop/db').outcome).toBe('allow');
    expect(ask(base + fromBlock)('198.51.100.7', 'shop/db').outcome).toBe('deny');
  });

  test('the client address behind a Service that may replace it', () => {
    const service = `---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {type: NodePort, selector: {tier: db}, ports: [{port: 5432}]}
`;
    const outcome = (text: string, port = 5432) => ask(text)('198.51.100.7', 'shop/db', port).outcome;
    expect(outcome(base + fromBlock + service)).toBe('unknown');
    expect(outcome(base + fromBlock + service, 22)).toBe('deny');
    expect(outcome(base + fromBlock + service.replace('NodePort', 'ClusterIP'))).toBe('deny');
    const external = service.replace('type: NodePort', 'externalIPs: [192.0.2.50]');
    expect(outcome(base + fromBlock + external)).toBe('unknown');
    const local = service.replace('type: NodePort', 'type: NodePort, externalTrafficPolicy: Local');
    expect(outcome(base + fromBlock + local)).toBe('deny');
    expect(outcome(base + fromApi + service)).toBe('deny');
    expect(outcome(base + fromBlock.replace('10.1.0.0/16', '0.0.0.0/0') + service)).toBe('allow');
  });

  test('protocols outside the API, once a policy isolates', () => {
    expect(ask(base)('shop/api', 'shop/db', 0, 1).outcome).toBe('allow');
    expect(ask(base + fromApi)('shop/api', 'shop/db', 0, 1).outcome).toBe('unknown');
  });

  test('what a faulty policy will become', () => {
    const faulty = fromApi.replace('podSelector: {matchLabels: {tier: none}}', '{}');
    const { outcome, reasons } = ask(base + faulty)('shop/api', 'shop/db');
    expect(outcome).toBe('unknown');
    expect(reasons[1]).toMatchObject({ object: { name: 'db' } });
    expect(ask(base + faulty)('shop/db', 'shop/api').outcome).toBe('allow');
  });
});

describe('the change that would turn a refusal around', () => {
  const change = (text: string, source: string, destination: string, port?: number) =>
    ask(text)(source, destination, port).reasons.find(({ outcome }) => outcome === 'deny')?.change;

  test('a peer in the same namespace, another one, an address', () => {
    const add = 'add to spec.ingress of NetworkPolicy shop/db a rule from';
    const other = policyYaml('db', '  podSelector: {matchLabels: {tier: db}}');
    expect(change(base + other, 'shop/api', 'shop/db')).toBe(`${add} podSelector tier=api on TCP 5432`);
    expect(change(base + other, 'other/client', 'shop/db')).toBe(
      `${add} namespaceSelector kubernetes.io/metadata.name=other with podSelector tier=api on TCP 5432`,
    );
    expect(change(base + other, '198.51.100.7', 'shop/db')).toBe(
      `${add} ipBlock 198.51.100.7/32 on TCP 5432`,
    );
  });

  test('a rule with the right peer lacks the port', () => {
    expect(change(base + fromApi, 'shop/api', 'shop/db', 22)).toBe(
      'add TCP 22 to ingress[0].ports of NetworkPolicy shop/db',
    );
  });

  test('egress', () => {
    const deny = policyYaml('out', '  podSelector: {matchLabels: {tier: api}}\n  policyTypes: [Egress]');
    expect(change(base + deny, 'shop/api', 'shop/db')).toBe(
      'add to spec.egress of NetworkPolicy shop/out a rule to podSelector tier=db on TCP 5432',
    );
  });
});

describe('address blocks of one rule count together', () => {
  const rule = (blocks: string) =>
    base +
    podYaml('unplaced', 'x: y') +
    policyYaml('db', `  podSelector: {matchLabels: {tier: db}}\n  ingress:\n  - from: [${blocks}]`);
  const halves = '{ipBlock: {cidr: 0.0.0.0/1}}, {ipBlock: {cidr: 128.0.0.0/1}}';

  test('all of both families hold every pod, whatever its address', () => {
    const options = { ipBlockMatchesPods: 'match' } as const;
    const both = rule(`${halves}, {ipBlock: {cidr: "::/0"}}`);
    expect(ask(both, options)('shop/unplaced', 'shop/db').outcome).toBe('allow');
    expect(ask(rule(halves), options)('shop/unplaced', 'shop/db').outcome).toBe('unknown');
  });

  test('no pod has a link-local address', () => {
    const metadata = rule('{ipBlock: {cidr: 169.254.169.254/32}}');
    expect(ask(metadata)('shop/unplaced', 'shop/db').outcome).toBe('deny');
  });

  test('a client whose address may be replaced stays in the family', () => {
    const service = `---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {type: NodePort, selector: {tier: db}, ports: [{port: 5432}]}
`;
    expect(ask(rule(halves) + service)('198.51.100.7', 'shop/db').outcome).toBe('allow');
    expect(ask(rule('{ipBlock: {cidr: 0.0.0.0/1}}') + service)('198.51.100.7', 'shop/db').outcome).toBe(
      'unknown',
    );
  });
});

describe('nodes', () => {
  test('traffic with the own node is always allowed, with another one as rules say', () => {
    const deny = policyYaml('deny-all', '  podSelector: {}\n  policyTypes: [Ingress, Egress]');
    const other = podYaml(
      'other/agent',
      'x: y',
      'hostNetwork: true, nodeName: n2',
      'podIP: 192.0.2.2, hostIP: 192.0.2.2',
    );
    const judge = ask(base + deny + other);
    expect(judge('node n1', 'shop/db').outcome).toBe('allow');
    expect(judge('shop/db', 'node n1').outcome).toBe('allow');
    expect(judge('node n2', 'shop/db').outcome).toBe('deny');
    expect(judge('other/agent', 'shop/db').outcome).toBe('deny');
    expect(judge('node n1', 'shop/api').outcome).toBe('unknown');
  });

  test('a port name means nothing on a pod on its host network', () => {
    const agent = podYaml(
      'agent',
      'x: y',
      'hostNetwork: true, nodeName: n2',
      'podIP: 192.0.2.2, hostIP: 192.0.2.2',
    );
    const away = podYaml('away', 'tier: api', 'nodeName: n1', 'podIP: 10.1.0.9, hostIP: 192.0.2.1');
    const named = policyYaml(
      'named',
      '  podSelector: {matchLabels: {tier: api}}\n  policyTypes: [Egress]\n  egress:\n  - to: [{ipBlock: {cidr: 192.0.2.0/24}}]\n    ports: [{port: web}]',
    );
    const { resources } = manifests(base + agent + away + named);
    const segmentation = new Segmentation(readInventory(resources), resources);
    const index = (name: string) =>
      segmentation.inventory.workloads.find((workload) => workload.name === name)!.index;
    expect(ask(base + agent + away + named)('shop/away', 'shop/agent', 8080).outcome).toBe('deny');
    expect(segmentation.outcome(index('away'), index('agent'), 6, 8080)).toBe('deny');
  });

  test('a pod on its host network is seen by its address and escapes policies', () => {
    const agent = podYaml(
      'agent',
      'tier: api',
      'hostNetwork: true, nodeName: n2',
      'podIP: 192.0.2.2, hostIP: 192.0.2.2',
    );
    const judge = ask(base + fromApi + agent);
    expect(judge('shop/agent', 'shop/db').outcome).toBe('deny');
    expect(judge('shop/db', 'shop/agent').reasons[1]?.text).toContain("host's network");
  });
});

describe('objects that are not evaluated', () => {
  test.each([
    ['cilium.io/v2', 'CiliumNetworkPolicy', 'unknown', 'unknown'],
    ['projectcalico.org/v3', 'NetworkPolicy', 'unknown', 'unknown'],
    ['projectcalico.org/v3', 'GlobalNetworkPolicy', 'unknown', 'unknown'],
  ])('%s %s: open pod %s, denied by a NetworkPolicy %s', (apiVersion, kind, open, isolated) => {
    const object = `---
apiVersion: ${apiVersion}
kind: ${kind}
metadata: {name: x, namespace: shop}
spec: {subject: {namespaces: {}}, endpointSelector: {}, ingress: [{action: Deny}]}
`;
    expect(ask(base + object)('shop/api', 'shop/db').outcome).toBe(open);
    expect(ask(base + object + fromApi)('shop/api', 'shop/db', 22).outcome).toBe(isolated);
  });
});

describe('the same policies written otherwise', () => {
  const open = policyYaml(
    'two',
    `  podSelector: {matchLabels: {tier: db}}
  ingress:
  - from: [{podSelector: {matchLabels: {tier: api}}}]
    ports: [{port: 5432}]
  - ports: [{port: web}]`,
  );
  const asked = [
    ['shop/api', 5432],
    ['shop/api', 8080],
    ['other/client', 5432],
    ['other/client', 8080],
    ['198.51.100.7', 8080],
    ['198.51.100.7', 5432],
  ] as const;
  const answers = (text: string) => asked.map(([source, port]) => ask(text)(source, 'shop/db', port).outcome);
  const expected = ['allow', 'allow', 'deny', 'allow', 'allow', 'deny'];

  test('as it is', () => expect(answers(base + open)).toEqual(expected));

  test('rules in another order', () => {
    const head = open.slice(0, open.indexOf('  - from'));
    const [first, second] = [
      open.slice(open.indexOf('  - from'), open.indexOf('  - ports')),
      open.slice(open.indexOf('  - ports')),
    ];
    expect(answers(`${base}${head}${second.trimEnd()}\n${first}`)).toEqual(expected);
  });

  test('one policy per rule', () => {
    const head = open.slice(0, open.indexOf('  - from'));
    const one = head + open.slice(open.indexOf('  - from'), open.indexOf('  - ports'));
    const two = head.replace('name: two', 'name: three') + open.slice(open.indexOf('  - ports'));
    expect(answers(base + one + two)).toEqual(expected);
  });

  test('labels renamed throughout', () => {
    expect(
      answers((base + open).replaceAll('tier: db', 'stage: d').replaceAll('tier: api', 'stage: a')),
    ).toEqual(expected);
  });
});
