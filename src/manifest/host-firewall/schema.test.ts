import { expect, test } from 'vitest';
import { PortSet } from '../../net/port-set.ts';
import { protocolNumber } from '../../net/protocol.ts';
import { isKind } from '../kinds/definition.ts';
import { hostFirewallKind } from '../kinds/host-firewall.ts';
import { readManifests } from '../read.ts';
import { hostServices } from './services.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const site = (firewall: string) => {
  const indented = firewall.replace(/^/gm, '  ');
  return readManifests([{ name: 'picket.yaml', bytes: bytes(`firewall:\n${indented}\n`) }]);
};
/** Codes and places of what is wrong. */
const told = (firewall: string) =>
  site(firewall).diagnostics.map(({ code, severity, span, help }) => [
    `${code} ${severity} ${span!.start.line}:${span!.start.column}`,
    help,
  ]);

test('a declaration of every field fits', () => {
  const { diagnostics, site: read } =
    site(`zones: {lan: {interfaces: [eth0, "vlan*"], sources: [192.0.2.0/24]}}
admin: [{service: ssh, from: lan}, {service: kubernetes-api, to: [192.0.2.10]}]
deny: [{from: 198.51.100.9}]
allow:
- {service: [https, dns], to: 192.0.2.1, limit: 10/minute per source}
- {protocol: udp, ports: [53, 8000-8090]}
policy: drop
icmp: {echo: false}
dhcp: false
connectionLimit: {perSource: 100}
block: {attackers: {timeout: 1h, size: 10}}
log: {limit: 1/second, prefix: "fw: "}
forward: {policy: accept, deny: [{from: lan, to: 192.0.2.9}]}
outbound: {allow: [{service: dns, to: lan}]}`);
  expect(diagnostics).toEqual([]);
  expect(read!.firewall!.value?.policy).toBe('drop');
  expect(read!.firewall!.at(['allow', 1, 'ports', 0]).start).toMatchObject({ line: 7, column: 29 });
});

test('what is wrong is told at its place, with what to write', () => {
  expect(told('allow: [{service: sssh}]')).toEqual([['PKT0051 error 2:21', 'write `ssh`']]);
  expect(told('allow: [{service: [ssh, kubelets]}]')).toEqual([['PKT0051 error 2:27', 'write `kubelet`']]);
  expect(told('allow: [{protocol: tpc, ports: 1}]')).toEqual([['PKT0050 error 2:22', 'write `tcp`']]);
  expect(told('allow: [{ports: [0, 70000, 9-1, x]}]').map(([at]) => at)).toEqual([
    'PKT0050 error 2:20',
    'PKT0050 error 2:23',
    'PKT0050 error 2:30',
    'PKT0050 error 2:35',
  ]);
  expect(told('allow: [{service: ssh, limit: 10 per minute}]')[0]![0]).toBe('PKT0050 error 2:33');
  expect(told('zones: {Lan: {sources: [10.0.0.1/8]}}').map(([at]) => at)).toEqual([
    'PKT0050 error 2:27',
    'PKT0050 error 2:11',
  ]);
  expect(told('block: {a: {timeout: 1w, size: 0}}').map(([at]) => at)).toEqual([
    'PKT0050 error 2:24',
    'PKT0060 error 2:34',
  ]);
});

test('a rule that says too much or too little', () => {
  for (const [firewall, at] of [
    ['allow: [{}]', '2:11'],
    ['allow: [{limit: 1/second}]', '2:11'],
    ['allow: [{service: ssh, ports: [22]}]', '2:33'],
    ['allow: [{service: ssh, from: []}]', '2:32'],
    ['deny: [{protocol: icmp, ports: [1]}]', '2:34'],
    ['zones: {lan: {}}', '2:16'],
    ['admin: [{from: 192.0.2.1}]', '2:11'],
    ['admin: [{service: ssh, from: 192.0.2.1, to: 192.0.2.2}]', '2:47'],
  ]) {
    expect(
      told(firewall!).map(([place]) => place),
      firewall,
    ).toEqual([`PKT0052 error ${at}`]);
    expect(site(firewall!).site!.firewall!.value, firewall).toBeUndefined();
  }
});

test('a misspelled field leaves nothing in force: it might have narrowed a rule', () => {
  const { diagnostics, site: read } = site('allow: [{service: ssh, form: 192.0.2.1}]');
  expect(diagnostics).toMatchObject([{ code: 'PKT0030', severity: 'error', help: 'rename it to `from`' }]);
  expect(read!.firewall!.value).toBeUndefined();
});

test('the same as a resource', () => {
  const text = (spec: string) =>
    `apiVersion: picket.dev/v1alpha1\nkind: HostFirewall\nmetadata: {name: edge}\nspec: ${spec}\n`;
  const read = (spec: string) => readManifests([{ name: 'a.yaml', bytes: bytes(text(spec)) }]);
  const { resources, diagnostics } = read('{nodeSelector: {role: edge}, allow: [{service: ssh}]}');
  expect(diagnostics).toEqual([]);
  expect(isKind(resources[0]!, hostFirewallKind)).toBe(true);
  const faulty = read('{nodeSelektor: {role: edge}}');
  expect(faulty.diagnostics).toMatchObject([{ code: 'PKT0030', severity: 'error' }]);
  expect(isKind(faulty.resources[0]!, hostFirewallKind)).toBe(false);
});

test('every service has traffic that can be named', () => {
  for (const [name, { traffic, doc }] of Object.entries(hostServices)) {
    expect(doc.length, name).toBeGreaterThan(3);
    expect(traffic.length, name).toBeGreaterThan(0);
    for (const { protocol, ports } of traffic) {
      expect(protocolNumber(protocol), name).toBeDefined();
      expect(ports === undefined || PortSet.parse(ports) !== undefined, name).toBe(true);
    }
  }
});
