/** ConfigMap `security/falco-config` with a `falco.yaml` and other keys, each as lines. */
export function falcoYaml(config: string, others: Readonly<Record<string, string>> = {}): string {
  const keys = Object.entries({ 'falco.yaml': config, ...others }).map(([name, text]) => {
    const lines = text.split('\n').filter((line) => line !== '');
    return `  ${name}: |\n${lines.map((line) => `    ${line}\n`).join('')}`;
  });
  return `---
apiVersion: v1
kind: ConfigMap
metadata:
  name: falco-config
  namespace: security
data:
${keys.join('')}`;
}

/** A DaemonSet `security/falco` that mounts this ConfigMap; `mount` is a flow mapping's content. */
export function falcoPods(
  mount = 'mountPath: /etc/edge-falco',
  tag = '0.44.0',
  args = '-c, /etc/edge-falco/falco.yaml',
): string {
  return `---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: falco, namespace: security}
spec:
  selector: {matchLabels: {app: falco}}
  template:
    metadata: {labels: {app: falco}}
    spec:
      containers:
      - name: falco
        image: falcosecurity/falco:${tag}
        args: [/usr/bin/falco, ${args}]
        volumeMounts:
        - {name: config, ${mount}}
      volumes:
      - {name: config, configMap: {name: falco-config}}
`;
}

/** A rule as lines; `more` are further keys of it. */
export function ruleText(condition: string, more = ''): string {
  return `- rule: Tool\n  desc: Detect unusual network connections\n  condition: ${condition}\n  output: Tool (command=%proc.cmdline)\n  priority: WARNING\n${more}`;
}

/** The list of rules files that Falco comes with. */
export const shippedList = `rules_files:
  - /etc/falco/falco_rules.yaml
  - /etc/falco/falco_rules.local.yaml
  - /etc/falco/rules.d
`;
