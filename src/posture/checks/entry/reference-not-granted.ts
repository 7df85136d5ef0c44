import { type Diagnostic, diagnose, type Fix } from '../../../diagnostic/diagnostic.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { appendDocument, isPlainName } from '../yaml-edit.ts';
import { type LostTarget, lostTargets } from './targets.ts';

/** A route to a Service of another namespace that does not agree. */
export const referenceNotGranted: Check = {
  code: 'PKT1087',
  title: 'Route into another namespace without its consent',
  class: 'provable',
  severity: 'error',
  since: '0.2.0',
  doc: `A route of the Gateway API may send to a Service of another namespace only if a ReferenceGrant there says so: otherwise
anyone who may write routes could publish other teams' Services. Without it the backend is not resolved and requests get
500.

Add the ReferenceGrant to the namespace of the Service, naming it, or put the route there.`,
  example: {
    bad: 'kind: HTTPRoute\nmetadata: {namespace: edge}\nspec: {rules: [{backendRefs: [{name: web, namespace: shop, port: 80}]}]}',
    good: 'kind: ReferenceGrant\nmetadata: {name: edge, namespace: shop}\nspec:\n  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: edge}]\n  to: [{group: "", kind: Service, name: web}]',
  },
  run(declared) {
    return lostTargets(declared, 'not-granted').map((lost) => finding(lost, declared));
  },
};

function finding({ entry, target, namespace, name }: LostTarget, { manifests }: Declared): Diagnostic {
  const { source, kind } = entry;
  const grant = `apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata:
  name: ${entry.namespace}-${entry.name}
  namespace: ${namespace}
spec:
  from:
  - group: gateway.networking.k8s.io
    kind: ${kind}
    namespace: ${entry.namespace}
  to:
  - group: ""
    kind: Service
    name: ${name}
`;
  const isPlain = [entry.namespace, entry.name, namespace, name].every(isPlainName);
  const edit = isPlain ? appendDocument(manifests.sources, source, grant) : undefined;
  const fix: Fix | undefined = edit && { title: 'add the ReferenceGrant', safe: false, edits: [edit] };
  return diagnose(referenceNotGranted, {
    message: `${target.problem ?? 'no ReferenceGrant allows it'}: requests get an error`,
    span: source.at([...target.path, 'namespace']),
    help: `add a ReferenceGrant to namespace ${namespace}: \`from\` ${kind} of ${entry.namespace}, \`to\` Service ${name}`,
    ...(fix && { fix }),
  });
}
