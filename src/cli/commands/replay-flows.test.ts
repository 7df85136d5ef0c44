import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writePcap } from '../../flow/capture/write-capture.fixture.ts';
import type { FlowJson } from '../../flow/json.ts';
import { jsonLines } from '../../flow/logs/read.fixture.ts';
import { flowLogFormats } from '../../flow/logs/registry.ts';
import { flowWriters } from '../../flow/logs/writers.ts';
import { ExitCode } from '../command.ts';
import { testIo } from '../io.fixture.ts';
import { runProgram } from '../program.ts';
import { replayCommand } from './replay.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'picket-flows-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function picket(args: readonly string[], input = '') {
  const io = { ...testIo({}, input), cwd: folder };
  const code = await runProgram(args, () => io);
  return { code, ...io.written };
}

const golden = (name: string) => `../render/replay/__golden__/${name}`;
const put = (name: string, content: string | Uint8Array) => writeFileSync(join(folder, name), content);
const seconds = 1_700_000_000;

/** A record of Zeek in JSON. */
function conn(number: number, more: object = {}) {
  return {
    ts: seconds + number,
    uid: `C${number}`,
    'id.orig_h': '10.1.0.5',
    'id.orig_p': 40_000 + number,
    'id.resp_h': '10.1.0.9',
    'id.resp_p': 5432,
    proto: 'tcp',
    duration: 0.5,
    conn_state: 'SF',
    history: 'ShADadFf',
    orig_pkts: 6,
    orig_ip_bytes: 600,
    resp_pkts: 5,
    resp_ip_bytes: 5_000,
    ...more,
  };
}

const refused = {
  conn_state: 'REJ',
  history: 'Sr',
  orig_pkts: 1,
  orig_ip_bytes: 60,
  resp_pkts: 1,
  resp_ip_bytes: 40,
};
const scan = Array.from({ length: 30 }, (_, at) =>
  conn(100 + at, { 'id.orig_h': '198.51.100.66', 'id.resp_p': 1 + at, ...refused }),
);
const ping = conn(200, {
  proto: 'icmp',
  'id.orig_p': 8,
  'id.resp_p': 0,
  conn_state: 'OTH',
  history: undefined,
});
const log = `${jsonLines(conn(1), ...scan, ping)}not JSON\n`;

const manifests = `
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
spec: { containers: [{ name: web, image: web:1 }] }
status: { podIP: 10.1.0.5, podIPs: [{ ip: 10.1.0.5 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: db, namespace: shop, labels: { app: db } }
spec: { containers: [{ name: db, image: db:1 }] }
status: { podIP: 10.1.0.9, podIPs: [{ ip: 10.1.0.9 }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db-closed, namespace: shop }
spec: { podSelector: { matchLabels: { app: db } }, policyTypes: [Ingress] }
`;

test('every format and form that there is can be named', () => {
  const choices = (flag: string) =>
    replayCommand.options.find(({ flags }) => flags.startsWith(flag))?.choices;
  expect(choices('--from')).toEqual([...flowLogFormats.map(({ id }) => id), 'service-log']);
  expect(choices('--write')).toEqual(flowWriters.map(({ id }) => id));
});

describe('a log', () => {
  beforeEach(() => put('conn.json', log));

  test('alerts and sums as text', async () => {
    const { code, out, err } = await picket(['replay', 'conn.json']);
    expect(code).toBe(ExitCode.problems);
    await expect(out).toMatchFileSnapshot(golden('replay.golden.txt'));
    expect(err).toBe(
      'not read: conn.json: line 33: not JSON\n1 alert over 32 flows of conn.json (zeek-json)\n',
    );
  });

  test('as JSON, by its schema, and as JSON lines', async () => {
    const { out } = await picket(['replay', 'conn.json', '-o', 'json']);
    await expect(out).toMatchFileSnapshot(golden('replay.golden.json'));
    const result = JSON.parse(out);
    const schema = JSON.parse(
      readFileSync(join(import.meta.dirname, '../../../docs/reference/schema/replay.schema.json'), 'utf8'),
    );
    const validate = new Ajv2020({ strict: false }).compile(schema);
    expect(validate(result), JSON.stringify(validate.errors)).toBe(true);
    expect(result.summary).toMatchObject({
      flows: 32,
      files: [{ dropped: { 'not JSON': 1 } }],
    });
    const lines = (await picket(['replay', 'conn.json', '-o', 'jsonl'])).out.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).type)).toEqual(['alert', 'incident', 'summary']);
    expect(JSON.parse(lines[2]!)).toEqual({ type: 'summary', schemaVersion: 1, ...result.summary });
  });

  test('options and exceptions of the site file apply', async () => {
    const exception = (until: string) =>
      `  exceptions:\n  - {detector: port-scan, filter: src=198.51.100.66, reason: our scanner, until: ${until}}\n`;
    put('picket.yaml', `detect:\n${exception('2027-01-01')}`);
    const held = await picket(['replay', 'conn.json', '-m', 'picket.yaml']);
    expect(held.code).toBe(ExitCode.clean);
    expect(held.out).toMatch(/port-scan, src=198\.51\.100\.66 +2\n/);
    const json = JSON.parse((await picket(['replay', 'conn.json', '-m', 'picket.yaml', '-o', 'json'])).out);
    expect(json.summary.exceptions).toEqual([
      { detector: 'port-scan', filter: 'src=198.51.100.66', reason: 'our scanner', heldBack: 2 },
    ]);
    // Long before it, the recording was made.
    put('picket.yaml', `detect:\n${exception('2020-01-01')}`);
    const told = await picket(['replay', 'conn.json', '-m', 'picket.yaml']);
    expect(told.code).toBe(ExitCode.problems);
    expect(told.err).toContain('1 problem in what the site file says of detectors');
    put('picket.yaml', 'detect: {port-scan: {enabled: false}}\n');
    expect((await picket(['replay', 'conn.json', '-m', 'picket.yaml'])).code).toBe(ExitCode.clean);
    put(
      'picket.yaml',
      'detect: {port-scan: {contacts: 100, portsPerHost: 100, benignSuccess: 0.5, scannerSuccess: 0.499}}\n',
    );
    expect((await picket(['replay', 'conn.json', '-m', 'picket.yaml'])).out).not.toContain('port-scan');
  });

  test('judged by manifests, what they forbid and nothing stopped is told', async () => {
    put('deploy.yaml', manifests);
    const { code, out } = await picket(['replay', 'conn.json', '-m', 'deploy.yaml']);
    expect(code).toBe(ExitCode.problems);
    await expect(out).toMatchFileSnapshot(golden('replay-judged.golden.txt'));
    expect(out).toContain('Enforcement gap: shop/web reached shop/db on tcp 5432, which is forbidden');
  });

  test.each([
    ['conn.json.gz', gzipSync],
    ['conn.json.zst', zstdCompressSync],
  ])('%s', async (name, pack) => {
    put(name, pack(log));
    const plain = await picket(['replay', 'conn.json']);
    const packed = await picket(['replay', name]);
    expect([packed.code, packed.out]).toEqual([plain.code, plain.out]);
    if (name !== 'conn.json.gz') return;
    const whole = pack(log);
    put(name, whole.subarray(0, whole.length - 20));
    const { code, err } = await picket(['replay', name]);
    expect(code).toBe(ExitCode.failed);
    expect(err).toContain('cannot be read to its end');
  });

  test('from a named pipe, packed', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    put('conn.json.gz', gzipSync(log));
    const writer = spawn('sh', ['-c', 'cat conn.json.gz > pipe'], { cwd: folder, stdio: 'ignore' });
    const ended = once(writer, 'close');
    const { out } = await picket(['replay', 'pipe']);
    await ended;
    expect(out).toBe((await picket(['replay', 'conn.json'])).out);
  });

  test('from standard input, and several files', async () => {
    const piped = await picket(['replay', '-'], log);
    expect(piped.out).toBe((await picket(['replay', 'conn.json'])).out);
    put('more.json', jsonLines(conn(300)));
    const { err } = await picket(['replay', 'conn.json', 'more.json']);
    expect(err).toContain('1 alert over 33 flows of conn.json (zeek-json), more.json (zeek-json)\n');
  });
});

describe('written in other forms', () => {
  beforeEach(() => put('conn.json', jsonLines(conn(1), conn(2, refused), ping)));

  test.each(['zeek', 'jsonl', 'csv', 'ocsf'])('%s', async (form) => {
    const { code, out, err } = await picket(['replay', 'conn.json', '--write', form]);
    expect([code, err]).toEqual([ExitCode.clean, `3 flows written as ${form}\n`]);
    await expect(out.replace(/^(#(?:open|close)\t).*$/gm, '$1TIME')).toMatchFileSnapshot(
      golden(`replay-${form}.golden.txt`),
    );
  });

  test.each(['zeek', 'jsonl'])('what is written as %s is replayed as what it came from', async (form) => {
    await picket(['replay', 'conn.json', '--write', form, '--to', 'out']);
    const [before, after] = [await picket(['replay', 'conn.json']), await picket(['replay', 'out'])];
    expect(after.out).toBe(before.out);
  });

  test('with what the manifests say of them', async () => {
    put('deploy.yaml', manifests);
    const { out } = await picket(['replay', 'conn.json', '-m', 'deploy.yaml', '--write', 'csv']);
    expect(out.split('\r\n')[1]).toMatch(/,shop\/web,10\.1\.0\.9,5432,shop\/db,closed,deny,/);
  });
});

test('what a cloud or Cilium refused is told by its reason, with the names that the log gives', async () => {
  const pod = (name: string) => ({ namespace: 'shop', pod_name: name });
  const event = (at: number, verdict: string) => ({
    flow: {
      time: new Date((seconds + at) * 1e3).toISOString(),
      uuid: `u${at}`,
      verdict,
      ...(verdict === 'DROPPED' && { drop_reason_desc: 'POLICY_DENIED' }),
      IP: { source: '10.0.0.1', destination: '10.0.0.2' },
      l4: { TCP: { source_port: at, destination_port: 80, flags: { SYN: true } } },
      source: pod('web-1'),
      destination: pod('db-0'),
      Type: 'L3_L4',
    },
  });
  put('hubble.json', jsonLines(event(1, 'DROPPED'), event(2, 'FORWARDED'), event(3, 'DROPPED')));
  const { code, out } = await picket(['replay', 'hubble.json']);
  expect(code).toBe(ExitCode.clean);
  expect(out).toMatch(/Cilium dropped it: POLICY_DENIED +2 /);
  expect(out).toContain('shop/web-1 (10.0.0.1)');
});

test.each([
  [['replay', 'conn.json', '-r', 'x'], ExitCode.usage, /--rules is about events, and these are flows/],
  [['replay', 'conn.json', 'text'], ExitCode.usage, /conn\.json holds flows, text does not/],
  [['replay', 'text', '-m', 'x'], ExitCode.usage, /--manifests is about flows, and there are none/],
  [['replay', 'conn.json', '--write', 'xml'], ExitCode.usage, /xml/],
  [['replay', 'nothing'], ExitCode.usage, /no such file: nothing/],
  [['replay', 'text'], ExitCode.usage, /no rules named\n.*--from/],
  [['replay', 'text', '--from', 'zeek'], ExitCode.failed, /nothing in it could be read as Zeek conn\.log/],
  [
    ['replay', 'conn.json', '--write', 'csv', '--to', 'no/such'],
    ExitCode.failed,
    /no\/such cannot be written/,
  ],
])('%j', async (args, expected, message) => {
  put('conn.json', log);
  put('text', 'hello\n');
  const { code, out, err } = await picket(args);
  expect([code, out]).toEqual([expected, '']);
  expect(err).toMatch(message);
});

const shared = process.env.PICKET_SHARED ?? join(import.meta.dirname, '../../../../shared');
const capture = join(shared, 'data/detect/scan-unit/445_scan.pcap');

test.skipIf(!existsSync(capture))(
  'packets of a capture: as many as Wireshark counts, and its scanner',
  async () => {
    const { code, out } = await picket(['replay', capture, '-o', 'json']);
    expect(code).toBe(ExitCode.problems);
    const { alerts, summary } = JSON.parse(out);
    expect(alerts).toMatchObject([{ detector: 'port-scan', entity: '176.192.150.3' }]);
    const fields = ['-T', 'fields', '-e', 'ip.len', '-Y', 'ip'];
    const lengths = execFileSync('tshark', ['-r', capture, ...fields], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .trim()
      .split('\n')
      .map((line) => Number(line.split(',')[0]));
    expect([summary.packets, summary.bytes]).toEqual([
      lengths.length,
      lengths.reduce((sum, one) => sum + one, 0),
    ]);
    expect(summary.files[0]).toMatchObject({ format: 'capture', dropped: {} });
  },
);

test('a capture of the shortest packets, each of a flow of its own: none makes room for another', async () => {
  const frames = Array.from({ length: 5000 }, (_, number) => {
    const bytes = new Uint8Array(20);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, 0x4500_0014);
    // A protocol without ports (RFC 3692).
    view.setUint32(8, 0x40fd_0000);
    view.setUint32(12, 0xc612_0000 + number);
    view.setUint32(16, 0xcb00_7101);
    return { bytes, seconds };
  });
  put('short.pcap', writePcap(frames, { linkType: 101 }));
  const { out } = await picket(['replay', 'short.pcap', '--write', 'jsonl']);
  const flows = out
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => JSON.parse(line) as FlowJson);
  expect(new Set(flows.map(({ source }) => source.address)).size).toBe(5000);
  expect(flows.filter(({ endReason }) => endReason === 'no-room')).toEqual([]);
});

const exported = join(shared, 'data/flow/export');

describe.skipIf(!existsSync(exported))('exports in a capture', () => {
  const summaryOf = async (...names: string[]) => {
    const files = names.map((name) => join(exported, name));
    return JSON.parse((await picket(['replay', '--exports', ...files, '-o', 'json'])).out).summary;
  };

  test('as many flows, packets and bytes as Wireshark decodes', async () => {
    const name = 'akvorado-netflow-nfv5.pcap';
    const fields = ['-T', 'fields', '-e', 'cflow.packets', '-e', 'cflow.octets'];
    const out = execFileSync(
      'tshark',
      ['-r', join(exported, name), '-d', 'udp.port==9990,cflow', ...fields],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    const [packets, bytes] = out
      .trim()
      .split('\t')
      .map((list) => list.split(',').map(Number)) as [number[], number[]];
    const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);
    expect(await summaryOf(name)).toMatchObject({
      flows: packets.length,
      packets: sum(packets),
      bytes: sum(bytes),
      files: [{ format: 'exports', flows: packets.length, dropped: {} }],
    });
  });

  test('templates of one file hold for the next; sets without one are told', async () => {
    const [template, data] = [
      'akvorado-netflow-datalink-template.pcap',
      'akvorado-netflow-datalink-data.pcap',
    ];
    expect(await summaryOf(template, data)).toMatchObject({ flows: 1, packets: 1, bytes: 96 });
    expect(await summaryOf(data)).toMatchObject({
      flows: 0,
      files: [{ skipped: { 'sets that wait for their template': 1 } }],
    });
  });
});
