import { type MachineHints, readMachine } from '../../enforce/machine/read-machine.ts';
import { sshLogins } from '../../enforce/machine/ssh-logins.ts';
import { NftablesEnforcer } from '../../enforce/nftables.ts';
import type { Runner } from '../../enforce/runner.ts';
import type { RiskName } from '../../firewall/guard/control-path.ts';
import { findCuts } from '../../firewall/guard/find-cuts.ts';
import type { Machine } from '../../firewall/guard/machine.ts';
import { readMachineRules } from '../../firewall/guard/machine-rules.ts';
import { parseNft } from '../../firewall/nft.ts';
import type { Ruleset } from '../../firewall/ruleset.ts';
import type { Address } from '../../net/address.ts';
import type { Action } from '../../respond/model.ts';
import { judgedText } from '../../respond/table.ts';

/** What a machine is like when a decision is made. */
export interface Surroundings {
  readonly machine: Machine;
  /** From where people are logged in. */
  readonly logins: readonly Address[];
  /** Everything that filters packets here. */
  readonly rules: Ruleset;
  /** ms of the process's clock (performance.now()). */
  readonly readAt: number;
}

/**
 * Ways that a machine itself opens or lives on. Not those of who is connected to it (ssh, the API server, open connections): anybody can
 * open a connection, and would be safe from every response by it. Who is logged in is protected by name.
 */
const asked: ReadonlySet<RiskName> = new Set([
  'dns',
  'dhcp',
  'wireguard',
  'loopback',
  'neighbour-discovery',
  'path-mtu',
]);
const none: Ruleset = { tables: [], opaque: [] };

/** Returns what the machine is like now. Throws an Error where it cannot be asked. */
export async function readSurroundings(runner: Runner, hints: MachineHints): Promise<Surroundings> {
  const [machine, logins, filter] = await Promise.all([
    readMachine(runner, hints),
    sshLogins(runner),
    new NftablesEnforcer(runner).read(),
  ]);
  const { own, others, dumps } = filter;
  return {
    machine,
    logins,
    rules: readMachineRules({ nft: `${own}\n${others}`, dumps }),
    readAt: performance.now(),
  };
}

/** Returns what of the machine's own ways an action would newly cut, in words. */
export function controlCuts({ machine, rules }: Surroundings, action: Action): readonly string[] {
  const after = parseNft(judgedText(action)).ruleset;
  return findCuts({ before: none, after, others: rules }, machine)
    .filter(({ risk }) => asked.has(risk))
    .map(({ title }) => title);
}
