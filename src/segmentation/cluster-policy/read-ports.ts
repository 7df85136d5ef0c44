import { PortSet } from '../../net/port-set.ts';
import { Protocol } from '../../net/protocol.ts';
import type { NamedPort, PolicyPorts, PortNames } from '../policy-ports.ts';
import { apiProtocolNumber, apiProtocols } from '../protocol.ts';
import { type Fields, fieldsOf } from '../values.ts';

/** What one item adds: a range of a protocol, or a name that may be of any. */
type Item = { readonly protocol: number; readonly set: PortSet } | { readonly name: string } | string;

/**
 * Returns the compiled `protocols` of a v1alpha2 rule, undefined for an absent list (any traffic), or a text that says
 * what is wrong with it.
 */
export function readProtocols(value: unknown, names: PortNames): PolicyPorts | undefined | string {
  return readList(value, 'protocols', names, (item) => {
    const field = onlyField(item);
    if (field === undefined) return 'an item of protocols needs exactly one field';
    if (field === 'destinationNamedPort') return readName(item[field]);
    const protocol = protocolFields.get(field);
    if (protocol === undefined) return `protocols has ${JSON.stringify(field)}, which is not known`;
    const port = fieldsOf(fieldsOf(item[field]).destinationPort);
    const kind = onlyField(port);
    const set =
      kind === 'number'
        ? rangeOf(port.number, port.number)
        : kind === 'range'
          ? properRange(fieldsOf(port.range))
          : undefined;
    return set === undefined ? `the destinationPort of ${field} is not a port or range` : { protocol, set };
  });
}

/** Returns the compiled `ports` of a v1alpha1 rule, as {@link readProtocols} does. */
export function readPorts(value: unknown, names: PortNames): PolicyPorts | undefined | string {
  return readList(value, 'ports', names, (item) => {
    const field = onlyField(item);
    if (field === 'namedPort') return readName(item[field]);
    if (field !== 'portNumber' && field !== 'portRange') {
      return 'an item of ports needs exactly one of portNumber, portRange and namedPort';
    }
    const fields = fieldsOf(item[field]);
    const protocol = apiProtocolNumber(fields.protocol);
    if (protocol === undefined) return `protocol ${JSON.stringify(fields.protocol)} is not TCP, UDP or SCTP`;
    const set = field === 'portNumber' ? rangeOf(fields.port, fields.port) : properRange(fields);
    return set === undefined ? `${field} is not a port or range` : { protocol, set };
  });
}

const protocolFields: ReadonlyMap<string, number> = new Map<string, number>([
  ['tcp', Protocol.Tcp],
  ['udp', Protocol.Udp],
  ['sctp', Protocol.Sctp],
]);

function readList(
  value: unknown,
  list: string,
  names: PortNames,
  read: (item: Fields) => Item,
): PolicyPorts | undefined | string {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || value.length === 0) return `${list} is not a list with items`;
  const numeric = new Map<number, PortSet>();
  const named: NamedPort[] = [];
  for (const entry of value) {
    const item = read(fieldsOf(entry));
    if (typeof item === 'string') return item;
    if ('name' in item) {
      for (const protocol of Object.values(apiProtocols)) named.push(names.resolve(item.name, protocol));
    } else numeric.set(item.protocol, (numeric.get(item.protocol) ?? PortSet.empty).union(item.set));
  }
  return { numeric, named };
}

function onlyField(fields: Fields): string | undefined {
  const set = Object.keys(fields).filter((key) => fields[key] !== undefined && fields[key] !== null);
  return set.length === 1 ? set[0] : undefined;
}

function readName(value: unknown): Item {
  return typeof value === 'string' && value !== '' ? { name: value } : 'a named port is not a name';
}

/** The API takes a range of two ports and more. */
function properRange({ start, end }: Fields): PortSet | undefined {
  return start === end ? undefined : rangeOf(start, end);
}

function rangeOf(start: unknown, end: unknown): PortSet | undefined {
  return isPort(start) && isPort(end) && start <= end ? PortSet.range(start, end) : undefined;
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65535;
}
