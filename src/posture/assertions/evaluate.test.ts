import { describe, expect, test } from 'vitest';
import { AddressSet } from '../../net/address-set.ts';
import { PortSet } from '../../net/port-set.ts';
import { parsePrefix } from '../../net/prefix.ts';
import { podYaml, policyYaml } from '../../segmentation/manifests.fixture.ts';
import { postureOf } from '../posture.fixture.ts';
import { type ReachEnd, reachEndText } from '../reach/end.ts';
import { type ProtocolPorts, type ReachRow, reachMatrix } from '../reach/matrix.ts';
import { evaluate } from './evaluate.ts';
import { ReachIndex } from './reach-index.ts';
import { readAssertions } from './read.ts';
import { counterexample, reportAssertion } from './report.ts';

const manifests =
  podYaml('web', 'app: web', '', 'podIP: 10.1.0.1') +
  podYaml('api', 'app: api') +
  podYaml('job', 'app: job') +
  policyYaml(
    'api',
    '  podSelector: {matchLabels: {app: api}}\n  ingress:\n  - from: [{podSelector: {matchLabels: {app: web}}}]\n    ports: [{port: 8080, endPort: 8082}, {port: 53, protocol: UDP}]',
  );
const posture = postureOf(manifests, 'hosts:\n  printer: 198.51.100.7\n');

const [web, api, job] = posture.inventory.workloads.map(
  (workload): ReachEnd => ({ kind: 'workload', workload }),
) as [ReachEnd, ReachEnd, ReachEnd];
const range = (...prefixes: string[]) => AddressSet.ofPrefixes(prefixes.map((text) => parsePrefix(text)!));
const external = (...prefixes: string[]): ReachEnd => ({ kind: 'external', range: range(...prefixes) });
const tcp = (allowed: string, unknown = 'none'): ProtocolPorts[] => [
  { protocol: 'TCP', allowed: PortSet.parse(allowed)!, unknown: PortSet.parse(unknown)! },
];
const span = {
  file: 'in.yaml',
  start: { line: 1, column: 1, offset: 0 },
  end: { line: 1, column: 1, offset: 0 },
};
const entry: ReachEnd = { kind: 'entry', text: 'Ingress shop/web', span };

/** The matrix of the pods, and beside it ends outside as one would be given. */
const rows: ReachRow[] = [
  ...[...reachMatrix(posture)].filter(
    ({ source, destination }) => source.kind === 'workload' && destination.kind === 'workload',
  ),
  { source: external('10.0.0.0/8'), destination: api, ports: tcp('22') },
  { source: external('198.51.100.0/24', '203.0.113.0/24'), destination: api, ports: tcp('none', '443') },
  { source: entry, destination: api, ports: tcp('8080') },
  { source: web, destination: external('203.0.113.0/24'), ports: tcp('443') },
];
const index = new ReachIndex(posture, undefined, rows);

function run(text: string, on = index) {
  const { assertions, diagnostics } = readAssertions([
    { name: 'picket-test.yaml', bytes: new TextEncoder().encode(`assertions:\n  - ${text}\n`) },
  ]);
  expect(diagnostics).toEqual([]);
  const result = evaluate(assertions[0]!, on);
  const examples = result.violations.map((one) => counterexample(one, on.declared, assertions[0]!.request));
  return { ...result, examples, diagnostics: reportAssertion(result, examples, on) };
}

const codes = (text: string) => run(text).diagnostics.map(({ code }) => code);

describe('must', () => {
  test.each([
    ['must: {from: shop/web, to: shop/api, port: 8080}'],
    ['must: {from: shop/web, to: shop/api, port: 8080-8082}'],
    ['must: {from: Pod/shop/web, to: shop/api, port: web}'],
    ['must: {from: 10.1.0.1, to: shop/api, port: 8080}'],
    ['must: {from: {labels: {app: web}}, to: {namespace: shop, name: api}, port: 53, protocol: UDP}'],
    ['must: {from: shop/web, to: 203.0.113.7, port: 443}'],
    ['must: {from: shop/api, to: shop/web}'],
    ['must: {from: 10.9.0.0/16, to: shop/api, port: 22}'],
  ])('%s holds', (text) => {
    expect(codes(text)).toEqual([]);
    expect(run(text).passed).toBe(true);
  });

  test('addresses that the matrix does not speak of are closed', () => {
    const { examples } = run('must: {from: 10.0.0.0/7, to: shop/api, port: 22}');
    expect(examples.map(({ packet, outcome }) => [packet.source, outcome])).toContainEqual([
      '11.0.0.0',
      'deny',
    ]);
  });

  test('one port of a range that is denied breaks it', () => {
    const { examples, violations, diagnostics } = run(
      'must: {from: shop/web, to: shop/api, port: 8080-8090}',
    );
    expect(violations[0]?.ports.toString()).toBe('8083-8090');
    expect(examples[0]).toMatchObject({
      packet: { source: 'shop/web', destination: 'shop/api', protocol: 'TCP', port: 8083 },
      outcome: 'deny',
      reason: { object: { name: 'api' } },
    });
    expect(diagnostics[0]).toMatchObject({
      code: 'PKT0452',
      span: { file: 'picket-test.yaml', start: { line: 2, column: 5 } },
      related: [{ span: { file: 'shop.yaml' } }],
    });
  });

  test('every one of several ends must', () => {
    const { violating, pairs, diagnostics } = run('must: {from: shop/*, to: shop/api, port: 8080}');
    expect([violating, pairs]).toEqual([1, 2]);
    expect(diagnostics[0]?.message).toContain('shop/job → shop/api TCP 8080 is denied');
  });
});

describe('must-not', () => {
  test.each([
    ['must-not: {from: shop/job, to: shop/api}'],
    ['must-not: {from: shop/web, to: shop/api, port: 22}'],
    ['must-not: {from: 10.0.0.0/8, to: shop/api, port: 9999}'],
    ['must-not: {from: 192.168.0.0/16, to: shop/api}'],
  ])('%s', (text) => {
    expect(codes(text)).toEqual([]);
  });

  test('what is allowed breaks it, with an address of those that are meant', () => {
    const { examples, diagnostics } = run('must-not: {from: 10.9.0.0/16, to: shop/api, port: any}');
    expect(examples[0]?.packet).toEqual({
      source: '10.9.0.0',
      destination: 'shop/api',
      protocol: 'TCP',
      port: 22,
    });
    expect(diagnostics[0]?.code).toBe('PKT0453');
  });

  test('internet comes in through entries, too', () => {
    const { examples } = run('must-not: {from: internet, to: shop/api, port: 8080}');
    expect(examples.map(({ packet }) => packet.source)).toEqual(['Ingress shop/web']);
    expect(codes('must-not: {from: Ingress shop/*, to: shop/api, port: 8080}')).toEqual(['PKT0453']);
  });

  test('a range also means the pods whose addresses lie in it', () => {
    const { examples } = run('must-not: {from: 10.0.0.0/8, to: shop/api, port: 8080}');
    expect(examples.map(({ packet }) => packet.source)).toEqual(['shop/web']);
  });

  test('a host of the site file is meant by its addresses', () => {
    expect(codes('must-not: {from: printer, to: shop/api, port: 80}')).toEqual([]);
    expect(codes('must-not: {from: printer, to: shop/api, port: 443}')).toEqual(['PKT0455']);
  });
});

describe('unknown', () => {
  test.each(['must', 'must-not'])('satisfies no %s, unless that is said', (kind) => {
    const text = `${kind}: {from: 203.0.113.0/24, to: shop/api, port: 443}`;
    expect(codes(text)).toEqual(['PKT0455']);
    expect(codes(`{${text}, allow-unknown: true}`)).toEqual([]);
  });

  test('what is decided is told before what is not', () => {
    const { examples } = run('must-not: {from: internet, to: shop/api}');
    expect(examples.map(({ outcome }) => outcome)).toEqual(['allow', 'allow', 'unknown']);
  });
});

describe('only', () => {
  test('holds when nobody else reaches it and every listed one does', () => {
    expect(codes('only: {from: shop/web, to: shop/api, port: 8081}')).toEqual([]);
    expect(codes('only: {from: [shop/web, Ingress shop/web], to: shop/api, port: 8080}')).toEqual([]);
  });

  test('others that reach it break it', () => {
    const { examples, diagnostics } = run('only: {from: shop/web, to: shop/api, port: 8080}');
    expect(examples.map(({ packet }) => packet.source)).toEqual(['Ingress shop/web']);
    expect(diagnostics[0]?.code).toBe('PKT0454');
  });

  test('the rest of a range that is listed in part breaks it', () => {
    const { violations } = run('only: {from: 10.0.0.0/9, to: shop/api, port: 22}');
    expect(violations.map(({ source }) => reachEndText(source))).toEqual(['10.128.0.0/9']);
    expect(codes('only: {from: 10.0.0.0/8, to: shop/api, port: 22}')).toEqual([]);
  });

  test('a listed source that reaches nothing is out of date', () => {
    const { idle, diagnostics } = run('only: {from: [shop/web, shop/job], to: shop/api, port: 8081}');
    expect(idle.map(({ text }) => text)).toEqual(['shop/job']);
    expect(diagnostics.map(({ code, message }) => `${code} ${message}`).join()).toMatch(
      /PKT0454.*shop\/job is listed/,
    );
  });
});

describe('what matches nothing fails', () => {
  test.each([
    ['must-not: {from: shop/wbe, to: shop/api}', 'did you mean shop/web?'],
    ['must-not: {from: web, to: shop/api}', 'did you mean shop/web?'],
    ['must-not: {from: shop/web, to: shp/*}', 'there are e.g. shop/web, shop/api, shop/job'],
    ['must-not: {from: {labels: {app: x}}, to: shop/api}', 'there are e.g. shop/web, shop/api, shop/job'],
    ['must-not: {from: prnter, to: shop/api}', 'did you mean printer?'],
  ])('%s', (text, help) => {
    expect(run(text).diagnostics).toMatchObject([{ code: 'PKT0451', help }]);
  });

  test('a port name that no destination has', () => {
    expect(run('must-not: {from: shop/web, to: shop/api, port: wbe}').diagnostics).toMatchObject([
      { code: 'PKT0451', span: { start: { line: 2, column: 52 } } },
    ]);
  });

  test('a pod and itself', () => {
    expect(codes('must-not: {from: shop/web, to: shop/web}')).toEqual(['PKT0451']);
  });
});

test('a namespace by its name', () => {
  expect(run('must-not: {from: shop, to: shop/api, port: 22}').pairs).toBe(2);
});

test('the index names each end once', () => {
  expect(index.ends.filter((end) => end === job || end === web)).toHaveLength(0);
  expect(index.ends).toHaveLength(4);
});

test('the firewall of a host bears on what is on its network', () => {
  const guarded = postureOf(`${podYaml('web', 'app: web', '', 'podIP: 10.1.0.1')}---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: firewall, namespace: ops}
spec:
  selector: {matchLabels: {app: firewall}}
  template:
    metadata: {labels: {app: firewall}}
    spec:
      hostNetwork: true
      containers:
      - name: main
        image: example.test/firewall
        securityContext: {privileged: true}
        command: [sh, -c]
        args:
        - |
          iptables -A INPUT -p tcp --dport 22 -j ACCEPT
          iptables -A INPUT -j DROP
          sleep infinity
`);
  const on = new ReachIndex(guarded);
  expect(run('must: {from: shop/web, to: ops/firewall, port: 22}', on).passed).toBe(true);
  expect(run('must-not: {from: shop/web, to: ops/firewall, port: 23}', on).passed).toBe(true);
});
