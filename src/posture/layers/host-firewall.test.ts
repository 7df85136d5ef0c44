import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readManifests } from '../../manifest/read.ts';
import { parseAddress } from '../../net/address.ts';
import type { Endpoint } from '../../segmentation/endpoint.ts';
import { podYaml } from '../../segmentation/manifests.fixture.ts';
import { compilePosture } from '../compile.ts';
import { readFirewalls } from '../firewalls.ts';
import { postureOf } from '../posture.fixture.ts';
import type { Posture } from '../posture.ts';
import { hostFirewallLayer } from './host-firewall.ts';

const outside: Endpoint = { kind: 'external', address: parseAddress('203.0.113.7')! };
const node: Endpoint = { kind: 'node' };

/** A DaemonSet on the host's network that runs a script. */
function daemonYaml(script: string, pod = '', name = 'fw'): string {
  const lines = script.split('\n').map((line) => `          ${line}\n`);
  return `---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: ${name}, namespace: security}
spec:
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      hostNetwork: true
${pod === '' ? '' : `      ${pod}\n`}      containers:
      - name: main
        command: ["sh", "-c"]
        args:
        - |
${lines.join('')}`;
}

function workload(posture: Posture, name: string): Endpoint {
  const found = posture.inventory.workloads.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no workload ${name}`);
  return { kind: 'workload', workload: found };
}

function ask(posture: Posture, source: Endpoint, destination: Endpoint, port: number, protocol = 6) {
  return hostFirewallLayer.judge({ source, destination, protocol, port }, posture);
}

const closed =
  'iptables -A INPUT -i lo -j ACCEPT\niptables -A INPUT -p tcp --dport 22 -j ACCEPT\niptables -A INPUT -j DROP';

const shared = process.env.PICKET_SHARED ?? fileURLToPath(new URL('../../../../shared', import.meta.url));
const document = `${shared}/seed/network-security.md`;

describe.skipIf(!existsSync(document))(`the example document (${document})`, () => {
  const bytes = existsSync(document) ? readFileSync(document) : new Uint8Array();
  const posture = compilePosture(readManifests([{ name: 'network-security.md', bytes }]));
  const text = new TextDecoder().decode(bytes);

  test('only SSH and the API are let in to machines, and the line says so', () => {
    const outcomes = [22, 6443, 10250, 80].map((port) => ask(posture, outside, node, port)[0]?.outcome);
    expect(outcomes).toEqual(['allow', 'allow', 'deny', 'deny']);
    const [reason] = ask(posture, outside, node, 10250);
    expect(reason).toMatchObject({
      layer: 'hostfirewall',
      direction: 'ingress',
      object: { kind: 'DaemonSet', name: 'firewall-rules', namespace: 'security' },
      rule: 4,
      change:
        'add `iptables -A INPUT -s 203.0.113.7 -p tcp --dport 10250 -j ACCEPT` before `-A INPUT -j DROP`',
    });
    const { start, end } = reason!.span!;
    expect(text.slice(start.offset, end.offset)).toBe('iptables -A INPUT -j DROP');
  });

  test('what the tunnel needs is dropped; pods are not met', () => {
    expect(ask(posture, outside, workload(posture, 'wireguard'), 51820, 17)[0]?.outcome).toBe('deny');
    expect(ask(posture, node, outside, 443)).toEqual([]);
  });

  test('IPv6 is open', () => {
    const v6: Endpoint = { kind: 'external', address: parseAddress('2001:db8::1')! };
    expect(ask(posture, v6, node, 10250)).toMatchObject([
      { outcome: 'allow', text: 'INPUT of DaemonSet security/firewall-rules has no rule for IPv6' },
    ]);
  });
});

test('without a firewall nothing is said; nor by one in a network of its own', () => {
  expect(ask(postureOf(podYaml('web', 'app: web')), outside, node, 22)).toEqual([]);
  const own = postureOf(daemonYaml(closed).replace('hostNetwork: true', 'hostNetwork: false'));
  expect(ask(own, outside, node, 23)).toEqual([]);
  expect(readFirewalls(own.controls)).toEqual([]);
});

test('loopback helps only between ends on one machine', () => {
  const posture = postureOf(daemonYaml(closed) + podYaml('web', 'app: web'));
  expect(ask(posture, workload(posture, 'web'), node, 23)[0]?.outcome).toBe('deny');
  expect(ask(posture, node, node, 23)[0]?.outcome).toBe('unknown');
});

test('a firewall that runs on some machines only leaves the others open', () => {
  const posture = postureOf(daemonYaml(closed, 'nodeSelector: {zone: a}'));
  expect(ask(posture, outside, node, 23)[0]).toMatchObject({ outcome: 'unknown' });
  expect(ask(posture, outside, node, 22)[0]).toMatchObject({ outcome: 'allow' });
});

test('two firewalls: one that drops, one that has no say, one that accepts', () => {
  const quiet = daemonYaml('iptables -A INPUT -p tcp --dport 9 -j ACCEPT', '', 'quiet');
  expect(ask(postureOf(daemonYaml(closed) + quiet), outside, node, 80)[0]?.outcome).toBe('deny');
  expect(ask(postureOf(daemonYaml(closed) + quiet), outside, node, 9)[0]?.outcome).toBe('unknown');
});

test('pods are met by FORWARD, when it has rules', () => {
  const forward = 'iptables -A FORWARD -d 10.0.0.0/8 -j DROP\niptables -P FORWARD DROP';
  const posture = postureOf(daemonYaml(forward) + podYaml('web', 'app: web') + podYaml('api', 'app: api'));
  const [web, api] = [workload(posture, 'web'), workload(posture, 'api')];
  expect(ask(posture, outside, web, 80)).toMatchObject([{ direction: 'ingress', outcome: 'deny' }]);
  expect(ask(posture, web, outside, 80)).toMatchObject([{ direction: 'egress', outcome: 'deny' }]);
  expect(ask(posture, web, api, 80)).toMatchObject([{ outcome: 'unknown' }]);
  const input = postureOf(daemonYaml(closed) + podYaml('web', 'app: web'));
  expect(ask(input, outside, workload(input, 'web'), 80)).toEqual([]);
});

test('what is not followed makes it unknown, with its place', () => {
  const posture = postureOf(
    daemonYaml(`for p in $(cat x); do iptables -A INPUT -p tcp --dport $p -j DROP; done`),
  );
  expect(ask(posture, outside, node, 23)).toMatchObject([
    {
      outcome: 'unknown',
      span: { file: 'shop.yaml' },
      text: expect.stringContaining('a for loop is not followed'),
    },
  ]);
});

test('rules in a mounted file', () => {
  const files = `---
apiVersion: v1
kind: ConfigMap
metadata: {name: rules, namespace: security}
data:
  rules.v4: |
    *filter
    :INPUT DROP [0:0]
    -A INPUT -p tcp --dport 443 -j ACCEPT
    COMMIT
`;
  const daemon = daemonYaml(
    'iptables-restore < /rules/rules.v4',
    'volumes: [{name: rules, configMap: {name: rules}}]',
  );
  const posture = postureOf(
    files +
      daemon.replace('name: main', 'name: main\n        volumeMounts: [{name: rules, mountPath: /rules}]'),
  );
  expect(ask(posture, outside, node, 443)[0]).toMatchObject({
    outcome: 'allow',
    span: { start: { line: 9 } },
  });
  expect(ask(posture, outside, node, 80)[0]).toMatchObject({ outcome: 'deny', span: { start: { line: 8 } } });
});
