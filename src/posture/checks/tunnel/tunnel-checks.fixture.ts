/** Keys of nobody. */
export const privateKey = 'yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=';
export const publicKeys = [
  'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=',
  'CNM1A+4n1MEwVdDO/sXnML5O8uQc1s/OQ0k27B58nUs=',
] as const;

/** A hub with two sites behind it, as it should be. */
export const hub = `[Interface]
PrivateKey = ${privateKey}
Address = 10.219.37.1/24
ListenPort = 51820
[Peer]
PublicKey = ${publicKeys[0]}
AllowedIPs = 10.219.37.2/32, 10.80.0.0/16
[Peer]
PublicKey = ${publicKeys[1]}
AllowedIPs = 10.219.37.3/32, 10.81.0.0/16
`;

/** A site that calls the hub, as it should be. */
export const spoke = `[Interface]
PrivateKey = ${privateKey}
Address = 10.219.37.2/24
ListenPort = 51820
[Peer]
PublicKey = ${publicKeys[1]}
AllowedIPs = 10.219.37.0/24
Endpoint = 203.0.113.10:51820
PersistentKeepalive = 25
`;

/** ConfigMap vpn/wg with these files, or Secret vpn/wg with them in base64: what a Secret holds is never shown. */
export function filesYaml(files: Readonly<Record<string, string>>, encoded = false): string {
  const lines = Object.entries(files).map(([name, text]) => {
    const written = encoded ? btoa(text) : text;
    return `  ${name}: |\n${written.replace(/^(?=.)/gm, '    ')}\n`;
  });
  return `---
apiVersion: v1
kind: ${encoded ? 'Secret' : 'ConfigMap'}
metadata: {name: wg, namespace: vpn}
data:
${lines.join('')}`;
}

/** What a workload that runs WireGuard has otherwise than a StatefulSet of one pod on the host's network. */
export interface Runner {
  readonly kind?: string;
  readonly image?: string;
  /** Fields of the workload's spec, the pod's spec and the container, a line each. */
  readonly workload?: string;
  readonly pod?: string;
  readonly container?: string;
  /** Where volume `wg` is mounted, in flow style. */
  readonly mount?: string;
}

/** A workload vpn/tunnel that mounts the ConfigMap or the Secret. */
export function runnerYaml(runner: Runner = {}, isSecret = false): string {
  const {
    kind = 'StatefulSet',
    image = 'registry.example.com/wg:1',
    mount = 'mountPath: /etc/wireguard',
  } = runner;
  const lines = (text: string | undefined, indent: number) =>
    (text ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => `${' '.repeat(indent)}${line}\n`)
      .join('');
  return `---
apiVersion: apps/v1
kind: ${kind}
metadata: {name: tunnel, namespace: vpn}
spec:
${lines(runner.workload, 2)}  selector: {matchLabels: {app: tunnel}}
  template:
    metadata: {labels: {app: tunnel}}
    spec:
${lines(runner.pod ?? 'hostNetwork: true', 6)}      containers:
      - name: main
        image: ${image}
${lines(runner.container, 8)}        volumeMounts:
        - name: wg
          ${mount.replaceAll(', ', '\n          ')}
      volumes:
      - name: wg
        ${isSecret ? 'secret:\n          secretName: wg' : 'configMap:\n          name: wg'}
`;
}

/** The object with one file wg0.conf, and its workload. */
export function tunnelYaml(config: string, runner: Runner = {}, encoded = false): string {
  return filesYaml({ 'wg0.conf': config }, encoded) + runnerYaml(runner, encoded);
}
