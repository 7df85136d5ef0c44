import { type Diagnostic, diagnose, type Fix } from '../../../diagnostic/diagnostic.ts';
import type { Path } from '../../../manifest/resource.ts';
import { namespaceNameLabel } from '../../../segmentation/inventory.ts';
import { type Labels, matches } from '../../../segmentation/label-selector.ts';
import type { Inventory } from '../../../segmentation/model.ts';
import type { NetworkPolicy, PolicyPeer } from '../../../segmentation/network-policy.ts';
import { Ternary } from '../../../segmentation/ternary.ts';
import { fieldAt, fieldsOf, listOf } from '../../../segmentation/values.ts';
import type { PrometheusConfig, ScrapeJob } from '../../controls/prometheus.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { companions } from '../network-policy/companions.ts';
import { appendItem, isPlainName } from '../yaml-edit.ts';

/** Pods that others may reach, and the monitoring may not. */
export const scrapeBlocked: Check = {
  code: 'PKT1310',
  title: 'Policy that keeps Prometheus out',
  class: 'provable',
  severity: 'note',
  since: '0.2.0',
  doc: `These manifests have a Prometheus configuration with scrape jobs, and a NetworkPolicy that lets some clients in but no pod of
the namespace that Prometheus is in, on no port. Scrapes of these pods time out: the target is \`down\`, or is never looked for,
and the alerts on its metrics have nothing to say.

It is a warning where a job discovers pods of that namespace, and a note otherwise: nothing shows whether these pods have metrics.
Policies that let nobody in are not reported.

Admit the pods of Prometheus on the port of the metrics. Behind a mesh with strict mutual TLS that is the sidecar's 15020.`,
  example: {
    bad: 'ingress:\n- from: [{podSelector: {matchLabels: {tier: web}}}]',
    good: 'ingress:\n- from: [{podSelector: {matchLabels: {tier: web}}}]\n- from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]\n  ports: [{port: 8080}]',
  },
  run(declared) {
    const configs = declared.controls.prometheusConfigs.filter(({ jobs }) => jobs.length > 0);
    if (configs.length === 0) return [];
    const homes = [...Map.groupBy(configs, ({ key }) => key.object.namespace)]
      .slice(0, MOST_HOMES)
      .map(([namespace, own]) => ({ namespace, labels: labelsOf(namespace, declared), configs: own }));
    const blocking = gatesOf(declared).filter(
      ({ policy, peers }) =>
        // Prometheus and what stands beside it is looked after by those who set it up.
        !homes.some(
          ({ namespace, labels }) =>
            policy.namespace === namespace || peers.some((peer) => mayAdmit(peer, labels, namespace)),
        ),
    );
    return [...Map.groupBy(blocking, ({ policy }) => policy.namespace)].map(([, gates]) =>
      finding(
        gates.map(({ policy }) => policy),
        homes,
        declared,
      ),
    );
  },
};

/** More namespaces with a Prometheus than this are not looked into: each is held against each policy. */
const MOST_HOMES = 8;

/** A namespace that Prometheus is in. */
interface Home {
  readonly namespace: string;
  readonly labels: Labels;
  readonly configs: readonly PrometheusConfig[];
}

/** A policy that lets some in and not everyone, with all whom it and the policies on the same pods admit. */
interface Gate {
  readonly policy: NetworkPolicy;
  readonly peers: readonly PolicyPeer[];
}

function gatesOf({ segmentation }: Declared): Gate[] {
  const byNamespace = Map.groupBy(segmentation.policies, ({ policy }) => policy.namespace);
  return segmentation.policies.flatMap((compiled) => {
    const { policy } = compiled;
    if (policy.fault !== undefined || (policy.rules.ingress ?? []).length === 0) return [];
    const policies = byNamespace.get(policy.namespace) ?? [];
    const rules = companions({ policies }, compiled, 'ingress').flatMap((one) => one.rules.ingress ?? []);
    if (rules.some(({ peers }) => peers === undefined)) return [];
    return [{ policy, peers: rules.flatMap(({ peers }) => peers ?? []) }];
  });
}

function labelsOf(namespace: string, { inventory }: Declared): Labels {
  const declared = inventory.namespaces.find(({ name }) => name === namespace);
  return declared?.labels ?? { known: new Map([[namespaceNameLabel, namespace]]), undetermined: 'others' };
}

/** Whether a pod of the namespace may be among the peer: one of address blocks, or of labels that it may have. */
function mayAdmit({ block, namespaceSelector }: PolicyPeer, labels: Labels, namespace: string): boolean {
  if (block !== undefined) return true;
  if (namespaceSelector === undefined) return false;
  const isOther = namespaceSelector.some(
    // By custom such a label has the namespace's own name, whether or not someone has set it.
    ({ key, operator, values }) =>
      key === 'name' && operator === 'In' && !values.has(namespace) && !labels.known.has(key),
  );
  return !isOther && matches(namespaceSelector, labels) !== Ternary.No;
}

function finding(
  policies: readonly NetworkPolicy[],
  homes: readonly Home[],
  { manifests, inventory }: Declared,
): Diagnostic {
  const [first, ...others] = policies as [NetworkPolicy, ...NetworkPolicy[]];
  const looking = homes.find((home) => jobFor(home, first.namespace) !== undefined);
  const { namespace, configs } = looking ?? (homes[0] as Home);
  const job = looking && jobFor(looking, first.namespace);
  const label = prometheusLabel(namespace, inventory);
  const edit = appendItem(
    manifests.sources,
    first.source,
    ['spec', 'ingress'],
    [
      'from:',
      '- namespaceSelector:',
      '    matchLabels:',
      `      kubernetes.io/metadata.name: ${namespace}`,
      '  podSelector:',
      '    matchLabels:',
      `      ${label}`,
    ],
  );
  const fix: Fix | undefined =
    edit && others.length === 0
      ? { title: `admit Prometheus of namespace ${namespace}`, safe: false, edits: [edit] }
      : undefined;
  const more =
    others.length === 0
      ? ''
      : `, here and in ${others.length} other polic${others.length === 1 ? 'y' : 'ies'}`;
  const message =
    job === undefined
      ? `if Prometheus is to scrape these pods, it cannot: no rule admits a pod of namespace ${namespace}${more}`
      : `Prometheus scrapes these pods in vain: no rule admits a pod of namespace ${namespace}${more}`;
  return diagnose(scrapeBlocked, {
    ...(job && { severity: 'warning' }),
    message,
    span: first.source.keyAt(['spec', 'ingress']),
    related: [
      {
        span: job?.span ?? (configs[0] as PrometheusConfig).key.keySpan,
        message: job ? 'this job looks for them' : 'scrapes are meant here',
      },
      ...others.slice(0, 3).map(({ source }) => ({
        span: source.keyAt(['spec', 'ingress']),
        message: 'neither does this',
      })),
    ],
    help: `add a rule \`from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ${namespace}}}, podSelector: {matchLabels: {${label}}}}]\` with the port of the metrics`,
    ...(fix && { fix }),
  });
}

function jobFor({ configs }: Home, namespace: string): ScrapeJob | undefined {
  for (const config of configs) {
    const job = config.jobs.find(({ path }) => discovers(config, path, namespace));
    if (job !== undefined) return job;
  }
  return undefined;
}

/** Whether a job finds its targets among the pods or Services of a namespace. */
function discovers({ document }: PrometheusConfig, path: Path, namespace: string): boolean {
  const job = fieldsOf(listOf(fieldsOf(document.value).scrape_configs)[Number(path[1])]);
  return listOf(job.kubernetes_sd_configs).some((config) => {
    const names = listOf(fieldAt(config, 'namespaces', 'names'));
    return fieldsOf(config).role !== 'node' && names.includes(namespace);
  });
}

/** The label by which pods of Prometheus are told: of the declared ones, else the one that its charts set. */
function prometheusLabel(namespace: string, { workloads }: Inventory): string {
  const own = workloads.find(
    (workload) => workload.namespace.name === namespace && workload.name.startsWith('prometheus'),
  );
  const app = own?.labels.known.get('app');
  return app === undefined || !isPlainName(app) ? 'app.kubernetes.io/name: prometheus' : `app: ${app}`;
}
