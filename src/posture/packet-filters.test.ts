import { describe, expect, test } from 'vitest';
import { parseAddress } from '../net/address.ts';
import type { Endpoint } from '../segmentation/endpoint.ts';
import { podYaml } from '../segmentation/manifests.fixture.ts';
import { hostFirewallLayer } from './layers/host-firewall.ts';
import { packetFilters } from './packet-filters.ts';
import { postureOf } from './posture.fixture.ts';
import type { Posture } from './posture.ts';

const external = (text: string): Endpoint => ({ kind: 'external', address: parseAddress(text)! });
const outside = external('203.0.113.7');
const office = external('198.51.100.9');
const anyNode: Endpoint = { kind: 'node' };
const nodeYaml = (name: string, address: string, labels = '{}') =>
  `---\napiVersion: v1\nkind: Node\nmetadata: {name: ${name}, labels: ${labels}}\nstatus: {addresses: [{type: InternalIP, address: ${address}}]}\n`;
const firewallYaml = (name: string, spec: string) =>
  `---\napiVersion: picket.dev/v1alpha1\nkind: HostFirewall\nmetadata: {name: ${name}}\nspec: ${spec}\n`;
const daemonYaml = (script: string) => `---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: fw, namespace: security}
spec:
  selector: {matchLabels: {app: fw}}
  template:
    metadata: {labels: {app: fw}}
    spec:
      hostNetwork: true
      containers:
      - {name: main, command: [sh, -c, ${JSON.stringify(script)}]}
`;
const ask = (posture: Posture, source: Endpoint, destination: Endpoint, port: number, protocol = 6) =>
  hostFirewallLayer.judge({ source, destination, protocol, port }, posture);
const node = (posture: Posture, at = 0): Endpoint => ({ kind: 'node', node: posture.inventory.nodes[at]! });
const workload = (posture: Posture, name: string): Endpoint => ({
  kind: 'workload',
  workload: posture.inventory.workloads.find((one) => one.name === name)!,
});

const site = `hosts: {office: 198.51.100.0/24}
firewall:
  allow:
  - {service: https, limit: 10/minute per source}
  - service: ssh
    from: office
  block: {attackers: {}}
  connectionLimit: {perSource: 10}
`;

describe('a firewall of the site file', () => {
  const posture = postureOf(nodeYaml('n1', '192.0.2.1'), site);

  test('is met by what is for machines, and the rule is named where it stands', () => {
    expect(ask(posture, office, node(posture), 22)).toMatchObject([
      {
        layer: 'hostfirewall',
        outcome: 'allow',
        text: 'INPUT of picket.yaml accepts TCP 22 by `allow[1]`',
        object: { kind: 'Site', name: 'picket.yaml' },
        span: { file: 'picket.yaml', start: { line: 5 } },
      },
    ]);
    expect(ask(posture, outside, anyNode, 22)).toMatchObject([
      {
        outcome: 'deny',
        text: 'INPUT of picket.yaml drops TCP 22 by its policy',
        span: { start: { line: 2, column: 1 } },
        change: 'add `{protocol: tcp, ports: 22, from: "203.0.113.7"}` to `allow` of picket.yaml',
      },
    ]);
  });

  test('limits and block sets leave a verdict as it is', () => {
    expect(ask(posture, outside, anyNode, 443)).toMatchObject([
      { outcome: 'allow', text: 'INPUT of picket.yaml accepts TCP 443 by `allow[0] within its limit`' },
    ]);
  });

  test('says nothing of pods, nor of what machines send, unless it declares so', () => {
    const pods = postureOf(podYaml('web', 'app: web'), site);
    expect(ask(pods, outside, workload(pods, 'web'), 80)).toEqual([]);
    expect(ask(pods, anyNode, outside, 80)).toEqual([]);
    const both = postureOf(
      podYaml('web', 'app: web'),
      'firewall: {forward: {}, outbound: {allow: [{service: dns}]}}',
    );
    expect(ask(both, outside, workload(both, 'web'), 80)).toMatchObject([{ outcome: 'deny' }]);
    expect(ask(both, anyNode, outside, 80)).toMatchObject([{ outcome: 'deny', direction: 'egress' }]);
    expect(ask(both, anyNode, outside, 53, 17)).toMatchObject([{ outcome: 'allow' }]);
  });
});

test('the declaration in force is the one that fits the machine best', () => {
  const posture = postureOf(
    nodeYaml('n1', '192.0.2.1', '{role: edge}') +
      nodeYaml('n2', '192.0.2.2', '{role: core}') +
      firewallYaml(
        'edge',
        '{nodeSelector: {role: edge}, deny: [{service: ssh}], allow: [{service: ssh}, {service: http}]}',
      ),
    site,
  );
  expect(ask(posture, office, node(posture, 0), 22)).toMatchObject([
    {
      outcome: 'deny',
      text: 'INPUT of HostFirewall edge drops TCP 22 by `deny[0]`',
      object: { kind: 'HostFirewall', name: 'edge' },
      change: 'narrow `deny[0]` of HostFirewall edge',
    },
  ]);
  expect(ask(posture, office, node(posture, 1), 22)[0]?.outcome).toBe('allow');
  // Of an unknown machine it is not told which is in force.
  expect(ask(posture, outside, anyNode, 80)[0]?.outcome).toBe('unknown');
  expect(packetFilters(posture).map(({ name }) => name)).toEqual(['HostFirewall edge', 'picket.yaml']);
});

test('two that fit a machine equally leave it open which is in force', () => {
  const two = firewallYaml('a', '{allow: [{service: ssh}]}') + firewallYaml('b', '{allow: [{service: ssh}]}');
  const posture = postureOf(nodeYaml('n1', '192.0.2.1') + two);
  expect(ask(posture, outside, node(posture), 22)[0]?.outcome).toBe('allow');
  expect(ask(posture, outside, node(posture), 23)[0]?.outcome).toBe('unknown');
});

test('a faulty declaration leaves open what it would say', () => {
  const posture = postureOf(nodeYaml('n1', '192.0.2.1') + firewallYaml('edge', '{allow: [{service: sssh}]}'));
  expect(ask(posture, outside, node(posture), 22)).toMatchObject([
    {
      outcome: 'unknown',
      text: 'what INPUT of HostFirewall edge does with TCP 22 is not known: HostFirewall edge has errors',
    },
  ]);
});

test('a drop is final whatever scripts accept, and what it accepts they may still drop', () => {
  const own = firewallYaml('edge', '{allow: [{service: [ssh, http]}]}');
  const script =
    'iptables -A INPUT -p tcp --dport 22 -j DROP\niptables -A INPUT -p tcp --dport 443 -j ACCEPT';
  const posture = postureOf(nodeYaml('n1', '192.0.2.1') + own + daemonYaml(script));
  const outcomes = [22, 80, 443].map((port) => ask(posture, outside, node(posture), port)[0]);
  expect(outcomes.map((reason) => `${reason?.outcome} ${reason?.object?.kind}`)).toEqual([
    'deny DaemonSet',
    'allow HostFirewall',
    'deny HostFirewall',
  ]);
});
