import type { Direction } from '../flow/verdict.ts';
import type { Resource } from '../manifest/resource.ts';
import { type Bitset, unite } from './bitset.ts';
import { compileSelector, type Selector } from './label-selector.ts';
import type { Inventory } from './model.ts';
import type { Population } from './population.ts';
import { fieldAt, fieldsOf } from './values.ts';
import { groupOf, namespaceOf } from './workloads.ts';

/**
 * An object of a kind that restricts or opens traffic and that is not modelled, with the pods it bears on. It may turn
 * any answer of the other policies around.
 */
export interface ForeignPolicy {
  readonly source: Resource;
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
  return { directions: bothDirections, pods };
}

function everyPod(_source: Resource, { population }: Context) {
  return {
    directions: bothDirections,
    pods: possiblePods(population, undefined, []),
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
  return { directions: bothDirections, pods };
}
