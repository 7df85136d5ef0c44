import { has } from '../../../segmentation/bitset.ts';
import type { Entry } from '../../../segmentation/entry/model.ts';
import type { Selector } from '../../../segmentation/label-selector.ts';
import type { PolicyRule } from '../../../segmentation/network-policy.ts';
import type { CompiledPolicy } from '../../../segmentation/plan.ts';
import type { Declared } from '../../posture.ts';

/** Namespaces that proxies are installed to, after their projects' manifests and charts. */
const usual: ReadonlySet<string> = new Set([
  'ingress-nginx',
  'nginx-ingress',
  'traefik',
  'haproxy-controller',
  'projectcontour',
  'kong',
]);

/** A rule of a NetworkPolicy that lets a proxy in. */
export interface ProxyRule {
  readonly compiled: CompiledPolicy;
  readonly rule: PolicyRule;
  /** Namespace of the proxy. */
  readonly proxy: string;
}

/** Returns the rules that let in the pods of a namespace where proxies run. */
export function proxyRules({ segmentation, entries }: Declared): ProxyRule[] {
  const namespaces = new Set([
    ...usual,
    ...entries.flatMap(({ proxy }) => (proxy?.workloads ?? []).map(({ namespace }) => namespace.name)),
  ]);
  return segmentation.policies.flatMap((compiled) =>
    (compiled.policy.rules.ingress ?? []).flatMap((rule) => {
      const asked = (rule.peers ?? []).flatMap(({ namespaceSelector }) => nameAsked(namespaceSelector ?? []));
      const proxy = asked.find((name) => namespaces.has(name));
      return proxy === undefined ? [] : [{ compiled, rule, proxy }];
    }),
  );
}

/** Returns the rules that let a proxy in to pods that no declared way in leads to. */
export function idleProxyRules(declared: Declared): ProxyRule[] {
  const reached = reachedWorkloads(declared.entries);
  return proxyRules(declared).filter(
    ({ compiled: { selects } }) =>
      ![...reached].some((index) => has(selects.yes, index) || has(selects.maybe, index)),
  );
}

function reachedWorkloads(entries: readonly Entry[]): Set<number> {
  const proxied = entries.filter(({ proxy }) => proxy !== undefined);
  return new Set(
    proxied.flatMap(({ targets }) =>
      targets.flatMap(({ backends }) => backends.map(({ workload }) => workload.index)),
    ),
  );
}

/** The namespace names that a selector asks for, by the label that the API server sets or the one people write. */
function nameAsked(selector: Selector): string[] {
  return selector.flatMap(({ key, operator, values }) =>
    operator === 'In' && /^(?:kubernetes\.io\/metadata\.)?name$/.test(key) ? [...values] : [],
  );
}
