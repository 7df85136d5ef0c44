import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { env } from 'node:process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { formatAddress } from '../../net/address.ts';
import { CaptureFlows } from '../capture-flows.ts';

const shared = env.PICKET_SHARED ?? fileURLToPath(new URL('../../../../shared', import.meta.url));
const folder = join(shared, 'data/detect/dns');
const hasTshark = spawnSync('tshark', ['--version']).status === 0;
const skip = !hasTshark ? 'needs tshark' : existsSync(folder) ? undefined : `${folder} is absent`;

const files = [
  'dns2tcp-key_00002_20230905100101.pcap',
  'dnscat2-txt_00001_20230903183304.pcap',
  'normal_00004_20230805165638.pcap',
];

/** Source, destination, response or not, type, code and name of each message as Wireshark decodes it. */
function theirs(path: string): string[] {
  const fields = [
    'ip.src',
    'ip.dst',
    'dns.flags.response',
    'dns.qry.type',
    'dns.flags.rcode',
    'dns.qry.name',
  ];
  const { stdout } = spawnSync(
    'tshark',
    ['-r', path, '-Y', 'dns && udp && !icmp', '-T', 'fields', ...fields.flatMap((field) => ['-e', field])],
    { encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [from, to, isResponse, type, code, name = ''] = line.split('\t');
      const truth = isResponse === '1' || isResponse === 'True';
      return [from, to, truth, Number(type), Number(code || 0), name.toLowerCase()].join(' ');
    });
}

describe.skipIf(skip)(`questions and answers of DNS${skip ? `: ${skip}` : ''}`, { timeout: 60_000 }, () => {
  test.each(files)('%s: as Wireshark decodes them', (name) => {
    const path = join(folder, name);
    const ours: string[] = [];
    const capture = new CaptureFlows(
      { maxFlows: 65_536 },
      {
        ended: () => {},
        dns: ({ client, server, isResponse, type, code, name }) => {
          const [from, to] = (isResponse ? [server, client] : [client, server]).map(formatAddress);
          ours.push([from, to, isResponse, type, code, name].join(' '));
        },
      },
    );
    capture.push(readFileSync(path));
    capture.end();
    const wanted = theirs(path);
    expect(wanted.length).toBeGreaterThan(5000);
    // An answer that the capture begins with is of nobody's question: the flow is taken to begin with it.
    const missing = difference(wanted, ours);
    expect(difference(ours, wanted)).toEqual([]);
    expect(missing.length).toBeLessThan(wanted.length / 1000);
  });
});

/** What of `some` is not in `others`, as often as it is more. */
function difference(some: readonly string[], others: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const one of others) counts.set(one, (counts.get(one) ?? 0) + 1);
  return some.filter((one) => {
    const left = counts.get(one) ?? 0;
    counts.set(one, left - 1);
    return left <= 0;
  });
}
