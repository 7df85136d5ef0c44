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
  port: number,
): { readonly flows: readonly TsharkFlow[]; readonly setsWithoutTemplate: number } {
  const folder = mkdtempSync(join(tmpdir(), 'picket-tshark-'));
  try {
    const merged = join(folder, 'all.pcap');
    execFileSync('mergecap', ['-a', '-F', 'pcap', '-w', merged, ...files], { stdio: 'ignore' });
    const text = execFileSync(
      'tshark',
      ['-n', '-r', merged, '-d', `udp.port==${port},cflow`, '-T', 'json', '-J', 'cflow'],
      { encoding: 'utf8', maxBuffer: 2 ** 29, stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const flows: TsharkFlow[] = [];
    let setsWithoutTemplate = 0;
    const frames = JSON.parse(text) as { _source: { layers: { cflow?: Node | Node[] } } }[];
    for (const { _source } of frames) {
      const found = _source.layers.cflow;
      for (const cflow of found === undefined ? [] : [found].flat()) {
        const header = flatten(cflow, (key) => /^(Flow|pdu|Set|FlowSet) /.test(key));
        visit(cflow, (key, node) => {
          if (/^(Flow|pdu) \d/.test(key)) {
            const flow = flowOf(
              header,
              flatten(node, () => false),
            );
            if (flow !== undefined) flows.push(flow);
          } else if (
            'cflow.no_template_found' in node ||
            /no template found/.test(JSON.stringify(node).slice(0, 400))
          )
            if (/^(Flow)?Set /.test(key)) setsWithoutTemplate++;
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

/** All texts below a node by their keys, without what lies under keys that `skip`. Of several of one key the first. */
function flatten(
  node: Node,
  skip: (key: string) => boolean,
  into = new Map<string, string>(),
): Map<string, string> {
  for (const [key, value] of Object.entries(node)) {
    if (skip(key)) continue;
    if (typeof value === 'string') {
      if (!into.has(key)) into.set(key, value);
    } else if (Array.isArray(value)) {
      const [first] = value;
      if (typeof first === 'string' && !into.has(key)) into.set(key, first);
    } else flatten(value as Node, skip, into);
  }
  return into;
}

function flowOf(header: Map<string, string>, fields: Map<string, string>): TsharkFlow | undefined {
  const number = (...names: string[]) => {
    for (const name of names) {
      const text = fields.get(`cflow.${name}`);
      if (text !== undefined) return Number(text);
    }
    return undefined;
  };
  const text = (...names: string[]) => {
    const found = names.map((name) => fields.get(`cflow.${name}`)).filter((value) => value !== undefined);
    // Both families stand in some records, one of them empty.
    return found.find((value) => value !== '0.0.0.0' && value !== '::') ?? found[0];
  };
  const source = text('srcaddr', 'srcaddrv6');
  const destination = text('dstaddr', 'dstaddrv6');
  if (source === undefined && destination === undefined) return undefined;
  const uptime = header.get('cflow.sysuptime');
  const exported = header.get('cflow.timestamp');
  const exportTime = exported === undefined ? undefined : timeOf(exported);
  const time = (absolute: string, relative: string) => {
    const at = fields.get(`cflow.${absolute}`);
    if (at !== undefined) return timeOf(at);
    const since = fields.get(`cflow.${relative}`);
    if (since === undefined || uptime === undefined || exportTime === undefined) return undefined;
    return exportTime - Math.round(Number(uptime) * 1000) + Math.round(Number(since) * 1000);
  };
  return {
    version: Number(header.get('cflow.version')),
    source: source ?? '0.0.0.0',
    destination: destination ?? '0.0.0.0',
    sourcePort: number('srcport'),
    destinationPort: number('dstport'),
    protocol: number('protocol'),
    packets: number('packets', 'permanent_packets', 'initiator_packets'),
    bytes: number('octets', 'permanent_octets', 'initiator_octets'),
    reversePackets: number('rev_packet_delta_count', 'packetdeltacount_reverse', 'responder_packets'),
    reverseBytes: number('rev_octet_delta_count', 'octetdeltacount_reverse', 'responder_octets'),
    input: number('inputint'),
    output: number('outputint'),
    tcpFlags: number('tcpflags'),
    tos: number('tos'),
    direction: number('direction'),
    start: time('abstimestart', 'timestart'),
    end: time('abstimeend', 'timeend'),
  };
}

/** Milliseconds of `Mar 14, 2022 19:25:28.123000000 UTC`. */
function timeOf(text: string): number {
  const [, whole, fraction = '0'] = /^(.*?\d\d:\d\d:\d\d)(?:\.(\d+))?/.exec(text) ?? [];
  return Date.parse(`${whole} UTC`) + Number(`0.${fraction}`) * 1000;
}
