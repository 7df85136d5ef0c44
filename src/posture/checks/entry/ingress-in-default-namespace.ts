import { type Diagnostic, diagnose, type Fix } from '../../../diagnostic/diagnostic.ts';
import type { Entry } from '../../../segmentation/entry/model.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { appendFields } from '../yaml-edit.ts';
import { idleProxyRules } from './proxy-rules.ts';

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
    return declared.entries
      .filter(({ kind, source }) => kinds.has(kind) && source.namespace === undefined)
      .map((entry) => finding(entry, declared));
  },
};

function finding(entry: Entry, declared: Declared): Diagnostic {
  const { source, kind } = entry;
  const meant = namespaceFor(entry, declared);
  const edit =
    meant && appendFields(declared.manifests.sources, source, ['metadata'], [`namespace: ${meant}`]);
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
function namespaceFor({ targets }: Entry, declared: Declared): string | undefined {
  const problems = targets.map(({ problem }) => problem ?? '');
  const named = declared.inventory.services
    .filter(({ name }) => problems.some((problem) => problem.startsWith(`Service default/${name} `)))
    .map(({ namespace }) => namespace);
  const waiting = idleProxyRules(declared).map(({ compiled }) => compiled.policy.namespace);
  for (const candidates of [new Set(named), new Set(waiting)]) {
    if (candidates.size === 1) return [...candidates][0];
  }
  return undefined;
}
