import { hasPorts, type Packet } from '../../firewall/packet.ts';
import type { ConnectionState } from '../../firewall/ruleset.ts';
import { type Address, isLoopback, parseAddress } from '../../net/address.ts';
import { Protocol, protocolNumber } from '../../net/protocol.ts';
import { type OptionDefinition, UsageError } from '../command.ts';

const chains = ['input', 'forward', 'output'] as const;
const states = ['new', 'established', 'related', 'invalid', 'untracked'] as const;

/** The options that say what a packet is. */
export const packetOptions: readonly OptionDefinition[] = [
  {
    flags: '--chain <name>',
    description: 'it is for this machine, passes through it, or comes from it',
    choices: chains,
    default: 'input',
  },
  { flags: '--from <address>', description: 'source' },
  { flags: '--to <address>', description: 'destination' },
  { flags: '-p, --protocol <name>', description: 'name or number; tcp when nothing is said' },
  { flags: '--port <number>', description: 'port of the destination' },
  { flags: '--source-port <number>', description: 'port of the source' },
  { flags: '--icmp <type>', description: 'type of ICMP, or type/code' },
  { flags: '--in <interface>', description: 'interface that it comes in by' },
  { flags: '--out <interface>', description: 'interface that it goes out by' },
  {
    flags: '--state <state>',
    description: 'what connection tracking says of it',
    choices: states,
    default: 'new',
  },
  { flags: '-6, --ipv6', description: 'IPv6, where no address tells' },
];

type Options = Readonly<Record<string, unknown>>;

/** Returns the packet that options tell of; what they leave out is not known. Throws UsageError. */
export function packetOf(options: Options): Packet {
  const [source, destination] = [addressOf(options, 'from'), addressOf(options, 'to')];
  if (source !== undefined && destination !== undefined && source.family !== destination.family)
    throw new UsageError('--from and --to are of two IP versions');
  const family = source?.family ?? destination?.family ?? (options.ipv6 === true ? 6 : 4);
  if (options.ipv6 === true && family === 4) throw new UsageError('--ipv6 was said, and an address of IPv4');
  const protocol = protocolOf(options, family === 6);
  const chain = String(options.chain ?? 'input').toUpperCase() as Packet['chain'];
  const [port, sourcePort] = [numberOf(options, 'port', 65_535), numberOf(options, 'sourcePort', 65_535)];
  if ((port !== undefined || sourcePort !== undefined) && !hasPorts(protocol))
    throw new UsageError(`protocol ${String(options.protocol)} has no ports`);
  const icmp = icmpOf(options);
  const inInterface = text(options, 'in');
  const outInterface = text(options, 'out');
  if (inInterface !== undefined && chain === 'OUTPUT')
    throw new UsageError('a packet of this machine comes in by no interface', 'say --chain forward');
  if (outInterface !== undefined && chain === 'INPUT')
    throw new UsageError('a packet for this machine goes out by no interface', 'say --chain forward');
  // What is for this machine comes from another one, unless something says otherwise.
  const isLocal = chain === 'OUTPUT' || inInterface === 'lo' || (source !== undefined && isLoopback(source));
  return {
    family,
    chain,
    protocol,
    state: String(options.state ?? 'new').toUpperCase() as ConnectionState,
    local: isLocal,
    ...(source && { source }),
    ...(destination && { destination }),
    ...(port !== undefined && { port }),
    ...(sourcePort !== undefined && { sourcePort }),
    ...(inInterface !== undefined && { inInterface }),
    ...(outInterface !== undefined && { outInterface }),
    ...icmp,
  };
}

function text(options: Options, name: string): string | undefined {
  return typeof options[name] === 'string' ? options[name] : undefined;
}

function addressOf(options: Options, name: string): Address | undefined {
  const said = text(options, name);
  if (said === undefined) return undefined;
  const address = parseAddress(said);
  if (address === undefined) throw new UsageError(`--${name} ${said} is no address`);
  return address;
}

function protocolOf(options: Options, isV6: boolean): number {
  const said = text(options, 'protocol');
  if (said === undefined) {
    if (options.icmp === undefined) return Protocol.Tcp;
    return isV6 ? Protocol.Icmpv6 : Protocol.Icmp;
  }
  const protocol = protocolNumber(said);
  if (protocol === undefined) throw new UsageError(`there is no protocol ${said}`);
  return protocol === Protocol.Icmp && isV6 ? Protocol.Icmpv6 : protocol;
}

function numberOf(options: Options, name: string, most: number): number | undefined {
  const said = text(options, name);
  if (said === undefined) return undefined;
  if (!/^\d{1,5}$/.test(said) || Number(said) > most)
    throw new UsageError(`${said} is no number from 0 to ${most}`);
  return Number(said);
}

function icmpOf(options: Options): { readonly icmpType?: number; readonly icmpCode?: number } {
  const said = text(options, 'icmp');
  if (said === undefined) return {};
  const [, type, code] = /^(\d{1,3})(?:\/(\d{1,3}))?$/.exec(said) ?? [];
  if (type === undefined || Number(type) > 255 || Number(code ?? 0) > 255)
    throw new UsageError(
      `--icmp ${said} is no type, nor type/code`,
      'an echo request is 8 (IPv4) or 128 (IPv6)',
    );
  return { icmpType: Number(type), ...(code !== undefined && { icmpCode: Number(code) }) };
}
