import type { Path, Resource } from '../../manifest/resource.ts';
import type { Selector } from '../label-selector.ts';
import { fieldAt, fieldsOf, listOf, textOf } from '../values.ts';
import { groupOf, namespaceOf } from '../workloads.ts';
import type { AttributeContext } from './attribute.ts';
import { type MeshRule, readRules } from './rules.ts';

export type MeshAction = 'CUSTOM' | 'DENY' | 'ALLOW';

/** An object that a policy is attached to. */
export interface TargetReference {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

/** An AuthorizationPolicy as read. */
export interface AuthorizationPolicy {
  readonly source: Resource;
  readonly namespace: string;
  /** `namespace/name`. */
  readonly name: string;
  readonly action: MeshAction;
  /** Why Istio would refuse it; then nothing can be said of what the team will get instead. */
  readonly fault: string | undefined;
  /** Pods that it is for, in its namespace or, from the root namespace, in all. Unused beside targets. */
  readonly selector: Selector;
  readonly targets: readonly TargetReference[];
  readonly rules: readonly MeshRule[];
}

/** Returns whether this is an AuthorizationPolicy that decides anything: not one that only audits or is on trial. */
export function isEnforcedPolicy(resource: Resource): boolean {
  return (
    resource.kind === 'AuthorizationPolicy' &&
    groupOf(resource) === 'security.istio.io' &&
    fieldAt(resource.value, 'spec', 'action') !== 'AUDIT' &&
    resource.annotations['istio.io/dry-run'] !== 'true'
  );
}

/**
 * Returns the policy that a security.istio.io/v1 AuthorizationPolicy declares (istio.io/docs, "Authorization Policy").
 * The action is ALLOW when absent; a policy without rules matches nothing.
 */
export function readAuthorizationPolicy(source: Resource, trustDomain: string): AuthorizationPolicy {
  const spec = fieldsOf(fieldAt(source.value, 'spec'));
  const namespace = namespaceOf(source);
  const context: AttributeContext = { namespace, trustDomain };
  const rules = readRules(spec.rules, context);
  const selector = readSelector(spec.selector);
  const action = spec.action ?? 'ALLOW';
  const isAction = action === 'ALLOW' || action === 'DENY' || action === 'CUSTOM';
  const fault = [
    isAction ? undefined : `it has no action ${JSON.stringify(action)}`,
    rules,
    selector,
    source.schema === 'valid' ? undefined : 'it does not fit the schema of an AuthorizationPolicy',
  ].find((part) => typeof part === 'string');
  return {
    source,
    namespace,
    name: `${namespace}/${source.name}`,
    action: isAction ? action : 'ALLOW',
    fault,
    selector: typeof selector === 'string' ? [] : selector,
    targets: [...listOf(spec.targetRefs), ...(spec.targetRef ? [spec.targetRef] : [])].map(readTarget),
    rules: typeof rules === 'string' || fault !== undefined ? [] : rules,
  };
}

function readTarget(value: unknown): TargetReference {
  const { group, kind, name } = fieldsOf(value);
  const core = textOf(group) ?? '';
  return { group: core === 'core' ? '' : core, kind: textOf(kind) ?? '', name: textOf(name) ?? '' };
}

/** Returns the workload selector (`matchLabels` only), or what is wrong with it; absent and empty ones select all. */
export function readSelector(value: unknown): Selector | string {
  const labels = fieldAt(value, 'matchLabels') ?? {};
  if (typeof labels !== 'object' || Array.isArray(labels)) return 'its selector is not a map of labels';
  const selector = [];
  for (const [key, text] of Object.entries(labels)) {
    if (typeof text !== 'string') return `its selector has no text for ${key}`;
    selector.push({ key, operator: 'In', values: new Set([text]) } as const);
  }
  return selector;
}

/** Returns e.g. `rules[0].from[1]`. */
export function rulePathText(path: Path): string {
  return path
    .filter((part) => part !== 'spec')
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '');
}
