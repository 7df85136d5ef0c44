import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What tshark says of one frame: its protocols, and of each field all values in their order. */
export interface Dissection {
  readonly protocols: readonly string[];
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

/** One conversation as tshark sees it: values as texts of numbers and addresses; absent where it has none. */
export interface Expected {
  /** `source > destination`, as tshark writes addresses. */
  readonly ends: string;
  readonly protocol: number;
  readonly ttl: number;
  readonly ipLength: number;
  readonly fragment: string | undefined;
  readonly ports: string | undefined;
  readonly tcp: string | undefined;
  readonly icmp: string | undefined;
  readonly payloadLength: number | undefined;
  readonly vlans: string;
  readonly tunnel: string | undefined;
  /** What an ICMP error quotes: ends, protocol, ports. */
  readonly quote: string | undefined;
}

const fields = [
  ...['frame.protocols', 'vlan.id', 'ip.src', 'ip.dst', 'ip.proto', 'ip.len', 'ip.ttl', 'ip.id'],
  ...['ip.frag_offset', 'ip.flags.mf', 'ipv6.src', 'ipv6.dst', 'ipv6.nxt', 'ipv6.plen', 'ipv6.hlim'],
  ...['ipv6.fraghdr.offset', 'ipv6.fraghdr.more', 'ipv6.fraghdr.ident', 'ipv6.fraghdr.nxt'],
  ...['ipv6.hopopts.nxt', 'ipv6.dstopts.nxt', 'ipv6.routing.nxt', 'ah.next_header'],
  ...['tcp.srcport', 'tcp.dstport', 'tcp.flags', 'tcp.seq_raw', 'tcp.ack_raw', 'tcp.window_size_value'],
  ...['tcp.len', 'udp.srcport', 'udp.dstport', 'udp.length'],
  ...['sctp.srcport', 'sctp.dstport', 'dccp.srcport', 'dccp.dstport', 'icmp.type', 'icmp.code', 'icmp.ident'],
  ...['icmpv6.type', 'icmpv6.code', 'icmpv6.echo.identifier', 'vxlan.vni', 'geneve.vni', 'gtp.teid'],
  ...['gre.key', 'gre.key.call_id', 'mpls.label', 'pppoe.session_id', 'erspan.spanid', 'l2tp.session'],
  '_ws.malformed',
];

const preferences = [
  ...['ip.defragment:FALSE', 'ipv6.defragment:FALSE', 'tcp.desegment_tcp_streams:FALSE'],
  // Only what is written in the header; no checks that would stop it.
  ...['ip.tso_support:TRUE', 'ip.check_checksum:FALSE', 'tcp.check_checksum:FALSE'],
];

/** Returns what tshark says of all frames of a capture, run with more options. */
export async function dissect(file: string, options: readonly string[] = []): Promise<Dissection[]> {
  const { stdout } = await promisify(execFile)(
    'tshark',
    [
      ...['-n', '-r', file, '-T', 'fields', '-E', 'occurrence=a', '-E', 'aggregator=,', '-E', 'separator=/t'],
      ...preferences.flatMap((preference) => ['-o', preference]),
      ...fields.flatMap((field) => ['-e', field]),
      ...options,
    ],
    { maxBuffer: 2 ** 30 },
  );
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const values = line.split('\t');
      return {
        protocols: values[0]!.split(':'),
        fields: new Map(fields.map((field, i) => [field, values[i] ? values[i].split(',') : []])),
      };
    });
}

/** Names of layers in which tshark shows packets that the frame only tells of. */
const tellers = new Set(['sflow', 'cflow', 'lisp']);
const transports = new Set(['tcp', 'udp', 'udplite', 'sctp', 'dccp']);
const tunnelFields: ReadonlyMap<string, readonly [kind: string, field: string | undefined]> = new Map([
  ['vxlan', ['vxlan', 'vxlan.vni']],
  ['geneve', ['geneve', 'geneve.vni']],
  ['gtp', ['gtp-u', 'gtp.teid']],
  ['gre', ['gre', 'gre.key']],
  ['erspan', ['erspan', 'erspan.spanid']],
  ['mpls', ['mpls', 'mpls.label']],
  ['pppoes', ['pppoe', 'pppoe.session_id']],
  ['teredo', ['teredo', undefined]],
  ['capwap.data', ['capwap', undefined]],
  ['l2tp', ['l2tp', 'l2tp.session']],
]);

/**
 * Returns the innermost conversation of a dissection, by going through its protocols and taking of each field as many values as
 * headers were passed; undefined where there is no IP.
 */
export function innermost({ protocols, fields: values }: Dissection): Expected | undefined {
  const taken = new Map<string, number>();
  const take = (field: string): string | undefined => {
    const at = taken.get(field) ?? 0;
    taken.set(field, at + 1);
    return values.get(field)![at];
  };
  const number = (text: string | undefined): number => (text === undefined ? -1 : Number(text));
  const vlans: number[] = [];
  let found: Expected | undefined;
  /** The conversation around a quote. */
  let quoting: Expected | undefined;
  let pending: string | undefined;
  for (const [at, name] of protocols.entries()) {
    if (name === 'vlan') {
      const id = number(take('vlan.id'));
      if (id > 0) vlans.push(id);
    } else if (tunnelFields.has(name)) {
      const [kind, field] = tunnelFields.get(name)!;
      // Of a stack of labels the last counts.
      const all = field === undefined ? [] : values.get(field)!;
      const headers = protocols.filter((other) => other === name).length;
      const isCall = name === 'gre' && protocols[at + 1] === 'ppp';
      const id =
        field === undefined
          ? undefined
          : kind === 'mpls'
            ? all.at(-1)
            : take(isCall ? 'gre.key.call_id' : field);
      // Where some of several headers have none, nobody can tell whose it is.
      const isClear = kind === 'mpls' || all.length === 0 || all.length === headers;
      pending = isClear ? `${kind} ${number(id)}` : kind;
    } else if (name === 'ip' && protocols[at - 1] === 'nflog' && protocols[at + 1] === 'ipv6') {
      // It gives IPv6 to the dissector of IPv4 first, which hands it on.
      if (values.get('ip.src')!.length === protocols.filter((other) => other === 'ip').length)
        return undefined;
    } else if (name === 'ip') {
      const ends = `${take('ip.src')} > ${take('ip.dst')}`;
      const offset = number(take('ip.frag_offset')) * 8;
      const more = isTrue(take('ip.flags.mf'));
      const id = number(take('ip.id'));
      const protocol = number(take('ip.proto'));
      if (found !== undefined && pending === undefined) pending = 'ipip -1';
      found = {
        ...{ ends, protocol, ttl: number(take('ip.ttl')), ipLength: number(take('ip.len')) },
        fragment: offset > 0 || more ? `${id} ${offset} ${more}` : undefined,
        ...{ ports: undefined, tcp: undefined, icmp: undefined, payloadLength: undefined, quote: undefined },
        ...{ vlans: vlans.join(), tunnel: pending ?? found?.tunnel },
      };
      pending = undefined;
    } else if (name === 'ipv6') {
      if (found !== undefined && pending === undefined) pending = 'ipip -1';
      found = {
        ends: `${take('ipv6.src')} > ${take('ipv6.dst')}`,
        protocol: number(take('ipv6.nxt')),
        ttl: number(take('ipv6.hlim')),
        ipLength: number(take('ipv6.plen')) + 40,
        fragment: undefined,
        ...{ ports: undefined, tcp: undefined, icmp: undefined, payloadLength: undefined, quote: undefined },
        ...{ vlans: vlans.join(), tunnel: pending ?? found?.tunnel },
      };
      pending = undefined;
    } else if (name.startsWith('ipv6.') || name === 'ah') {
      const field = name === 'ah' ? 'ah.next_header' : `${name}.nxt`;
      const next = values.has(field) ? take(field) : undefined;
      if (found && next !== undefined) found = { ...found, protocol: number(next) };
      if (found && name === 'ipv6.fraghdr') {
        const offset = number(take('ipv6.fraghdr.offset'));
        const more = isTrue(take('ipv6.fraghdr.more'));
        const id = number(take('ipv6.fraghdr.ident'));
        if (offset > 0 || more) found = { ...found, fragment: `${id} ${offset} ${more}` };
      }
    } else if (found && transports.has(name)) {
      const prefix = name === 'udplite' ? 'udp' : name;
      const ports = `${take(`${prefix}.srcport`)} ${take(`${prefix}.dstport`)}`;
      found = { ...found, ports };
      if (name === 'tcp') {
        const flags = number(take('tcp.flags'));
        const rest = `${take('tcp.seq_raw')} ${take('tcp.ack_raw')} ${take('tcp.window_size_value')}`;
        const length = take('tcp.len');
        found = {
          ...found,
          // It shows three reserved bits among them.
          tcp: flags < 0 ? undefined : `${flags & 0x1ff} ${rest}`,
          payloadLength: length === undefined ? undefined : number(length),
        };
      } else if (name === 'udp') {
        const length = number(take('udp.length'));
        if (length >= 8) found = { ...found, payloadLength: length - 8 };
      }
    } else if (found && (name === 'icmp' || name === 'icmpv6')) {
      const type = number(take(`${name}.type`));
      const isEcho = name === 'icmp' ? type === 0 || type === 8 || type >= 13 : type >= 128;
      const id = isEcho ? take(name === 'icmp' ? 'icmp.ident' : 'icmpv6.echo.identifier') : undefined;
      const icmp = `${type} ${take(`${name}.code`)} ${id === undefined ? 0 : number(id)}`;
      found = { ...found, icmp };
      if (quoting !== undefined) break;
      quoting = found;
      found = undefined;
      pending = undefined;
    }
    if (tellers.has(name)) break;
  }
  if (quoting === undefined) return found;
  return { ...quoting, quote: found && `${found.ends} ${found.protocol} ${found.ports ?? '0 0'}` };
}

function isTrue(text: string | undefined): boolean {
  return text === '1' || text === 'True';
}
