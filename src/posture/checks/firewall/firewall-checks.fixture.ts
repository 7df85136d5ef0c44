/** How a firewall DaemonSet differs from one on the host's network with an image that has all programs. */
export interface FirewallYaml {
  readonly image?: string;
  /** More of the pod's spec, as lines without indentation. */
  readonly pod?: readonly string[];
}

/** A DaemonSet whose container runs the lines as a script. */
export function firewallYaml(
  script: readonly string[],
  { image = 'example.test/tools:1', pod = [] }: FirewallYaml = {},
) {
  const indented = (lines: readonly string[], by: number) =>
    lines.map((line) => `${' '.repeat(by)}${line}\n`).join('');
  return `---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: firewall, namespace: security}
spec:
  selector: {matchLabels: {app: firewall}}
  template:
    metadata: {labels: {app: firewall}}
    spec:
      hostNetwork: true
${indented(pod, 6)}      containers:
      - name: firewall
        image: ${image}
        command:
        - sh
        - -c
        - |
${indented(script, 10)}`;
}

export const established = 'iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT';
export const ssh = 'iptables -A INPUT -p tcp --dport 22 -j ACCEPT';
export const drop = 'iptables -A INPUT -j DROP';
/** The last line of a script that does not end. */
export const wait = 'while :; do sleep 3600 & wait $!; done';
/** A table of nft, handed over as a whole. */
export function nftLines(...rules: string[]): string[] {
  return [
    "nft -f - <<'RULES'",
    'table inet edge',
    'delete table inet edge',
    'table inet edge {',
    '  chain input {',
    '    type filter hook input priority filter; policy drop;',
    ...rules.map((rule) => `    ${rule}`),
    '  }',
    '}',
    'RULES',
  ];
}
