import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A record of flows as tshark reads it; what the record has not is absent. */
export interface TsharkFlow {
  readonly version: number;
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number | undefined;
  readonly destinationPort: number | undefined;
  readonly protocol: number | undefined;
  readonly packets: number | undefined;
  readonly bytes: number | undefined;
  readonly reversePackets: number | undefined;
  readonly reverseBytes: number | undefined;
  readonly input: number | undefined;
  readonly output: number | undefined;
  readonly tcpFlags: number | undefined;
  readonly reverseTcpFlags: number | undefined;
  readonly tos: number | undefined;
  readonly direction: number | undefined;
  /** Milliseconds since the epoch, where tshark has what is needed. */
  readonly start: number | undefined;
  readonly end: number | undefined;
}

interface Node {
  readonly [key: string]: string | Node | readonly (string | Node)[];
}

/**
 * Returns the records with addresses that tshark reads of captures, which are taken for one, in the given order; and how many sets it had no template for.
 */
export function tsharkFlows(
  files: readonly string[],
  ports: readonly number[],
): { readonly flows: readonly TsharkFlow[]; readonly setsWithoutTemplate: number } {
  const folder = mkdtempSync(join(tmpdir(), 'picket-tshark-'));
  try {
    const merged = join(folder, 'all.pcapng');
    execFileSync('mergecap', ['-a', '-F', 'pcapng', '-w', merged, ...files], { stdio: 'ignore' });
    const text = execFileSync(
      'tshark',
      [
        '-n',
        '-r',
        merged,
        ...ports.flatMap((port) => ['-d', `udp.port==${port},cflow`]),
        '-T',
        'json',
        '--no-duplicate-keys',
        '-J',
        'cflow',
      ],
      { encoding: 'utf8', maxBuffer: 2 ** 29, stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const flows: TsharkFlow[] = [];
    let setsWithoutTemplate = 0;
    let systemInit: number | undefined;
    const frames = JSON.parse(text) as { _source: { layers: { cflow?: Node | Node[] } } }[];
    for (const { _source } of frames) {
      const found = _source.layers.cflow;
      for (const cflow of found === undefined ? [] : [found].flat()) {
        const header = flatten(cflow, (key) => /^(Flow|pdu|Set|FlowSet) /.test(key));
        visit(cflow, (key, node) => {
          if (/^(Flow|pdu) \d/.test(key)) {
            const fields = flatten(node, () => false);
            const init = fields.get('cflow.sys_init_time')?.[0];
            if (init !== undefined) systemInit = timeOf(init);
            const flow = flowOf(header, fields, systemInit);
            if (flow !== undefined) flows.push(flow);
          } else if (/^(Flow)?Set /.test(key) && /no template found/.test(Object.keys(node).join())) {
            setsWithoutTemplate++;
          }
        });
      }
    }
    return { flows, setsWithoutTemplate };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function visit(node: Node, seen: (key: string, node: Node) => void): void {
  for (const [key, value] of Object.entries(node)) {
    if (typeof value !== 'object' || Array.isArray(value)) continue;
    seen(key, value as Node);
    visit(value as Node, seen);
  }
}

/** All texts below a node by their keys, without what lies under keys that `skip`. */
function flatten(
  node: Node,
  skip: (key: string) => boolean,
  into = new Map<string, string[]>(),
): Map<string, string[]> {
  for (const [key, value] of Object.entries(node)) {
    if (skip(key)) continue;
    for (const one of [value].flat() as (string | Node)[]) {
      if (typeof one !== 'string') flatten(one, skip, into);
      else into.set(key, [...(into.get(key) ?? []), one]);
    }
  }
  return into;
}

function flowOf(
  header: Map<string, string[]>,
  fields: Map<string, string[]>,
  systemInit: number | undefined,
): TsharkFlow | undefined {
  const number = (index: number, ...names: string[]) => {
    for (const name of names) {
      const text = fields.get(`cflow.${name}`)?.[index];
      if (text !== undefined) return Number(text);
    }
    return undefined;
  };
  const text = (...names: string[]) => {
    const found = names.flatMap((name) => fields.get(`cflow.${name}`)?.[0] ?? []);
    // Both families stand in some records, one of them empty.
    return found.find((value) => value !== '0.0.0.0' && value !== '::') ?? found[0];
  };
  const source = text('srcaddr', 'srcaddrv6');
  const destination = text('dstaddr', 'dstaddrv6');
  if (source === undefined && destination === undefined) return undefined;
  const uptime = header.get('cflow.sysuptime')?.[0];
  const exported = header.get('cflow.timestamp')?.[0];
  const boot =
    uptime !== undefined && exported !== undefined
      ? timeOf(exported) - Math.round(Number(uptime) * 1000)
      : systemInit;
  const time = (absolute: string, relative: string) => {
    const at = fields.get(`cflow.${absolute}`)?.[0];
    if (at !== undefined && timeOf(at) !== 0) return timeOf(at);
    // Of a time of 0 since the start tshark makes the epoch.
    const since = at === undefined ? fields.get(`cflow.${relative}`)?.[0] : '0';
    return since === undefined || boot === undefined ? undefined : boot + Math.round(Number(since) * 1000);
  };
  const [type6, code6] = [number(0, 'icmp_ipv6_type'), number(0, 'icmp_ipv6_code')];
  const icmp6 = type6 === undefined ? undefined : type6 * 256 + (code6 ?? 0);
  return {
    version: Number(header.get('cflow.version')?.[0]),
    source: source ?? '0.0.0.0',
    destination: destination ?? '0.0.0.0',
    sourcePort: number(0, 'srcport'),
    destinationPort: number(0, 'dstport', 'icmp_type_code_ipv4') ?? icmp6,
    protocol: number(0, 'protocol'),
    packets: number(0, 'packets', 'permanent_packets', 'initiator_packets'),
    bytes: number(0, 'octets', 'permanent_octets', 'initiator_octets'),
    // Reverse elements have the names of the others; they come second.
    reversePackets: number(1, 'packets'),
    reverseBytes: number(1, 'octets'),
    input: number(0, 'inputint'),
    output: number(0, 'outputint'),
    tcpFlags: number(0, 'tcpflags'),
    reverseTcpFlags: number(1, 'tcpflags'),
    tos: number(0, 'tos'),
    direction: number(0, 'direction'),
    start: time('abstimestart', 'timestart'),
    end: time('abstimeend', 'timeend'),
  };
}

/** Milliseconds of `Mar 14, 2022 19:25:28.123000000 UTC`. */
function timeOf(text: string): number {
  const [, whole, fraction = '0'] = /^(.*?\d\d:\d\d:\d\d)(?:\.(\d+))?/.exec(text) ?? [];
  return Date.parse(`${whole} UTC`) + Number(`0.${fraction}`) * 1000;
}
