import type { Range } from '../../manifest/locations.ts';
import type { Family } from '../../net/address.ts';
import { PortSet } from '../../net/port-set.ts';
import { Protocol } from '../../net/protocol.ts';
import { acceptedPorts } from '../accepted-ports.ts';
import type { Packet } from '../packet.ts';
import type { Ruleset } from '../ruleset.ts';
import { baseChains } from '../simulate.ts';
import { dropPlace, judge } from './filtering.ts';

/** What becomes of new connections that no rule is about, on one path and in one IP version. */
export interface EffectiveDefault {
  readonly path: Packet['chain'];
  readonly family: Family;
  readonly outcome: 'accepted' | 'dropped' | 'not known';
  /** The rule or policy that drops. */
  readonly at?: Range;
  /** Policy of the base chain that is met last; what no policy is said of accepts. */
  readonly policy: 'accept' | 'drop';
  /** There is a chain on this path in this IP version. */
  readonly isFiltered: boolean;
}

const paths = ['INPUT', 'FORWARD', 'OUTPUT'] as const;

/**
 * Returns what becomes of new connections that no rule is about. The policy alone does not tell: a last rule without
 * conditions may drop where the policy accepts, or accept where it drops. A port of TCP, far from what rules usually name,
 * which most other ports share their fate with, stands for all of them.
 */
export function effectiveDefaults(ruleset: Ruleset): EffectiveDefault[] {
  return paths.flatMap((path) => ([4, 6] as const).map((family) => defaultOf(ruleset, path, family)));
}

function defaultOf(ruleset: Ruleset, path: Packet['chain'], family: Family): EffectiveDefault {
  const chains = baseChains(ruleset, { chain: path, family, state: 'NEW' }).filter(
    ({ hook }) => hook === path,
  );
  const policy = chains.some(({ chain }) => chain.policy?.effect === 'drop') ? 'drop' : 'accept';
  const isFiltered = chains.some(({ chain }) => chain.rules.length > 0 || chain.policy?.effect === 'drop');
  const known = { path, family, policy, isFiltered } as const;
  const { certain, possible } = acceptedPorts(ruleset, {
    chain: path,
    family,
    protocol: Protocol.Tcp,
    local: false,
  });
  const dropped = possible.complement();
  if (certain.size > PortSet.all.size / 2) return { ...known, outcome: 'accepted' };
  const port = dropped.ranges()[0]?.from;
  if (port === undefined || dropped.size <= PortSet.all.size / 2) return { ...known, outcome: 'not known' };
  const at = dropPlace(judge(ruleset, { family, chain: path, protocol: Protocol.Tcp, port }));
  return { ...known, outcome: 'dropped', ...(at && { at }) };
}
