import { PortSet } from '../../../net/port-set.ts';
import type { PolicyPorts } from '../../../segmentation/policy-ports.ts';

/** Returns whether `wide` has every port that `narrow` has; undefined is any traffic. A name is covered by itself. */
export function coversPorts(wide: PolicyPorts | undefined, narrow: PolicyPorts | undefined): boolean {
  if (wide === undefined) return true;
  if (narrow === undefined) return false;
  const numbers = [...narrow.numeric].every(
    ([protocol, ports]) => ports.subtract(wide.numeric.get(protocol) ?? PortSet.empty).isEmpty,
  );
  const named = narrow.named.every(
    ({ name, protocol }) =>
      wide.named.some((other) => other.name === name && other.protocol === protocol) ||
      wide.numeric.get(protocol)?.isAll,
  );
  return numbers && named;
}
