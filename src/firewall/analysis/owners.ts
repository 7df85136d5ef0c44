import type { Chain, Rule, Ruleset, Table } from '../ruleset.ts';

/** A program that keeps rules of its own in the packet filters of machines. */
export interface FirewallOwner {
  readonly name: string;
  /** `cluster`: of a Kubernetes node; `containers`: of an engine without one; `host`: it filters what the machine itself gets. */
  readonly kind: 'cluster' | 'containers' | 'host' | 'tunnel';
  /** What comes of changing its chains, as a clause. */
  readonly whenTouched: string;
  readonly chains?: RegExp;
  /** Tables of nft. */
  readonly tables?: RegExp;
}

const owner = (
  name: string,
  kind: FirewallOwner['kind'],
  { chains, tables }: { readonly chains?: RegExp; readonly tables?: RegExp },
  whenTouched: string,
): FirewallOwner => ({ name, kind, whenTouched, ...(chains && { chains }), ...(tables && { tables }) });

/** Names that the programs give (their documentation and source); the first that fits counts. */
export const firewallOwners: readonly FirewallOwner[] = [
  owner(
    'Picket',
    'host',
    { tables: /^picket$/ },
    'picket plan shows the difference, and picket apply takes it back',
  ),
  owner(
    'Docker (for you)',
    'containers',
    { chains: /^DOCKER-USER$/ },
    'this chain is meant for your own rules: Docker never changes it',
  ),
  owner(
    'Docker',
    'containers',
    { chains: /^DOCKER(?:$|-)/, tables: /^docker-bridges$/ },
    'published ports and networks of containers stop until Docker is restarted',
  ),
  owner(
    'kube-router',
    'cluster',
    { chains: /^KUBE-(?:ROUTER-|POD-FW-|NWPLCY-)/ },
    'NetworkPolicies are not enforced until its next sync, and pods may lose the network',
  ),
  owner(
    'OVN-Kubernetes',
    'cluster',
    { chains: /^OVN-KUBE-/, tables: /^ovn-kubernetes$/ },
    'node ports and external addresses stop until its next sync',
  ),
  owner(
    'kube-proxy',
    'cluster',
    { chains: /^KUBE-/, tables: /^kube-proxy$/ },
    'Services cannot be reached until its next full sync, which may take an hour',
  ),
  owner(
    'Calico',
    'cluster',
    { chains: /^cali-/, tables: /^calico$/ },
    'policies and the network of pods stop until Felix writes its chains again (90 s)',
  ),
  owner(
    'Cilium',
    'cluster',
    { chains: /^(?:OLD_)?CILIUM_/ },
    'masquerading and proxied policies stop until the agent restarts',
  ),
  owner(
    'Flannel',
    'cluster',
    { chains: /^FLANNEL-/, tables: /^flannel-ipv[46]$/ },
    'pods lose the way out until its next sync',
  ),
  owner(
    'CNI portmap',
    'cluster',
    { chains: /^CNI-(?:HOSTPORT-|DN-|SN-|SetMark)/, tables: /^cni_hostport$/ },
    'host ports of pods are not set again until each pod is started anew',
  ),
  owner(
    'CNI plugins',
    'cluster',
    { chains: /^CNI-/, tables: /^cni_plugins_/ },
    'pods lose the way out, and nothing sets it again until each pod is started anew',
  ),
  owner('Weave', 'cluster', { chains: /^WEAVE(?:$|-)/ }, 'pods lose the network until Weave restarts'),
  owner('Antrea', 'cluster', { chains: /^ANTREA-/ }, 'pods lose the way out until its next sync'),
  owner('AWS VPC CNI', 'cluster', { chains: /^AWS-/ }, 'pods lose the way out until aws-node restarts'),
  owner(
    'Istio',
    'cluster',
    { chains: /^ISTIO_/, tables: /^istio-/ },
    'what pods send and get goes past their proxies until each pod is started anew',
  ),
  owner(
    'podman (netavark)',
    'containers',
    { chains: /^NETAVARK[-_]/, tables: /^netavark$/ },
    'published ports and networks of containers stop until `podman network reload --all`',
  ),
  owner(
    'libvirt',
    'containers',
    { chains: /^LIBVIRT_/, tables: /^libvirt_network$/ },
    'virtual machines lose the network until libvirtd restarts',
  ),
  owner(
    'LXD or Incus',
    'containers',
    { tables: /^(?:lxd|incus)$/ },
    'instances lose the network until its daemon restarts',
  ),
  owner(
    'OpenStack Neutron',
    'containers',
    { chains: /^neutron-/ },
    'its agent writes its chains again at once',
  ),
  owner(
    'OpenStack Nova',
    'containers',
    { chains: /^nova-/ },
    'instances may lose the network until its service restarts',
  ),
  owner('ufw', 'host', { chains: /^ufw6?-/ }, '`ufw reload` writes its chains again: say it with ufw'),
  owner(
    'firewalld',
    'host',
    {
      tables: /^firewalld$/,
      chains:
        /^(?:(?:INPUT|FORWARD|OUTPUT|PREROUTING|POSTROUTING)_(?:direct|ZONES|IN_ZONES|OUT_ZONES|POLICIES)|(?:IN|FWDI|FWDO|PRE|POST)_[a-z])/,
    },
    '`firewall-cmd --reload` writes its tables again: say it with firewall-cmd',
  ),
  owner(
    'fail2ban',
    'host',
    { chains: /^(?:f2b|fail2ban)-/, tables: /^f2b-table$/ },
    'what it has banned is let in again until fail2ban restarts',
  ),
  owner(
    'CrowdSec',
    'host',
    { chains: /^CROWDSEC/i, tables: /^crowdsec6?(?:-chain)?$/ },
    'what it has banned is let in again until its bouncer restarts',
  ),
  owner(
    'sshguard',
    'host',
    { chains: /^sshguard$/, tables: /^sshguard$/ },
    'what it has banned is let in again until it restarts',
  ),
  owner(
    'Tailscale',
    'tunnel',
    { chains: /^ts-(?:input|forward|postrouting)$/ },
    'the tailnet is cut off until tailscaled restarts',
  ),
  owner(
    'wg-quick',
    'tunnel',
    { tables: /^wg-quick-/ },
    'packets for the addresses of the tunnel may come in beside it until it is brought up again',
  ),
];

const known = new WeakMap<Table, Map<string, FirewallOwner | undefined>>();

/** Returns the program to which a chain belongs, going by its name and that of its table; undefined when none is known. */
export function ownerOfChain(table: Table, chainName: string): FirewallOwner | undefined {
  const found = known.get(table) ?? new Map<string, FirewallOwner | undefined>();
  known.set(table, found);
  if (!found.has(chainName)) {
    found.set(
      chainName,
      firewallOwners.find(
        ({ chains, tables }) =>
          chains?.test(chainName) || (table.backend === 'nft' && tables?.test(table.name)),
      ),
    );
  }
  return found.get(chainName);
}

/** Returns the program to which a rule belongs: that of its chain, or of the chain that it leads to. */
export function ownerOfRule(table: Table, chain: Chain, { target }: Rule): FirewallOwner | undefined {
  const own = ownerOfChain(table, chain.name);
  if (own !== undefined) return own;
  const leads = target.effect === 'jump' || target.effect === 'goto';
  return leads ? ownerOfChain(table, target.name) : undefined;
}

/** Returns the programs that have chains in a ruleset, in the order of {@link firewallOwners}. */
export function ownersIn({ tables }: Ruleset): FirewallOwner[] {
  const found = new Set<FirewallOwner>();
  for (const table of tables) {
    for (const name of table.chains.keys()) {
      const one = ownerOfChain(table, name);
      if (one !== undefined) found.add(one);
    }
  }
  return firewallOwners.filter((one) => found.has(one));
}
