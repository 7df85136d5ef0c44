import type { ProbeTarget } from '../../enforce/machine/probes.ts';
import { type RiskName, risks } from '../../firewall/guard/control-path.ts';
import type { Administrator } from '../../firewall/guard/machine.ts';
import { parseAddress } from '../../net/address.ts';
import { hostPrefix, parsePrefix } from '../../net/prefix.ts';
import { type Invocation, type OptionDefinition, UsageError } from '../command.ts';
import { labelOption } from '../firewall/choose-declaration.ts';
import { stateOption } from '../state.ts';

type Options = Invocation['options'];

/** Where the wanted state comes from. */
export const desiredOptions: readonly OptionDefinition[] = [
  labelOption,
  {
    flags: '--nft <file>',
    description: 'a file that holds exactly `table inet picket { … }`, or - for standard input',
  },
  { flags: '--remove', description: "no table at all: take Picket's away" },
];

/** What is known of the machine beside what it tells itself. */
export const machineOptions: readonly OptionDefinition[] = [
  {
    flags: '--admin <prefix>',
    description: 'addresses that ssh must stay open for, e.g. 203.0.113.0/28; may be repeated',
    repeatable: true,
  },
  stateOption,
];

/** How a change is let through and kept. */
export const commitOptions: readonly OptionDefinition[] = [
  {
    flags: '--accept-risk <names>',
    description: `go on though this may be cut, joined by commas: ${Object.keys(risks).join(', ')}`,
  },
  {
    flags: '--confirm <time>',
    description: 'how long the change is in force before the old state comes back by itself',
    default: '60s',
  },
  {
    flags: '--confirm-by <whom>',
    description:
      'who confirms: a person at the terminal or by picket confirm, the probes, or nobody (the change stays at once)',
    choices: ['person', 'probe', 'nobody'],
    default: 'person',
  },
  {
    flags: '--probe <host:port>',
    description: 'a TCP address that must still be reached from here afterwards; may be repeated',
    repeatable: true,
  },
  { flags: '--reason <text>', description: 'why, for the journal' },
];

/** Names that the user accepts. Throws UsageError. */
export function acceptedRisks({ acceptRisk }: Options): readonly RiskName[] {
  if (acceptRisk === undefined) return [];
  return String(acceptRisk)
    .split(',')
    .map((name) => {
      if (Object.hasOwn(risks, name)) return name as RiskName;
      throw new UsageError(`there is no risk ${name}`, `they are ${Object.keys(risks).join(', ')}`);
    });
}

/** Prefixes of administrators. Throws UsageError. */
export function adminsOf({ admin }: Options): readonly Administrator[] {
  return ((admin as string[] | undefined) ?? []).map((text) => {
    const address = parseAddress(text);
    const prefix = address === undefined ? parsePrefix(text) : hostPrefix(address);
    if (prefix === undefined)
      throw new UsageError(`--admin ${text} is no address or prefix`, 'write 203.0.113.0/28 or 2001:db8::7');
    return { prefix };
  });
}

/** Addresses that have to be reached. Throws UsageError. */
export function probesOf({ probe }: Options): readonly ProbeTarget[] {
  return ((probe as string[] | undefined) ?? []).map((text) => {
    const [, bracketed, plain, port] = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/i.exec(text) ?? [];
    const host = bracketed ?? plain;
    if (host === undefined || Number(port) < 1 || Number(port) > 65_535)
      throw new UsageError(`--probe ${text} is no host:port`, 'write 203.0.113.64:6443 or [2001:db8::7]:443');
    return { host, port: Number(port) };
  });
}
