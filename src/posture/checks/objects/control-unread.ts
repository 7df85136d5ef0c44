import { type Diagnostic, diagnose, type RelatedSpan } from '../../../diagnostic/diagnostic.ts';
import { nearest } from '../../../diagnostic/suggest.ts';
import { isWorkload } from '../../../segmentation/workloads.ts';
import type { Controls } from '../../controls/controls.ts';
import { type DataKey, type DataObject, dataObjectName } from '../../controls/data-object.ts';
import type { ObjectUse } from '../../controls/uses.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';

/** A control in a ConfigMap or Secret that no workload reads. */
export const controlUnread: Check = {
  code: 'PKT1330',
  title: 'Control that nobody reads',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `A key of this ConfigMap or Secret is the configuration of a security control (Falco, Prometheus, nginx, WireGuard), and no
workload of these manifests mounts it. A configuration does nothing by lying in the cluster: as far as these files tell, what it
asks for is not done.

The program may have been installed by other means, but then it most likely reads its own: the Falco chart makes its own
ConfigMap, the Prometheus Operator generates the configuration from ServiceMonitors, PodMonitors and PrometheusRules.

Mount the object in the workload that is to read it (a volume reaches objects of its own namespace alone), put the settings
where the program reads them (values of its chart), or delete the object. An object that a resource of another kind names, such
as a HelmRelease, is not reported.`,
  example: {
    bad: 'kind: ConfigMap\nmetadata: {name: falco-config}\ndata:\n  falco.yaml: …   # no volume has `configMap: {name: falco-config}`',
    good: 'kind: DaemonSet\n…\nvolumes:\n- {name: config, configMap: {name: falco-config}}',
  },
  run(declared) {
    const { controls } = declared;
    const products = controlKeys(controls);
    const unread = controls.objects.flatMap(({ keys }) =>
      keys.filter((key) => products.has(key) && !isRead(key, controls)),
    );
    if (unread.length === 0) return [];
    const named = namesElsewhere(declared);
    const falcoConfigs = new Set(controls.falcoConfigs.map(({ key }) => key));
    const missing = {
      byName: Map.groupBy(controls.consumption.missing, ({ name }) => name),
      byNamespace: Map.groupBy(controls.consumption.missing, ({ namespace }) => namespace),
    };
    return [...Map.groupBy(unread, ({ object }) => object)]
      .filter(([object]) => !named.has(object.name))
      .map(([object, keys]) =>
        finding(
          object,
          keys,
          products.get(keys[0] as DataKey) as Product,
          keys.find((key) => falcoConfigs.has(key)),
          mistaken(object, missing),
        ),
      );
  },
};

type Product = 'Falco' | 'Prometheus' | 'nginx' | 'WireGuard';

/** What a program that is installed by other means reads instead. */
const otherwise: Readonly<Record<Product, string>> = {
  Falco: 'a Falco that its chart installs reads its own',
  Prometheus: 'a Prometheus of the Operator reads a generated one',
  nginx: 'an nginx elsewhere reads its own',
  WireGuard: 'no tunnel is made of it',
};

function controlKeys(controls: Controls): ReadonlyMap<DataKey, Product> {
  return new Map<DataKey, Product>([
    ...controls.nginxFiles.map(({ key }) => [key, 'nginx'] as const),
    ...controls.wireguardConfigs.map(({ key }) => [key, 'WireGuard'] as const),
    ...controls.prometheusConfigs.map(({ key }) => [key, 'Prometheus'] as const),
    ...controls.falcoRules.map(({ key }) => [key, 'Falco'] as const),
    ...controls.falcoConfigs.map(({ key }) => [key, 'Falco'] as const),
  ]);
}

/** Whether the key is a file of a container, or its object is read in a way that shows no files. */
function isRead(key: DataKey, { consumption }: Controls): boolean {
  if (consumption.filesOf(key).length > 0) return true;
  return consumption
    .usesOf(key.object)
    .some(
      ({ how, pod }) =>
        (how !== 'volume' && how !== 'projected') ||
        pod?.containers.some(({ mounts }) => mounts.some(({ value }) => value.subPathExpr !== undefined)),
    );
}

/** Every text in resources that are no workload and no such object: one of them may be a reference. */
function namesElsewhere({ manifests }: Declared): ReadonlySet<string> {
  const found = new Set<string>();
  for (const resource of manifests.resources) {
    if (isWorkload(resource) || resource.kind === 'ConfigMap' || resource.kind === 'Secret') continue;
    const left: unknown[] = [(resource.value as { readonly spec?: unknown }).spec];
    while (left.length > 0) {
      const value = left.pop();
      if (typeof value === 'string') found.add(value);
      else if (typeof value === 'object' && value !== null)
        for (const inner of Object.values(value)) left.push(inner);
    }
  }
  return found;
}

function finding(
  object: DataObject,
  keys: readonly DataKey[],
  product: Product,
  falcoConfig: DataKey | undefined,
  meant: RelatedSpan | undefined,
): Diagnostic {
  const [first, ...others] = keys.map(({ name }) => `\`${name}\``);
  const what =
    others.length === 0
      ? first
      : `${first} and ${others.length === 1 ? others[0] : `${others.length} more keys`}`;
  const volume =
    object.kind === 'Secret' ? `secret: {secretName: ${object.name}}` : `configMap: {name: ${object.name}}`;
  // At /etc/falco it would hide the rules of the image.
  const place = falcoConfig
    ? `, at a directory of its own such as /etc/edge-falco, and start it with \`-c /etc/edge-falco/${falcoConfig.name}\``
    : '';
  return diagnose(controlUnread, {
    message: `no workload here mounts ${what} of ${dataObjectName(object)}: ${otherwise[product]}`,
    span: object.source.at(['metadata', 'name']),
    ...(meant && { related: [meant] }),
    help: meant
      ? 'name this object there, in its namespace'
      : `mount it where ${product} runs (\`${volume}\`, in namespace ${object.namespace})${place}, or put the settings where that ${product} reads them`,
  });
}

/** Uses of objects that are not in the set. */
interface Missing {
  readonly byName: ReadonlyMap<string, readonly ObjectUse[]>;
  readonly byNamespace: ReadonlyMap<string, readonly ObjectUse[]>;
}

/** A volume that asks for an object which is not there, and most likely means this one. */
function mistaken(
  { kind, namespace, name }: DataObject,
  { byName, byNamespace }: Missing,
): RelatedSpan | undefined {
  const there = byNamespace.get(namespace) ?? [];
  const near = nearest(
    name,
    there.map((use) => use.name),
  );
  const candidates = [...(byName.get(name) ?? []), ...there.filter((use) => use.name === near)];
  const use = candidates.find((one) => one.kind === kind);
  return (
    use && { span: use.span, message: `asks for ${kind} ${use.namespace}/${use.name}, which is not there` }
  );
}
