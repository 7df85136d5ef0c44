import { type Diagnostic, diagnose, type RelatedSpan } from '../../../diagnostic/diagnostic.ts';
import type { AuthorizationPolicy } from '../../../segmentation/mesh/authorization-policy.ts';
import { pathText } from '../../../segmentation/network-policy.ts';
import { portsText } from '../../../segmentation/policy-ports.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { authorizationsOf, rootNamespace } from './declared-mesh.ts';

/** A mesh that allows nothing at all, beside NetworkPolicies that allow something. */
export const nothingAllowed: Check = {
  code: 'PKT1040',
  title: 'Mesh that allows nothing',
  class: 'provable',
  severity: 'error',
  since: '0.2.0',
  doc: `An AuthorizationPolicy without rules allows nothing, and no other ALLOW policy in its scope allows anything: every
request to every pod in the mesh there is refused (HTTP 403, or a closed connection). What the NetworkPolicies beside it
allow is dead, since both must allow a connection.

Add an ALLOW policy for each way that is meant: who (\`principals\`, which rest on mutual TLS) may reach which workload on
which port.`,
  example: {
    bad: 'kind: AuthorizationPolicy\nmetadata: {name: deny-all, namespace: production}\nspec: {}   # and nothing else',
    good: 'kind: AuthorizationPolicy\nmetadata: {name: frontend-to-backend, namespace: production}\nspec:\n  selector: {matchLabels: {tier: backend}}\n  rules:\n  - from: [{source: {principals: [cluster.local/ns/production/sa/frontend]}}]\n    to: [{operation: {ports: ["3000"]}}]',
  },
  run(declared) {
    const policies = authorizationsOf(declared).filter(({ action }) => action === 'ALLOW');
    return policies.flatMap((policy) => {
      if (policy.rules.length > 0 || policy.selector.length > 0 || policy.targets.length > 0) return [];
      const wide = policy.namespace === rootNamespace;
      const allowing = policies.some(
        ({ rules, namespace }) =>
          rules.length > 0 && (wide || namespace === policy.namespace || namespace === rootNamespace),
      );
      return allowing ? [] : [finding(policy, wide, declared)];
    });
  },
};

function finding({ source, namespace }: AuthorizationPolicy, wide: boolean, declared: Declared): Diagnostic {
  const where = wide ? 'of the whole mesh' : `of ${namespace}`;
  const dead = deadRules(wide ? undefined : namespace, declared);
  const [first] = dead;
  const way = first === undefined ? '' : `, what NetworkPolicies allow too`;
  return diagnose(nothingAllowed, {
    message: `every request to every meshed pod ${where} is refused${way}: no ALLOW policy has a rule`,
    span: source.at(['spec']),
    related: dead.slice(0, 4),
    help: `add an AuthorizationPolicy with action ALLOW for each way that is meant: \`from.source.principals\`, \`to.operation.ports\``,
  });
}

/** Rules of NetworkPolicies that let something in, and that the mesh makes vain. */
function deadRules(namespace: string | undefined, { segmentation }: Declared): RelatedSpan[] {
  return segmentation.policies.flatMap(({ policy }) => {
    if (policy.fault !== undefined || (namespace !== undefined && policy.namespace !== namespace)) return [];
    return [...(policy.rules.ingress ?? []), ...(policy.rules.egress ?? [])]
      .filter(
        ({ peers, path }) =>
          path[1] === 'ingress' ||
          peers?.some(({ podSelector, namespaceSelector }) => podSelector && !namespaceSelector),
      )
      .map(({ path, ports }) => ({
        span: policy.source.at(path),
        message: `${pathText(path)} allows ${ports === undefined ? 'all ports' : portsText(ports)} here, in vain`,
      }));
  });
}
