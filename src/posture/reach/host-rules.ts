import type { Match, Ruleset } from '../../firewall/ruleset.ts';
import { parseAddress } from '../../net/address.ts';
import { PortSet } from '../../net/port-set.ts';
import type { Prefix } from '../../net/prefix.ts';
import { packetFilters } from '../packet-filters.ts';
import type { Declared } from '../posture.ts';
import { readTunnels } from '../tunnels.ts';

/** Multicast of both families, of which rules may ask without naming it. */
const multicast: readonly Prefix[] = [
  { address: parseAddress('224.0.0.0')!, length: 4 },
  { address: parseAddress('ff00::')!, length: 8 },
];

/** Yields every prefix by which firewalls and tunnels tell addresses of sources or of destinations apart. */
export function* hostBlocks(declared: Declared, role: 'source' | 'destination'): Generator<Prefix> {
  for (const { ruleset } of packetFilters(declared)) {
    for (const match of matchesOf(ruleset)) {
      if (match.kind === role) yield* match.addresses.prefixes();
      if (match.kind === `${role} type`) yield* multicast;
    }
  }
  for (const { config } of readTunnels(declared.controls)) {
    for (const { allowedIps } of config.peers) yield* allowedIps.map(({ value }) => value);
  }
}

/** Returns the sets of ports between which the rules of all firewalls make no difference, ascending. */
export function hostPorts(declared: Declared): PortSet[] {
  const starts = new Set([0]);
  for (const { ruleset } of packetFilters(declared)) {
    for (const match of matchesOf(ruleset)) {
      if (!('ports' in match)) continue;
      for (const { from, to } of match.ports.ranges()) starts.add(from).add(to + 1);
    }
  }
  const sorted = [...starts].filter((port) => port <= 65535).sort((a, b) => a - b);
  return sorted.map((from, index) => PortSet.range(from, (sorted[index + 1] ?? 65536) - 1));
}

function* matchesOf({ tables }: Ruleset): Generator<Match> {
  for (const { chains } of tables) {
    for (const { rules } of chains.values()) {
      for (const { matches } of rules) yield* matches;
    }
  }
}
