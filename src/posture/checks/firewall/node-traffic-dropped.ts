import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { Family } from '../../../net/address.ts';
import { PortSet } from '../../../net/port-set.ts';
import { Protocol } from '../../../net/protocol.ts';
import { type NodePortFact, nodePorts } from '../../../product/well-known-ports.ts';
import { readFirewalls } from '../../firewalls.ts';
import type { HostFirewall } from '../../host-firewall.ts';
import type { Check } from '../definition.ts';
import { dropPlace, type Filter, familyOf, filterOf, judge, usesNft } from './filtering.ts';

const kubelet = 10_250;

/** A host firewall that cuts the node off from what it lives on. */
export const nodeTrafficDropped: Check = {
  code: 'PKT1203',
  title: 'Firewall that cuts its node off',
  class: 'product',
  severity: 'error',
  since: '0.2.0',
  doc: `The firewall drops what it does not name, and it does not name what every node of a cluster needs: the kubelet's port
(logs, exec, metrics), etcd between control-plane nodes, and, where they are used, the overlay or routing protocol of the
network plugin, node-local DNS, ingress controllers on the host's network, exporters, and the renewal of a DHCP lease. A
machine at a remote site that loses its address may be lost until someone drives there.

Ports of Services on nodes (NodePort, hostPort) are rewritten before INPUT and go through FORWARD, except with IPVS. ICMP
errors such as "fragmentation needed" are RELATED: they pass only where RELATED is accepted; if they do not, large
transfers stall. IPv6 does not work at all without neighbour discovery (RFC 4890 §4.4.1).

Accept these from the networks that need them, before the rule that drops, and try the rules with a timer that takes them
back.`,
  example: {
    bad: 'iptables -A INPUT -p tcp --dport 22 -j ACCEPT\niptables -A INPUT -j DROP',
    good: 'iptables -A INPUT -s 198.51.100.0/24 -p tcp -m multiport --dports 6443,10250,2379:2380 -j ACCEPT\niptables -A INPUT -s 198.51.100.0/24 -p udp -m multiport --dports 8472,4789 -j ACCEPT\niptables -A INPUT -p udp --dport 68 -j ACCEPT\niptables -A INPUT -p icmp -j ACCEPT\niptables -A INPUT -j DROP',
  },
  run(declared) {
    const family = familyOf(declared);
    return readFirewalls(declared.controls).flatMap((firewall) => {
      const filter = filterOf(firewall, family);
      if (filter === undefined) return [];
      const messages = icmpDropped(firewall, family);
      const vital = messages.filter(({ vital }) => vital);
      const isCut = !filter.tcp.possible.contains(kubelet);
      if (!isCut && vital.length === 0) return [];
      const always = isCut ? [...listed(filter, (fact) => fact.on !== 'depends' && !isNodePort(fact))] : [];
      const needs = [...always, ...vital.map(({ text }) => text)];
      const others = isCut
        ? [...listed(filter, (fact) => fact.on === 'depends'), ...listed(filter, isNodePort)]
        : [];
      const more = [
        ...others,
        ...(isCut ? messages.filter(({ vital }) => !vital).map(({ text }) => text) : []),
      ];
      const used = more.length === 0 ? '' : `; where used also ${more.join(', ')}`;
      return [
        diagnose(nodeTrafficDropped, {
          message: `what the node itself needs is dropped: ${needs.join(', ')}${used}`,
          span: firewall.span(filter.at),
          help: usesNft(firewall)
            ? 'accept before it what is used, from the networks that need it: `ip saddr NODES tcp dport { 10250, 2379-2380 } accept`, `ip saddr NODES udp dport { 8472, 4789 } accept`, `udp dport { 68, 546 } accept`, `meta l4proto { icmp, ipv6-icmp } accept`'
            : 'accept before it what is used, from the networks that need it: `-s NODES -p tcp -m multiport --dports 10250,2379:2380 -j ACCEPT`, `-s NODES -p udp -m multiport --dports 8472,4789 -j ACCEPT`, `-p udp --dport 68 -j ACCEPT`, `-p icmp -j ACCEPT`',
        }),
      ];
    });
  },
};

function isNodePort({ service }: NodePortFact): boolean {
  return service.startsWith('NodePort');
}

/** What is cut of the facts that are asked for, by service: `kubelet TCP 10250`. */
function listed(filter: Filter, wanted: (fact: NodePortFact) => boolean): string[] {
  const byService = new Map<string, string[]>();
  for (const fact of nodePorts.filter(wanted)) {
    const { possible } = fact.protocol === 'TCP' ? filter.tcp : filter.udp;
    if (possible.overlaps(PortSet.range(fact.first, fact.last))) continue;
    const ports = fact.first === fact.last ? `${fact.first}` : `${fact.first}-${fact.last}`;
    const said = byService.get(fact.service) ?? [];
    const same = said.findIndex((text) => text.endsWith(` ${ports}`));
    if (same < 0) said.push(`${fact.protocol} ${ports}`);
    else said[same] = `TCP and UDP ${ports}`;
    byService.set(fact.service, said);
  }
  return [...byService].map(
    ([service, ports]) => `${service}${service.startsWith('NodePort') ? ' (IPVS)' : ''} ${ports.join(' ')}`,
  );
}

/** Messages of ICMP that are dropped; vital ones stop more than a check of whether the machine is there. */
function icmpDropped(
  firewall: HostFirewall,
  family: Family,
): { readonly text: string; readonly vital: boolean }[] {
  const protocol = family === 4 ? Protocol.Icmp : Protocol.Icmpv6;
  const drops = (icmpType: number, state: 'NEW' | 'RELATED' | 'UNTRACKED', icmpCode = 0) =>
    dropPlace(judge(firewall, { family, protocol, icmpType, icmpCode, state })) !== undefined;
  const found: { text: string; vital: boolean }[] = [];
  const tooBig = family === 4 ? drops(3, 'RELATED', 4) : drops(2, 'RELATED');
  if (tooBig) {
    const name = family === 4 ? 'ICMP fragmentation-needed' : 'ICMPv6 packet-too-big';
    found.push({ text: `${name} (large transfers stall)`, vital: true });
  }
  // Connection tracking leaves neighbour discovery untracked (linux/nf_conntrack_proto_icmpv6.c).
  if (family === 6 && (drops(135, 'UNTRACKED') || drops(136, 'UNTRACKED')))
    found.push({ text: 'IPv6 neighbour discovery (no IPv6 at all)', vital: true });
  if (drops(family === 4 ? 8 : 128, 'NEW')) found.push({ text: 'ping', vital: false });
  return found;
}
