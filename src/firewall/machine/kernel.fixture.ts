import { cannotTry } from '../../enforce/trial/trial-machine.ts';
import { parseAddress } from '../../net/address.ts';
import { parsePrefix } from '../../net/prefix.ts';
import type { Machine } from './machine.ts';

/** Why this machine cannot ask its kernel, or undefined when it can. */
export const cannotJudge: string | undefined = cannotTry();

/** Networks of the interfaces, in their order. */
const networks = ['198.51.100', '203.0.113', '192.0.2', '198.51.101'];

/** Returns a machine with interfaces of these names: the first leads outside, the others to one inner network each. */
export function machineWith(names: readonly string[]): Machine {
  const prefix = (text: string) => parsePrefix(text)!;
  const route = (to: string, out: string) => ({ to: prefix(to), out });
  return {
    forwards: true,
    interfaces: names.map((name, i) => ({
      name,
      addresses: [
        { address: parseAddress(`${networks[i]}.1`)!, length: 24 },
        { address: parseAddress(`2001:db8:${i + 1}::1`)!, length: 64 },
      ],
    })),
    routes: [
      route('0.0.0.0/0', names[0]!),
      route('::/0', names[0]!),
      ...names
        .slice(1)
        .flatMap((name, i) => [
          route(`198.19.${(i + 1) * 16}.0/20`, name),
          route(`10.${i + 1}.0.0/16`, name),
          route(`2001:db8:${i + 2}00::/40`, name),
        ]),
    ],
  };
}
