import { blocks, type Dice } from '../../segmentation/generate.oracle.ts';

/** Rules of which packet filters of machines are made, in the order in which they stand in a script. */
const rules = [
  'iptables -N OFFICE',
  'iptables -A OFFICE -s 203.0.113.0/24 -j RETURN',
  'iptables -A OFFICE -p tcp --dport 300 -j DROP',
  'iptables -A INPUT -i lo -j ACCEPT',
  'iptables -A INPUT -i wg0 -j ACCEPT',
  'iptables -A INPUT -m addrtype --src-type LOCAL -j ACCEPT',
  'iptables -A INPUT -p tcp --dport 300 -j OFFICE',
  'iptables -A INPUT -s 10.0.0.0/8 -j ACCEPT',
  'iptables -A INPUT -p tcp --dport 80:81 -j ACCEPT',
  'iptables -A INPUT -p udp ! --dport 53 -j DROP',
  'iptables -A INPUT -m recent --name x --rcheck -p tcp --dport 443 -j ACCEPT',
  'iptables -A INPUT -m addrtype --dst-type MULTICAST -j DROP',
  'iptables -A INPUT -d 192.0.2.1 -p sctp -j DROP',
  'iptables -A INPUT -j DROP',
  'iptables -A OUTPUT -d 203.0.113.0/24 -p tcp -j REJECT',
  'iptables -A OUTPUT -s 192.0.2.2 -p udp --dport 53 -j DROP',
  'iptables -P FORWARD DROP',
  'iptables -A FORWARD ! -s 10.1.0.0/30 -p tcp --dport 82 -j DROP',
  'iptables -A FORWARD -s 10.1.0.0/16 -j ACCEPT',
  'iptables -A FORWARD -p tcp --dport 8080 -j DROP',
  'ip6tables -A INPUT -p tcp --dport 443 -j DROP',
  'ip6tables -A FORWARD -s 2001:db8::/32 -p udp -j DROP',
];

const nft = `nft add table inet edge
nft add chain inet edge in '{ type filter hook input priority 0; policy drop; }'
nft add rule inet edge in tcp dport '{ 80, 8080 }' accept
nft add rule inet edge in ip saddr 198.51.100.0/24 accept
nft add rule inet edge in ip6 saddr 2001:db8:9::/48 udp dport 53 accept`;

/**
 * Returns what the machines of a generated cluster may say, as YAML documents: packet filters on all machines, on some or
 * on one, at times two beside each other, and a tunnel to some of the addresses.
 */
export function machinesYaml(dice: Dice): string {
  const firewalls = dice.chance(0.3) ? ['fw', 'second'] : ['fw'];
  return (
    firewalls.map((name) => firewallYaml(dice, name)).join('') + (dice.chance(0.5) ? tunnelYaml(dice) : '')
  );
}

function firewallYaml(dice: Dice, name: string): string {
  const script = dice.chance(0.2) ? nft : rules.filter(() => dice.chance(0.4)).join('\n');
  const container = `{name: main, command: [sh, -c, ${JSON.stringify(script)}], volumeMounts: [{name: wg, mountPath: /etc/wireguard}]}`;
  const volumes = 'volumes: [{name: wg, secret: {secretName: wg}}]';
  if (dice.chance(0.2)) {
    return `---
apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: security}
spec:
  nodeName: n1
  hostNetwork: true
  containers:
  - ${container}
  ${volumes}
`;
  }
  const nodeSelector = dice.chance(0.3) ? '      nodeSelector: {zone: a}\n' : '';
  return `---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: ${name}, namespace: security}
spec:
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
${nodeSelector}      hostNetwork: true
      containers:
      - ${container}
      ${volumes}
`;
}

function tunnelYaml(dice: Dice): string {
  const config = [
    '[Interface]',
    `PrivateKey = ${'A'.repeat(42)}E=`,
    dice.chance(0.5) ? 'ListenPort = 51820' : '',
    '[Peer]',
    `PublicKey = ${'B'.repeat(42)}E=`,
    `AllowedIPs = ${dice.pick(blocks)}`,
  ];
  return `---
apiVersion: v1
kind: Secret
metadata: {name: wg, namespace: security}
stringData: {wg0.conf: ${JSON.stringify(config.join('\n'))}}
`;
}
