import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { PortSet } from '../../../net/port-set.ts';
import type { Ruleset } from '../../ruleset.ts';
import type { FirewallCheck } from '../definition.ts';
import { type Filter, filterOf, usesNft } from '../filtering.ts';
import { droppedIcmp, icmpText } from '../icmp.ts';
import type { PortNeed } from '../needs.ts';

const kubelet = 10_250;

/** A host firewall that cuts the node off from what it lives on. */
export const nodeTrafficDropped: FirewallCheck = {
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
  run(firewall) {
    const { family, isClusterNode, needs: ports } = firewall.machine;
    const filter = filterOf(firewall.ruleset, family);
    if (filter === undefined) return [];
    const isCut = isClusterNode && !filter.tcp.possible.contains(kubelet);
    const messages = droppedIcmp(firewall.ruleset, 4);
    const vital = messages.filter((one) => one.isVital).map(icmpText);
    if (!isCut && vital.length === 0) return [];
    const list = (wanted: (need: PortNeed) => boolean) => (isCut ? listed(filter, ports.filter(wanted)) : []);
    const needs = [...list((need) => need.on !== 'depends' && !isNodePort(need)), ...vital];
    const more = [
      ...list((need) => need.on === 'depends'),
      ...list(isNodePort),
      ...(isCut ? messages.filter((one) => !one.isVital).map(icmpText) : []),
    ];
    const span = firewall.span(filter.at);
    const used = [{ span, message: `dropped too, should they be used here: ${more.join(', ')}` }];
    return [
      diagnose(nodeTrafficDropped, {
        message: `what the ${isCut ? 'node' : 'machine'} itself needs is dropped: ${needs.join(', ')}`,
        ...(!isCut && { severity: 'warning' }),
        span,
        ...(more.length > 0 && { related: used }),
        help: isCut ? helpForNode(firewall.ruleset) : helpForIcmp(firewall.ruleset),
      }),
    ];
  },
};

function helpForNode(ruleset: Ruleset): string {
  return usesNft(ruleset)
    ? 'accept before it what is used, from the networks that need it: `ip saddr NODES tcp dport { 10250, 2379-2380 } accept`, `ip saddr NODES udp dport { 8472, 4789 } accept`, `udp dport { 68, 546 } accept`, `meta l4proto { icmp, ipv6-icmp } accept`'
    : 'accept before it what is used, from the networks that need it: `-s NODES -p tcp -m multiport --dports 10250,2379:2380 -j ACCEPT`, `-s NODES -p udp -m multiport --dports 8472,4789 -j ACCEPT`, `-p udp --dport 68 -j ACCEPT`, `-p icmp -j ACCEPT`';
}

function helpForIcmp(ruleset: Ruleset): string {
  return usesNft(ruleset)
    ? 'accept before it what belongs to connections, errors included: `ct state established,related accept`'
    : 'accept before it what belongs to connections, errors included: `-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT`';
}

function isNodePort({ service }: PortNeed): boolean {
  return service.startsWith('NodePort');
}

/** What is cut of the needs, by service: `kubelet TCP 10250`. */
function listed(filter: Filter, needs: readonly PortNeed[]): string[] {
  const byService = new Map<string, string[]>();
  for (const fact of needs) {
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
