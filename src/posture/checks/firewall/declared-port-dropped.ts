import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { filterOf } from '../../../firewall/analysis/filtering.ts';
import { workloadName } from '../../../segmentation/model.ts';
import { familyOf } from '../../firewall-subjects.ts';
import { readFirewalls } from '../../firewalls.ts';
import { runsOn } from '../../machine-firewall.ts';
import { readTunnels, type Tunnel } from '../../tunnels.ts';
import type { Check } from '../definition.ts';

/** A host firewall that closes a port on which another object of the same manifests listens on the host. */
export const declaredPortDropped: Check = {
  code: 'PKT1204',
  title: 'Firewall closes a declared port',
  class: 'provable',
  severity: 'error',
  since: '0.2.0',
  doc: `The same manifests put a WireGuard tunnel, or a container with a declared port, onto the host's network of machines on
which this firewall runs, and the firewall drops every new connection to its port. Each object is right by itself; together
they do not work.

A tunnel whose peers all have an Endpoint and a PersistentKeepalive is left out: it comes up from this side.

Accept the port before the rule that drops, from those who need it.`,
  example: {
    bad: 'iptables -A INPUT -j DROP\n---\n[Interface]\nListenPort = 51820',
    good: 'iptables -A INPUT -p udp --dport 51820 -j ACCEPT\niptables -A INPUT -j DROP',
  },
  run(declared) {
    const { controls } = declared;
    return readFirewalls(controls).flatMap((firewall) => {
      const filter = filterOf(firewall.ruleset, familyOf(declared));
      if (filter === undefined || runsOn(firewall.workload, undefined) !== true) return [];
      const span = firewall.span(filter.at);
      const tunnels = readTunnels(controls).flatMap((tunnel) => {
        const port = tunnel.config.interface?.listenPort;
        if (!tunnel.onHost || port === undefined || callsOut(tunnel)) return [];
        if (filter.udp.possible.contains(port.value)) return [];
        return [
          diagnose(declaredPortDropped, {
            message: `UDP ${port.value} is closed: no peer can open ${tunnel.name}, which listens there on the same machines`,
            span,
            related: [{ span: tunnel.span(port.at), message: 'listens here' }],
            help: `accept it before this rule: \`-p udp --dport ${port.value} -j ACCEPT\` (nft: \`udp dport ${port.value} accept\`)`,
          }),
        ];
      });
      const ports = controls.containers.flatMap(({ pod, ports, workload, name }) => {
        if (!pod.hostNetwork) return [];
        return ports.flatMap(({ value: { containerPort, protocol }, span: at }) => {
          if (protocol !== 'TCP' && protocol !== 'UDP') return [];
          const { possible } = protocol === 'TCP' ? filter.tcp : filter.udp;
          if (possible.contains(containerPort)) return [];
          return [
            diagnose(declaredPortDropped, {
              message: `${protocol} ${containerPort} is closed: nobody reaches container ${name} of ${workloadName(workload)}, which is on the host's network`,
              severity: 'warning',
              span,
              related: [{ span: at, message: 'listens here' }],
              help: `accept it before this rule, from those who need it: \`-s NETWORK -p ${protocol.toLowerCase()} --dport ${containerPort} -j ACCEPT\` (nft: \`ip saddr NETWORK ${protocol.toLowerCase()} dport ${containerPort} accept\`), or bind it to 127.0.0.1 and leave the port out`,
            }),
          ];
        });
      });
      return [...tunnels, ...ports];
    });
  },
};

/** Whether this side opens the tunnel to every peer and keeps it open. */
function callsOut({ config: { peers } }: Tunnel): boolean {
  return (
    peers.length > 0 &&
    peers.every(
      ({ endpoint, persistentKeepalive }) => endpoint !== undefined && (persistentKeepalive?.value ?? 0) > 0,
    )
  );
}
