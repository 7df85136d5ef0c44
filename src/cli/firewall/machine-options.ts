import type { Machine, MachineInterface, Route } from '../../firewall/machine/machine.ts';
import { parseAddress } from '../../net/address.ts';
import { parsePrefix } from '../../net/prefix.ts';
import { type OptionDefinition, UsageError } from '../command.ts';

/** The options that say what machine has the packet filter. */
export const machineOptions: readonly OptionDefinition[] = [
  {
    flags: '--interface <name=address/length,…>',
    description: 'an interface of the machine with its addresses; several times',
    repeatable: true,
  },
  {
    flags: '--route <prefix=interface>',
    description: 'where packets to other networks leave; several times',
    repeatable: true,
  },
  { flags: '--no-forwarding', description: 'the machine passes nothing on (ip_forward is 0)' },
  { flags: '--strict', description: 'TCP is not taken up in its middle (nf_conntrack_tcp_loose is 0)' },
];

type Options = Readonly<Record<string, unknown>>;

/** Returns the machine that options tell of. Throws UsageError. */
export function machineOf(options: Options): Machine {
  const interfaces = texts(options.interface).map(interfaceOf);
  if (interfaces.length === 0)
    throw new UsageError('the machine has no interface', 'say --interface eth0=198.51.100.2/24');
  const names = new Set(interfaces.map(({ name }) => name));
  return {
    interfaces,
    routes: texts(options.route).flatMap((text) => routesOf(text, names)),
    forwards: options.forwarding !== false,
    looseTcp: options.strict !== true,
  };
}

function interfaceOf(text: string): MachineInterface {
  const [, name, list] = /^([^=\s]{1,15})=(.+)$/.exec(text) ?? [];
  if (name === undefined || list === undefined)
    throw new UsageError(
      `--interface ${text} is not name=address/length`,
      'e.g. eth0=198.51.100.2/24,2001:db8::2/64',
    );
  return {
    name,
    addresses: list.split(',').map((item) => {
      const [base = '', length] = item.split('/');
      const address = parseAddress(base);
      const prefix =
        parsePrefix(`${base}/${length}`) ??
        (address && prefixLength(length, address.family === 4 ? 32 : 128));
      if (address === undefined || prefix === undefined) throw new UsageError(`${item} is no address/length`);
      return { address, length: Number(length) };
    }),
  };
}

function prefixLength(text: string | undefined, most: number): number | undefined {
  return text !== undefined && /^\d{1,3}$/.test(text) && Number(text) <= most ? Number(text) : undefined;
}

/** `default` is one of each IP version. */
function routesOf(text: string, names: ReadonlySet<string>): Route[] {
  const [, prefix = '', out = ''] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  const prefixes = (prefix === 'default' ? ['0.0.0.0/0', '::/0'] : [prefix]).map(parsePrefix);
  if (!names.has(out) && prefixes[0] !== undefined)
    throw new UsageError(`--route ${text}: there is no interface ${out}`);
  return prefixes.map((to) => {
    if (to === undefined)
      throw new UsageError(`--route ${text} is not prefix=interface`, 'e.g. 10.0.0.0/8=eth1');
    return { to, out };
  });
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
