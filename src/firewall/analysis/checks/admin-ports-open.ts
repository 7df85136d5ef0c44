import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { Range } from '../../../manifest/locations.ts';
import { Protocol } from '../../../net/protocol.ts';
import type { FirewallCheck } from '../definition.ts';
import { filterOf, judge, usesNft } from '../filtering.ts';
import type { PortNeed } from '../needs.ts';

/** A rule that opens ports, and what listens there. */
interface OpenRule {
  readonly at: Range;
  readonly services: string[];
}

/** A filter that accepts administration and the control plane from every address. */
export const adminPortsOpen: FirewallCheck = {
  code: 'PKT1210',
  title: 'Administration open to every address',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `The firewall drops what it does not name, and names SSH, the API server, the kubelet or etcd without saying from where: these
are the ports that attackers look for first. A DaemonSet sets the same rules on every machine, so that the API server's port
is open on workers too, where nothing of the cluster listens and anything else may.

Accept them from the networks that use them: administrators for SSH and the API server, nodes for the rest.`,
  example: {
    bad: 'iptables -A INPUT -p tcp --dport 22 -j ACCEPT',
    good: 'iptables -A INPUT -s 203.0.113.0/28 -p tcp --dport 22 -j ACCEPT',
  },
  run(firewall) {
    const { family, needs, isEveryNode, isClusterNode } = firewall.machine;
    const filter = filterOf(firewall.ruleset, family);
    if (filter === undefined) return [];
    const open = needs.filter((fact) => isAdministrative(fact) && filter.tcp.certain.contains(fact.first));
    const rules = new Map<number, OpenRule>();
    for (const { service, first } of open) {
      const rule = judge(firewall.ruleset, { family, protocol: Protocol.Tcp, port: first }).step?.rule;
      if (rule === undefined) continue;
      const one: OpenRule = rules.get(rule.at.start) ?? { at: rule.at, services: [] };
      one.services.push(`${service} (TCP ${first})`);
      rules.set(rule.at.start, one);
    }
    const [first, ...others] = rules.values();
    if (first === undefined) return [];
    const names = [first, ...others].flatMap(({ services }) => services);
    const workers =
      isEveryNode && open.some(({ on }) => on === 'control plane')
        ? ', workers too, where no control plane listens'
        : '';
    return [
      diagnose(adminPortsOpen, {
        message: `every address may reach ${names.join(', ')}${isEveryNode ? ' on every machine' : ''}${workers}`,
        // On a machine by itself many mean it so.
        ...(!isClusterNode && open.every(({ service }) => service === 'SSH') && { severity: 'note' }),
        span: firewall.span(first.at),
        related: others.map(({ at, services }) => ({
          span: firewall.span(at),
          message: `${services.join(', ')} from anywhere`,
        })),
        help: usesNft(firewall.ruleset)
          ? 'say from where: `ip saddr 203.0.113.0/28 tcp dport 22 accept`, with the network of your administrators'
          : 'say from where: `-s 203.0.113.0/28 -p tcp --dport 22 -j ACCEPT`, with the network of your administrators',
      }),
    ];
  },
};

function isAdministrative({ protocol, on, from, service }: PortNeed): boolean {
  return protocol === 'TCP' && (service === 'SSH' || (on !== 'depends' && from !== 'anyone'));
}
