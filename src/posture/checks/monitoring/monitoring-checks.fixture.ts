/** ConfigMap `monitoring/prometheus` with one job; `job` and `top` are lines of the job and of the file. */
export function prometheusYaml(job: string, top = ''): string {
  const lines = (text: string, indent: string) =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => `${indent}${line}\n`)
      .join('');
  return `---
apiVersion: v1
kind: ConfigMap
metadata: {name: prometheus, namespace: monitoring}
data:
  prometheus.yml: |
${lines(top, '    ')}    scrape_configs:
    - job_name: web
${lines(job, '      ')}`;
}

/** A job with static targets. */
export function targetsText(...targets: readonly string[]): string {
  return `static_configs:\n- targets: [${targets.map((target) => `'${target}'`).join(', ')}]\n`;
}

/** Service `exporter` and what stands behind it, in namespace monitoring. */
export function exporterYaml(kind: string, spec = '', annotations = ''): string {
  return `---
apiVersion: v1
kind: Service
metadata: {name: exporter, namespace: monitoring}
spec: {selector: {app: exporter}, ports: [{port: 9100}]}
---
apiVersion: apps/v1
kind: ${kind}
metadata: {name: exporter, namespace: monitoring}
spec:
  selector: {matchLabels: {app: exporter}}${spec && `\n  ${spec}`}
  template:
    metadata: {labels: {app: exporter}, annotations: {${annotations}}}
    spec: {containers: [{name: main, image: example.test/exporter}]}
`;
}
