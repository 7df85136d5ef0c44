import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hostFirewallSchema } from '../../../manifest/host-firewall/schema.ts';
import { readManifests } from '../../../manifest/read.ts';
import type { Packet } from '../../packet.ts';
import { firewallForm, readFirewallText } from '../../read-text.ts';
import { address, commandLists } from '../../rules.fixture.ts';
import type { Ruleset } from '../../ruleset.ts';
import { judgePacket } from '../../simulate.ts';
import { compileHostFirewall } from '../compile.ts';
import { declarations, packets, siteHosts } from '../declarations.fixture.ts';
import { declaredHostFirewalls } from '../declared.ts';
import { resolveHostFirewall } from '../resolve.ts';
import { rulesOf } from '../ruleset.ts';
import { importRuleset, specOf } from './import.ts';
import { importedYaml } from './yaml.ts';

const rulesetOf = (text: string) => readFirewallText(text, firewallForm(text)).ruleset;
const yamlOf = (text: string) => {
  const lines = (offset: number) => text.slice(0, offset).split('\n').length;
  return importedYaml(importRuleset(rulesetOf(text)), 'edge', ({ at }) => `fw:${lines(at.start)}`);
};
const left = (text: string) =>
  importRuleset(rulesetOf(text)).left.map(({ rule, why }) => `${rule.text}: ${why}`);

/** What is compiled from what was imported. */
function again(ruleset: Ruleset): Ruleset {
  const spec = specOf(importRuleset(ruleset));
  expect(hostFirewallSchema().safeParse(spec).error?.issues).toBeUndefined();
  const { firewall, problems } = resolveHostFirewall(spec, []);
  expect(problems).toEqual([]);
  return rulesOf(compileHostFirewall(firewall)).ruleset;
}

const shared = process.env.PICKET_SHARED ?? fileURLToPath(new URL('../../../../../shared', import.meta.url));
const document = `${shared}/seed/network-security.md`;

describe.skipIf(!existsSync(document))(`the example document (${document})`, () => {
  const bytes = existsSync(document) ? readFileSync(document, 'utf8') : '';
  const script = /- \|\n([\s\S]*?)\n {8}securityContext/.exec(bytes)?.[1] ?? '';

  test('its script is two services and a policy', () => {
    expect(left(script)).toEqual([]);
    expect(yamlOf(script)).toBe(
      `apiVersion: picket.dev/v1alpha1
kind: HostFirewall
metadata:
  name: edge
spec:
  allow:
    - { service: ssh } # fw:8
    - { service: kubernetes-api } # fw:11
  policy: drop
  icmp: { echo: false }
  dhcp: false
`.replace('dhcp: false', `dhcp: ${importRuleset(rulesetOf(script)).dhcp}`),
    );
    // Nothing of IPv6 is filtered, where answers of DHCP servers come in too.
    expect(importRuleset(rulesetOf(script))).toMatchObject({ closes: [6], dhcp: true });
  });
});

test('a script of both versions, with zones, ranges, chains and policies', () => {
  const script = `iptables -P INPUT DROP
ip6tables -P INPUT DROP
iptables -P FORWARD DROP
iptables -N mgmt
iptables -A INPUT -i lo -j ACCEPT
ip6tables -A INPUT -i lo -j ACCEPT
iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
ip6tables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
iptables -A INPUT -s 203.0.113.66 -j DROP
ip6tables -A INPUT -p ipv6-icmp -j ACCEPT
iptables -A INPUT -p icmp --icmp-type echo-request -j ACCEPT
iptables -A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT
ip6tables -A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT
iptables -A INPUT -i eth1 -j mgmt
iptables -A mgmt -s 198.51.100.0/24 -p tcp --dport 22 -m state --state NEW -j ACCEPT
iptables -A mgmt -p udp --dport 161:162 -j ACCEPT
iptables -A INPUT -i vlan+ -p udp --dport 53 -j ACCEPT
iptables -A INPUT -m limit --limit 5/min -j LOG --log-prefix "drop "
iptables -A FORWARD -i eth1 -o eth0 -j ACCEPT
iptables -A FORWARD -m state --state ESTABLISHED -j ACCEPT
`;
  expect(left(script)).toEqual([]);
  expect(yamlOf(script)).toMatchInlineSnapshot(`
    "apiVersion: picket.dev/v1alpha1
    kind: HostFirewall
    metadata:
      name: edge
    spec:
      zones:
        eth1: { interfaces: [eth1], sources: [198.51.100.0/24] }
        eth1-2: { interfaces: [eth1], sources: [0.0.0.0/0] }
        vlan: { interfaces: ["vlan*"], sources: [0.0.0.0/0] }
        eth1-3: { interfaces: [eth1] }
        eth0: { interfaces: [eth0] }
      deny:
        - { from: 203.0.113.66 } # fw:9
      allow:
        - { protocol: tcp, ports: [80, 443] } # fw:12, fw:13
        - { service: ssh, from: eth1 } # fw:15
        - { protocol: udp, ports: 161-162, from: eth1-2 } # fw:16
        - { protocol: udp, ports: 53, from: vlan } # fw:17
        - { protocol: ipv6-icmp } # fw:10
      policy: drop
      icmp: { echo: true }
      dhcp: false
      log: {}
      forward:
        allow:
          - { from: eth1-3, to: eth0 } # fw:19
        policy: drop
    "
  `);
});

test('a rule that cannot be said is named, with the reason', () => {
  expect(
    left(`iptables -P INPUT DROP
iptables -A INPUT -p tcp --sport 20 -j ACCEPT
iptables -A INPUT ! -i eth0 -p tcp --dport 22 -j ACCEPT
iptables -A INPUT -p tcp --dport 80 -j ACCEPT
iptables -A INPUT -s 198.51.100.9 -j DROP
iptables -A INPUT -s 198.51.100.0/24 -j ACCEPT
iptables -A INPUT -p icmp --icmp-type timestamp-request -j ACCEPT
iptables -A INPUT -j DOCKER
iptables -t nat -A PREROUTING -p tcp --dport 8080 -j REDIRECT --to-ports 80
`),
  ).toEqual([
    '-A INPUT -p tcp --sport 20 -j ACCEPT: it asks for the source port',
    '-A INPUT ! -i eth0 -p tcp --dport 22 -j ACCEPT: no zone is all but some interfaces',
    '-A INPUT -s 198.51.100.9 -j DROP: a rule before it accepts some of what it drops',
    '-A INPUT -p icmp --icmp-type timestamp-request -j ACCEPT: no rule names single types of ICMP, but echo requests from anywhere',
    '-A INPUT -j DOCKER: the chain DOCKER is not declared here',
    '-A PREROUTING -p tcp --dport 8080 -j REDIRECT --to-ports 80: it translates addresses',
  ]);
});

test('the YAML is what was imported', () => {
  fc.assert(
    fc.property(declarations, (spec) => {
      const { ruleset } = rulesOf(compileHostFirewall(resolveHostFirewall(spec, siteHosts).firewall));
      const imported = importRuleset(ruleset);
      const yaml = importedYaml(imported, 'edge', () => 'a:1');
      const set = readManifests([{ name: 'fw.yaml', bytes: new TextEncoder().encode(yaml) }]);
      expect(set.diagnostics).toEqual([]);
      const direct = resolveHostFirewall(specOf(imported), []);
      expect(JSON.stringify(declaredHostFirewalls(set)[0]!.firewall)).toBe(JSON.stringify(direct.firewall));
    }),
    { numRuns: 150, seed: 4 },
  );
});

/** What every HostFirewall does alike, whatever was there before. */
function isAlike({
  chain,
  protocol,
  state,
  icmpType,
  inInterface,
  outInterface,
  port,
  sourcePort,
}: Packet): boolean {
  const essential = [1, 2, 3, 4, 11, 12, 130, 132, 133, 134, 135, 136, 143].includes(icmpType ?? -1);
  const dhcp = protocol === 17 && [67, 68, 546, 547].some((one) => one === port || one === sourcePort);
  const local = inInterface === 'lo' || (chain === 'OUTPUT' && outInterface === 'lo');
  return state !== 'NEW' || local || essential || dhcp;
}

test('random scripts of iptables: what is said of every rule means the same', () => {
  let whole = 0;
  const outcomes = { allow: 0, deny: 0 };
  for (const commands of fc.sample(commandLists, { numRuns: 700, seed: 13 })) {
    const ruleset = rulesetOf(commands.join('\n'));
    if (importRuleset(ruleset).left.length > 0) continue;
    whole++;
    const now = again(ruleset);
    for (const packet of samples) {
      const { outcome } = judgePacket(ruleset, packet);
      if (outcome === 'unknown') continue;
      expect([judgePacket(now, packet).outcome, commands.join('\n'), packet]).toEqual([
        outcome,
        commands.join('\n'),
        packet,
      ]);
      outcomes[outcome]++;
    }
  }
  expect(whole).toBeGreaterThan(80);
  expect(Math.min(outcomes.allow, outcomes.deny)).toBeGreaterThan(1000);
});

const samples = ['198.51.100.1', '198.51.100.20', '203.0.113.9'].flatMap((source) =>
  ['eth0', 'wg0'].flatMap((inInterface) => {
    const common = {
      family: 4,
      chain: 'INPUT',
      state: 'NEW',
      local: false,
      inInterface,
      source: address(source),
    } as const;
    const of = { ...common, destination: address('192.0.2.1'), sourcePort: 40_000 };
    const flows = [22, 80, 7000, 7001, 7003, 9].flatMap((port) =>
      [6, 17].map((protocol): Packet => ({ ...of, protocol, port })),
    );
    return [
      ...flows,
      { ...common, destination: address('192.0.2.1'), protocol: 1, icmpType: 8, icmpCode: 0 },
    ];
  }),
);

test('random declarations come back as they were, of both versions and all directions', () => {
  let whole = 0;
  const property = fc.property(
    declarations,
    fc.array(packets, { minLength: 30, maxLength: 30 }),
    (spec, sent) => {
      const { ruleset } = rulesOf(compileHostFirewall(resolveHostFirewall(spec, siteHosts).firewall));
      if (importRuleset(ruleset).left.length > 0) return;
      whole++;
      const now = again(ruleset);
      for (const packet of sent) {
        if (isAlike(packet)) continue;
        expect([packet, judgePacket(now, packet).outcome]).toEqual([
          packet,
          judgePacket(ruleset, packet).outcome,
        ]);
      }
    },
  );
  fc.assert(property, { numRuns: 400, seed: 8, endOnFailure: true });
  expect(whole).toBeGreaterThan(40);
});
