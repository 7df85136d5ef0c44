import { type Diagnostic, diagnose } from '../../../diagnostic/diagnostic.ts';
import { membershipOf } from '../../../segmentation/mesh/membership.ts';
import type { Workload } from '../../../segmentation/model.ts';
import type { ScrapeJob } from '../../controls/prometheus.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { serviceTargets } from './targets.ts';

/** Metrics without encryption, for whoever asks. */
export const scrapeInClear: Check = {
  code: 'PKT1302',
  title: 'Metrics in clear text for anyone',
  class: 'environment',
  severity: 'note',
  since: '0.2.0',
  doc: `Prometheus fetches the metrics over plain HTTP. Without authentication, whoever reaches the port can read them, and metrics
of a network tell who talks to whom. With authentication over plain HTTP, the password or token crosses the network as it is.

Pods that a NetworkPolicy isolates for ingress, or that are in the mesh, are not reported. Otherwise: \`scheme: https\` with
\`tls_config\` and \`authorization\` (exporters of Prometheus take \`--web.config.file\`), a NetworkPolicy that admits Prometheus
alone, or the mesh.`,
  example: {
    bad: "static_configs:\n- targets: ['flow-exporter:9419']",
    good: "scheme: https\ntls_config: {ca_file: /etc/prometheus/ca.crt}\nauthorization: {credentials_file: /etc/prometheus/token}\nstatic_configs:\n- targets: ['flow-exporter:9419']",
  },
  run(declared) {
    const open = serviceTargets(declared).filter(
      ({ job, service }) =>
        job.scheme?.value !== 'https' &&
        !(service?.backends?.length && service.backends.every((workload) => isGuarded(workload, declared))),
    );
    return [...Map.groupBy(open, ({ job }) => job)].map(([job, targets]) =>
      finding(
        job,
        targets.map(({ target }) => target.value.text),
        targets[0]?.target.span ?? job.span,
        targets.every(({ service }) => service?.backends?.length),
      ),
    );
  },
};

/** Whether not everyone can reach its pods in clear text. */
function isGuarded(workload: Workload, { segmentation }: Declared): boolean {
  return (
    ['sidecar', 'ambient'].includes(membershipOf(workload).mode) ||
    segmentation.plan('ingress', workload.index).policies.length > 0
  );
}

function finding(
  job: ScrapeJob,
  targets: readonly string[],
  span: ScrapeJob['span'],
  areDeclared: boolean,
): Diagnostic {
  const what = targets.length === 1 ? targets[0] : `${targets.length} targets`;
  if (job.hasAuthentication) {
    return diagnose(scrapeInClear, {
      severity: 'warning',
      message: `the credentials for ${what} cross the network in clear text: the job has no \`scheme: https\``,
      span,
      help: 'write `scheme: https` and a `tls_config` with the `ca_file`',
    });
  }
  return diagnose(scrapeInClear, {
    message: `metrics of ${what} go in clear text to whoever asks, unless a policy or the mesh is in the way: no TLS, no authentication`,
    span,
    help: `write \`scheme: https\`, \`tls_config\` and \`authorization\`, or ${areDeclared ? '' : 'declare the exporter and its Service and '}admit Prometheus alone by a NetworkPolicy`,
  });
}
