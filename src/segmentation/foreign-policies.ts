import type { Direction } from '../flow/verdict.ts';
import type { Resource } from '../manifest/resource.ts';
import { type Bitset, unite } from './bitset.ts';
import { compileSelector, type Selector } from './label-selector.ts';
import type { Inventory } from './model.ts';
import type { Population } from './population.ts';
import { fieldAt, fieldsOf, listOf } from './values.ts';
import { groupOf, namespaceOf } from './workloads.ts';

/**
 * An object of a kind that restricts or opens traffic and that is not modelled, with the pods it bears on.
 * `override` may turn any answer of the NetworkPolicies around; `baseline` only that for pods which no NetworkPolicy
 * isolates; `restrict` can only take away.
 */
export interface ForeignPolicy {
  readonly source: Resource;
  readonly effect: 'override' | 'baseline' | 'restrict';
  readonly directions: ReadonlySet<Direction>;
  readonly pods: Bitset;
}

interface Context {
  readonly inventory: Inventory;
  readonly population: Population;
}

type Reader = (source: Resource, context: Context) => Omit<ForeignPolicy, 'source'> | undefined;

const bothDirections: ReadonlySet<Direction> = new Set(['egress', 'ingress']);

/** Returns the objects among the resources that make answers from NetworkPolicies alone doubtful. */
export function readForeignPolicies(
  resources: readonly Resource[],
  inventory: Inventory,
  population: Population,
): ForeignPolicy[] {
  return resources.flatMap((source) => {
    const read = readers.get(`${groupOf(source)}/${source.kind}`)?.(source, { inventory, population });
    return read === undefined ? [] : [{ source, ...read }];
  });
}

const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['policy.networking.k8s.io/AdminNetworkPolicy', readClusterPolicy('override')],
  ['policy.networking.k8s.io/BaselineAdminNetworkPolicy', readClusterPolicy('baseline')],
  [
    'policy.networking.k8s.io/ClusterNetworkPolicy',
    (source, context) => {
      const isBaseline = fieldAt(source.value, 'spec', 'tier') === 'Baseline';
      return readClusterPolicy(isBaseline ? 'baseline' : 'override')(source, context);
    },
  ],
  ['cilium.io/CiliumNetworkPolicy', readCilium],
  ['cilium.io/CiliumClusterwideNetworkPolicy', readCilium],
  ['crd.projectcalico.org/NetworkPolicy', everyPodOfNamespace],
  ['crd.projectcalico.org/GlobalNetworkPolicy', everyPod],
  ['projectcalico.org/NetworkPolicy', everyPodOfNamespace],
  ['projectcalico.org/GlobalNetworkPolicy', everyPod],
  ['crd.antrea.io/NetworkPolicy', everyPodOfNamespace],
  ['crd.antrea.io/ClusterNetworkPolicy', everyPod],
]);

function possiblePods(population: Population, pods: Selector | undefined, where: Selector | string): Bitset {
  const { yes, maybe } = population.select(pods, where);
  return unite(yes, maybe);
}

/** Their selector is an expression language of its own, so they may mean every pod in their scope. */
function everyPodOfNamespace(source: Resource, { population }: Context) {
  const pods = possiblePods(population, undefined, namespaceOf(source));
  return { effect: 'override', directions: bothDirections, pods } as const;
}

function everyPod(_source: Resource, { population }: Context) {
  return {
    effect: 'override',
    directions: bothDirections,
    pods: possiblePods(population, undefined, []),
  } as const;
}

/** `policy.networking.k8s.io`: the subject is `namespaces` (a selector) or `pods` (two selectors). */
function readClusterPolicy(effect: 'override' | 'baseline'): Reader {
  return ({ value }, { population }) => {
    const spec = fieldsOf(fieldAt(value, 'spec'));
    const { namespaces, pods } = fieldsOf(spec.subject);
    const where = compileSelector(namespaces ?? fieldAt(pods, 'namespaceSelector')) ?? [];
    const which = compileSelector(fieldAt(pods, 'podSelector'));
    const directions = new Set([...bothDirections].filter((direction) => listOf(spec[direction]).length > 0));
    if (directions.size === 0) return undefined;
    return { effect, directions, pods: possiblePods(population, which, where) };
  };
}

/** Cilium endpoint labels carry a source prefix; what comes from elsewhere than pod labels is not judged here. */
function readCilium(source: Resource, { population }: Context): Omit<ForeignPolicy, 'source'> | undefined {
  const spec = fieldsOf(fieldAt(source.value, 'spec'));
  if (spec.nodeSelector !== undefined) return undefined;
  const selector = compileSelector(spec.endpointSelector)?.map((requirement) => ({
    ...requirement,
    key: requirement.key.replace(/^(k8s|any)[:.]/, ''),
  }));
  const onLabels = selector?.every(
    ({ key }) => !/:|^io\.kubernetes\.pod\.|^io\.cilium\.|^reserved\./.test(key),
  );
  const where = source.kind === 'CiliumNetworkPolicy' ? namespaceOf(source) : [];
  const pods = possiblePods(population, onLabels ? selector : undefined, where);
  return { effect: 'override', directions: bothDirections, pods };
}
