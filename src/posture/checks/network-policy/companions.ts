import type { Direction } from '../../../flow/verdict.ts';
import { isEmpty, without } from '../../../segmentation/bitset.ts';
import type { Selector } from '../../../segmentation/label-selector.ts';
import type { NetworkPolicy } from '../../../segmentation/network-policy.ts';
import type { CompiledPolicy } from '../../../segmentation/plan.ts';
import { portsAdmit } from '../../../segmentation/policy-ports.ts';
import type { Segmentation } from '../../../segmentation/segmentation.ts';

/**
 * Returns the policies of one direction that hold for every pod which `compiled` selects, itself first: what they allow
 * adds up. Told by the declared workloads, and where it selects none of them, by the selectors' texts.
 */
export function companions(
  { policies }: Pick<Segmentation, 'policies'>,
  compiled: CompiledPolicy,
  direction: Direction,
): NetworkPolicy[] {
  const { policy, selects } = compiled;
  const others = policies.filter((other) => {
    if (other === compiled || other.policy.namespace !== policy.namespace) return false;
    if (other.policy.fault !== undefined || other.directions[direction] === undefined) return false;
    const selectsAny = !isEmpty(selects.yes) || !isEmpty(selects.maybe);
    if (selectsAny && isEmpty(without(selects.yes, other.selects.yes)) && isEmpty(selects.maybe)) return true;
    return implies(policy.subject ?? [], other.policy.subject ?? []);
  });
  return [policy, ...others.map((other) => other.policy)];
}

/** Returns whether everything that `narrow` matches is certainly matched by `wide`, as their texts tell. */
export function implies(narrow: Selector, wide: Selector): boolean {
  return wide.every((asked) =>
    narrow.some(
      ({ key, operator, values }) =>
        key === asked.key &&
        (asked.operator === operator || (asked.operator === 'Exists' && operator === 'In')) &&
        (asked.operator === 'NotIn'
          ? [...asked.values].every((value) => values.has(value))
          : asked.operator === 'Exists' || [...values].every((value) => asked.values.has(value))),
    ),
  );
}

/** Returns whether a rule of any of the policies allows this port for some peer. */
export function allowsPort(
  policies: readonly NetworkPolicy[],
  direction: Direction,
  protocol: number,
  port: number,
): boolean {
  return policies.some(({ rules }) =>
    (rules[direction] ?? []).some(
      ({ ports }) =>
        ports === undefined ||
        portsAdmit(ports, protocol, port, -1) ||
        // Nobody knows here which number a name has on pods of other manifests.
        ports.named.some((named) => named.protocol === protocol),
    ),
  );
}
