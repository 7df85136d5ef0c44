import { type Diagnostic, diagnose, type Fix, type RelatedSpan } from '../../../diagnostic/diagnostic.ts';
import { nearest } from '../../../diagnostic/suggest.ts';
import type { Service } from '../../../segmentation/model.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { replaceText } from '../yaml-edit.ts';
import { idleProxyRules } from './proxy-rules.ts';
import { type LostTarget, lostTargets, nameSpan } from './targets.ts';

/** A way in to a Service that the manifests do not have. */
export const backendNotDeclared: Check = {
  code: 'PKT1084',
  title: 'Way in to a Service that is not declared',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `The Ingress or route sends requests to a Service that none of these manifests declares in its namespace. Unless something
else makes that Service, the proxy answers 503. Nor can anything be said of the way behind it: which pods are reached, on
which of their ports, and whether a NetworkPolicy lets the proxy in there. A policy counts the pods' own port, not that
of the Service.

A backend is looked up in the namespace of the Ingress or route; a route may name another one.`,
  example: {
    bad: 'kind: Ingress\n…\n  backend: {service: {name: api-service, port: {number: 80}}}   # no such Service',
    good: 'kind: Service\nmetadata: {name: api-service}\nspec:\n  selector: {app: api}\n  ports: [{port: 80, targetPort: 8080}]',
  },
  run(declared) {
    const lost = lostTargets(declared, 'undeclared-service');
    if (lost.length === 0) return [];
    const waiting = waitingRules(declared);
    const { services } = declared.inventory;
    const known: KnownServices = {
      byName: Map.groupBy(services, ({ name }) => name),
      byNamespace: Map.groupBy(services, ({ namespace }) => namespace),
    };
    return lost.map((one, index) => finding(one, known, declared, index === 0 ? waiting : []));
  },
};

interface KnownServices {
  readonly byName: ReadonlyMap<string, readonly Service[]>;
  readonly byNamespace: ReadonlyMap<string, readonly Service[]>;
}

function finding(
  { entry, target, namespace, name }: LostTarget,
  { byName, byNamespace }: KnownServices,
  { manifests }: Declared,
  related: readonly RelatedSpan[],
): Diagnostic {
  const there = byNamespace.get(namespace) ?? [];
  const near = nearest(
    name,
    there.map((service) => service.name),
  );
  const elsewhere = byName.get(name)?.[0]?.namespace;
  const span = nameSpan(entry, target);
  const edit = near === undefined ? undefined : replaceText(manifests.sources, span, name, near);
  const fix: Fix | undefined = edit && { title: `write \`${near}\``, safe: false, edits: [edit] };
  const port = target.servicePort === undefined ? '' : ` with port ${target.servicePort}`;
  return diagnose(backendNotDeclared, {
    message: `Service ${namespace}/${name} is not declared: requests get no answer unless something else makes it`,
    span,
    related,
    help:
      near !== undefined
        ? `write \`${near}\``
        : elsewhere !== undefined
          ? `put ${entry.kind} ${entry.name} into namespace ${elsewhere}, where Service ${name} is`
          : `declare Service ${name} in namespace ${namespace}${port}`,
    ...(fix && { fix }),
  });
}

/** Rules that let the proxy in where no way in leads: most likely these pods are meant. */
function waitingRules(declared: Declared): RelatedSpan[] {
  return idleProxyRules(declared)
    .slice(0, 3)
    .map(({ compiled: { policy }, rule, proxy }) => ({
      span: policy.source.at([...rule.path, ...(rule.ports === undefined ? [] : ['ports'])]),
      message: `lets ${proxy} in where no declared way in leads; it counts the pods' own port, not the Service's`,
    }));
}
