import { type Diagnostic, diagnose, type Fix } from '../../../diagnostic/diagnostic.ts';
import type { Entry } from '../../../segmentation/entry/model.ts';
import type { Service } from '../../../segmentation/model.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { appendFields, isPlainName } from '../yaml-edit.ts';
import { idleProxyRules } from './proxy-rules.ts';
import { serviceOf } from './targets.ts';

const kinds: ReadonlySet<string> = new Set(['Ingress', 'HTTPRoute', 'GRPCRoute', 'TLSRoute', 'Route']);

/** A way in that lands in namespace default, where nothing else is. */
export const ingressInDefaultNamespace: Check = {
  code: 'PKT1083',
  title: 'Way in without a namespace',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `The Ingress or route names no namespace, so it lands in \`default\`, or wherever the tool that applies it happens to point. Its
backends are looked up there. The other objects of these manifests name their namespaces, and none of them is in
\`default\`: no Service, no pods, no policy.

Name the namespace of the Service that it sends to.`,
  example: {
    bad: 'kind: Ingress\nmetadata:\n  name: shop',
    good: 'kind: Ingress\nmetadata:\n  name: shop\n  namespace: production',
  },
  run(declared) {
    const { resources } = declared.manifests;
    if (!resources.some(({ namespace }) => namespace !== undefined)) return [];
    // Workloads and Services there, or declared policies, show that it is meant.
    const { inventory, segmentation } = declared;
    const isUsed =
      inventory.services.some(({ namespace }) => namespace === 'default') ||
      inventory.workloads.some(({ namespace }) => namespace.name === 'default') ||
      segmentation.policies.some(({ policy }) => policy.namespace === 'default');
    if (isUsed) return [];
    const found = declared.entries.filter(
      ({ kind, source }) => kinds.has(kind) && source.namespace === undefined,
    );
    if (found.length === 0) return [];
    const context: Context = {
      declared,
      namespaces: Map.groupBy(inventory.services, ({ name }) => name),
      waiting: new Set(idleProxyRules(declared).map(({ compiled }) => compiled.policy.namespace)),
    };
    return found.map((entry) => finding(entry, context));
  },
};

interface Context {
  readonly declared: Declared;
  /** Services by name. */
  readonly namespaces: ReadonlyMap<string, readonly Service[]>;
  /** Namespaces whose policies let a proxy in where no way in leads. */
  readonly waiting: ReadonlySet<string>;
}

function finding(entry: Entry, context: Context): Diagnostic {
  const { declared } = context;
  const { source, kind } = entry;
  const meant = namespaceFor(entry, context);
  const edit =
    meant !== undefined && isPlainName(meant)
      ? appendFields(declared.manifests.sources, source, ['metadata'], [`namespace: ${meant}`])
      : undefined;
  const fix: Fix | undefined = edit
    ? { title: `put it into ${meant}`, safe: false, edits: [edit] }
    : undefined;
  return diagnose(ingressInDefaultNamespace, {
    message: `the ${kind} lands in namespace default, where these manifests declare no Service, no pod and no policy`,
    span: source.keyAt(['metadata']),
    help: `add \`namespace: ${meant ?? '…'}\` to \`metadata\`${meant === undefined ? ', that of the Service it sends to' : ''}`,
    ...(fix && { fix }),
  });
}

/** The only namespace with a Service that it names; else the only one whose policies wait for the proxy. */
function namespaceFor(entry: Entry, { namespaces, waiting }: Context): string | undefined {
  const named = entry.targets
    .filter(({ cause }) => cause === 'undeclared-service')
    .flatMap((target) => namespaces.get(serviceOf(entry, target).name) ?? [])
    .map(({ namespace }) => namespace);
  for (const candidates of [new Set(named), waiting]) {
    if (candidates.size === 1) return [...candidates][0];
  }
  return undefined;
}
