import { type Diagnostic, diagnose } from '../../../diagnostic/diagnostic.ts';
import { type Workload, workloadName } from '../../../segmentation/model.ts';
import { fieldAt } from '../../../segmentation/values.ts';
import type { Check } from '../definition.ts';
import { type ServiceTarget, serviceTargets } from './targets.ts';

/** A Service as the target of a scrape: one of its pods answers. */
export const oneReplicaScraped: Check = {
  code: 'PKT1301',
  title: 'Scrape of one replica at random',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `A static target that names a Service is one target for Prometheus, and each scrape is one connection, which reaches any one
of the pods behind it. Series of different pods, or nodes, become one, counters jump back and forth, and rates are made up.

Have Prometheus find the pods: \`kubernetes_sd_configs\` with \`role: pod\` or \`endpointslice\`, or with the Operator a PodMonitor.`,
  example: {
    bad: "static_configs:\n- targets: ['node-exporter:9100']   # a DaemonSet",
    good: 'kubernetes_sd_configs:\n- role: pod\n  namespaces: {names: [monitoring]}\nrelabel_configs:\n- {source_labels: [__meta_kubernetes_pod_label_app], regex: node-exporter, action: keep}',
  },
  run(declared) {
    return serviceTargets(declared).flatMap((one) => finding(one) ?? []);
  },
};

function finding({ target, name, namespace, service }: ServiceTarget): Diagnostic | undefined {
  const workloads = service?.backends ?? [];
  const many = workloads.find(hasMany);
  // Nothing is known of what stands behind it, or what is known is one pod.
  const isUnknown = service === undefined || service.backends === undefined;
  if (many === undefined && !isUnknown && workloads.length < 2) return undefined;
  const help = `use \`kubernetes_sd_configs: [{role: pod, namespaces: {names: [${namespace}]}}]\` and keep the pods of ${name}`;
  if (many === undefined && workloads.length < 2) {
    return diagnose(oneReplicaScraped, {
      severity: 'note',
      message: `if several pods stand behind ${name}, each scrape reaches one of them at random: their series become one`,
      span: target.span,
      help,
    });
  }
  const what = many ? `the pods of ${many.kind} ${workloadName(many)}` : `${workloads.length} workloads`;
  return diagnose(oneReplicaScraped, {
    message: `each scrape reaches one of ${what} at random: their series become one`,
    span: target.span,
    help,
  });
}

function hasMany({ kind, source }: Workload): boolean {
  if (kind === 'DaemonSet') return true;
  const replicas = fieldAt(source.value, 'spec', 'replicas');
  return typeof replicas === 'number' && replicas > 1;
}
