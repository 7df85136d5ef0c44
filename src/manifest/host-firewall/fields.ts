import { z } from 'zod';
import { nearest } from '../../diagnostic/suggest.ts';
import { parseAddress } from '../../net/address.ts';
import { PortSet } from '../../net/port-set.ts';
import { hasHostBits, parsePrefix } from '../../net/prefix.ts';
import { Protocol, protocolNumber } from '../../net/protocol.ts';
import { breach, type RuleContext } from '../kinds/fields.ts';
import { firewallRule, firewallValue, unknownService } from './codes.ts';
import { hostServices } from './services.ts';
import { isInterfaceName, isPartName, parseDuration, parseLimit } from './values.ts';

/** One value or a list of them. */
export function oneOrMany<T extends z.ZodType>(schema: T) {
  return z.union([schema, z.array(schema)], { error: 'must be one value or a list' });
}

/** Returns the values of a field of {@link oneOrMany}; none when it is left out. */
export function manyOf<T>(value: T | readonly T[] | null | undefined): readonly T[] {
  if (value === null || value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

/** A text that `reads`; otherwise `problem` says what is wrong with it, and `help` what to write. */
function textThatReads(reads: (text: string) => boolean, problem: string, help: string) {
  return z.string().superRefine((text, context) => {
    if (!reads(text)) breach(context, { code: firewallValue, help }, [], `\`${text}\` ${problem}`);
  });
}

/** An address or a range. */
export const prefix = () =>
  z.string().superRefine((text, context) => {
    const problem = prefixProblem(text);
    if (problem !== undefined)
      breach(context, { code: firewallValue, help: problem.help }, [], problem.message);
  });

/** Returns what is wrong with the text of an address or range, or undefined. */
export function prefixProblem(text: string): { readonly message: string; readonly help: string } | undefined {
  if (parseAddress(text) !== undefined) return undefined;
  if (parsePrefix(text) === undefined)
    return {
      message: `\`${text}\` is neither an address nor a range in CIDR form`,
      help: 'write e.g. `192.0.2.7`, `192.0.2.0/24` or `2001:db8::/32`',
    };
  if (hasHostBits(text))
    return {
      message: `\`${text}\` has bits set after its length`,
      help: 'write the first address of the range, or the address alone',
    };
  return undefined;
}

export const interfaceName = () =>
  textThatReads(
    isInterfaceName,
    'is no name of an interface',
    'write up to 15 letters, digits and any of . _ - @ +, with `*` behind for all that begin so',
  );

export const limit = () =>
  textThatReads(
    (text) => parseLimit(text) !== undefined,
    'is no rate',
    'write e.g. `10/minute`, `10/minute per source` or `10/minute per source burst 20`',
  );

export const duration = () =>
  textThatReads(
    (text) => parseDuration(text) !== undefined,
    'is no time',
    'write e.g. `30s`, `10m`, `1h30m` or `2d`, up to 366 days',
  );

/** A service by name. */
export const service = () =>
  z.string().superRefine((text, context) => {
    if (Object.hasOwn(hostServices, text)) return;
    const guess = nearest(text, Object.keys(hostServices));
    const help =
      guess === undefined
        ? 'the reference of the host firewall lists all names; or write `protocol` and `ports`'
        : `write \`${guess}\``;
    const meant = guess === undefined ? '' : `, did you mean \`${guess}\`?`;
    breach(context, { code: unknownService, help }, [], `there is no service \`${text}\`${meant}`);
  });

/** A protocol by keyword or number. */
export const transport = () =>
  z
    .union([z.string(), z.int().min(0).max(255)], { error: 'must be the name or number of a protocol' })
    .superRefine((value, context) => {
      if (protocolNumber(String(value)) !== undefined) return;
      const guess = nearest(String(value), Object.keys(Protocol));
      const help =
        guess === undefined ? 'write e.g. `tcp`, `udp` or its number' : `write \`${guess.toLowerCase()}\``;
      breach(context, { code: firewallValue, help }, [], `there is no protocol \`${value}\``);
    });

/** A port or a range of ports. */
export const port = () =>
  z
    .union([z.int(), z.string()], { error: 'must be a port or a range of ports' })
    .superRefine((value, context) => {
      if (portsOf(value) !== undefined) return;
      const help = 'write a number from 1 to 65535, or a range, e.g. `8000-8090`';
      breach(context, { code: firewallValue, help }, [], `\`${value}\` is no port`);
    });

/** Returns the ports of a number or a range; undefined for other values. Port 0 is none, but ranges may begin with it. */
export function portsOf(value: number | string): PortSet | undefined {
  const text = String(value);
  const ports = /^\d{1,5}(-\d{1,5})?$/.test(text) ? PortSet.parse(text) : undefined;
  return ports?.equals(PortSet.of(0)) ? undefined : ports;
}

/** Returns what is wrong with the name of a zone or block set, or undefined. */
export function partName(name: string): string | undefined {
  return isPartName(name)
    ? undefined
    : `\`${name}\` is no name: it must begin with a small letter and have up to 31 small letters, digits and \`-\``;
}

interface Traffic {
  readonly service?: unknown;
  readonly protocol?: number | string | readonly (number | string)[] | null | undefined;
  readonly ports?: unknown;
}

const withPorts = new Set<number>([Protocol.Tcp, Protocol.Udp, Protocol.Sctp]);

/** Tells whether rules can name ports of a protocol. */
export function hasPorts(protocol: number): boolean {
  return withPorts.has(protocol);
}

/** Reports a rule that says twice what traffic it means, or gives ports where there are none. */
export function checkTraffic(value: Traffic, context: RuleContext): void {
  const { service: named, protocol, ports } = value;
  if (named && (protocol || ports)) {
    const help = 'make two rules of it: one with `service`, one with `protocol` and `ports`';
    const second = ports ? 'ports' : 'protocol';
    breach(context, { code: firewallRule, help }, [second], `\`${second}\` cannot stand with \`service\``);
  }
  if (ports) {
    const without = manyOf(protocol).find((one) => {
      const number = protocolNumber(String(one));
      return number !== undefined && !hasPorts(number);
    });
    if (without !== undefined) {
      const help = 'leave `ports` out, or name `tcp`, `udp` or `sctp`';
      breach(context, { code: firewallRule, help }, ['ports'], `${without} has no ports that rules can name`);
    }
  }
  for (const field of ['service', 'protocol', 'ports'] as const) refuseEmpty(value[field], field, context);
}

/** Reports lists of ends in which nobody is. */
export function checkFrom(
  value: { readonly from?: unknown; readonly to?: unknown },
  context: RuleContext,
): void {
  for (const field of ['from', 'to'] as const) refuseEmpty(value[field], field, context);
}

function refuseEmpty(value: unknown, field: string, context: RuleContext): void {
  if (!Array.isArray(value) || value.length > 0) return;
  const help = `leave \`${field}\` out for any, or leave out the rule`;
  breach(context, { code: firewallRule, help }, [field], `\`${field}\` names nothing`);
}
