/**
 * Throws damaged logs at the readers of flow logs: node fuzz/flow-log.ts [--seconds N] [--seed S]. Nothing may throw, what went in must
 * have become something that is counted, and every flow that comes out must be one that each writer takes and Picket reads again.
 */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type { Flow } from '../src/flow/flow.ts';
import { OneWayFlows } from '../src/flow/logs/join-one-way.ts';
import { FlowLogFile } from '../src/flow/logs/read-flow-log.ts';
import { picketFlows } from '../src/flow/logs/read-picket.ts';
import { flowLogFormats } from '../src/flow/logs/registry.ts';
import { flowWriters } from '../src/flow/logs/writers.ts';
import { fuzz, fuzzOptions } from './support/run.ts';

const zeek = [
  '#separator \\x09',
  '#unset_field\t-',
  '#empty_field\t(empty)',
  '#path\tconn',
  '#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tduration\tconn_state\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\tvlan\tip_proto',
  '1700000000.123456\tC1\t198.51.100.7\t40000\t203.0.113.9\t443\ttcp\t1.5\tSF\tShADadFf\t10\t620\t12\t2624\t7\t6',
  '1700000001.000000\tC2\t2001:db8::1\t128\t2001:db8::2\t129\ticmp\t-\tOTH\t-\t1\t64\t0\t0\t-\t58',
  '#close\t2026-01-01-00-00-00',
];
const objects = [
  '{"ts":1700000000.5,"uid":"C1","id.orig_h":"198.51.100.7","id.orig_p":1,"id.resp_h":"203.0.113.9","id.resp_p":2,"proto":"udp","conn_state":"S0","orig_pkts":1,"orig_ip_bytes":60,"resp_pkts":0,"resp_ip_bytes":0}',
  '{"timestamp":"2026-01-02T03:04:05.000100+0100","flow_id":123,"event_type":"flow","vlan":[1],"src_ip":"198.51.100.7","src_port":1,"dest_ip":"203.0.113.9","dest_port":80,"proto":"TCP","icmp_type":3,"flow":{"pkts_toserver":6,"pkts_toclient":5,"bytes_toserver":700,"bytes_toclient":4000,"start":"2026-01-02T03:04:05.000100+0100","end":"2026-01-02T03:04:06Z","state":"closed","reason":"timeout","action":"drop"},"tcp":{"tcp_flags_ts":"1b","tcp_flags_tc":"14"}}',
  '{"flow":{"time":"2026-01-02T03:04:05.25Z","uuid":"u-1","verdict":"DROPPED","drop_reason_desc":"POLICY_DENIED","IP":{"source":"10.0.1.60","destination":"10.0.1.5"},"l4":{"TCP":{"source_port":1,"destination_port":80,"flags":{"SYN":true}}},"source":{"namespace":"a","pod_name":"b","workloads":[{"name":"w"}]},"destination":{},"is_reply":true},"node_name":"n"}',
  '{"insertId":"i1","jsonPayload":{"connection":{"src_ip":"10.0.1.5","src_port":1,"dest_ip":"10.0.2.9","dest_port":2,"protocol":6},"reporter":"SRC","bytes_sent":"1872","packets_sent":"16","start_time":"2026-01-02T03:04:05.5Z","src_gke_details":{"pod":{"pod_name":"p"}}}}',
  '{"id":"a","protocol":"tcp","source":{"address":"198.51.100.7","port":4711},"destination":{"address":"2001:db8::1","port":443},"state":"established","seenBy":"both","openedAt":1,"reachedDestination":true,"preexisting":false,"sent":{"packets":1,"bytes":2},"icmp":{"type":1,"code":2},"vlans":[1]}',
  '{"type":"picket-flows","schemaVersion":1}',
];
const aws = [
  'version srcaddr dstaddr srcport dstport protocol tcp-flags pkt-srcaddr pkt-dstaddr flow-direction packets bytes start end action log-status interface-id',
  '5 10.0.1.5 10.0.0.220 39000 443 6 3 10.0.1.5 203.0.113.5 egress 8 1001 1700000000 1700000060 ACCEPT OK eni-1',
  '2 123456789012 eni-1 198.51.100.7 203.0.113.9 40001 3389 6 3 180 1700000000 1700000030 REJECT OK',
  '2 123456789012 eni-1 - - - - - - - 1700000000 1700000060 - NODATA',
];
const tokens = [
  '-',
  '\t',
  ' ',
  '#fields',
  '-1',
  '1e99',
  '99999999999999999999',
  'null',
  '[]',
  '{}',
  '"',
  '\\x',
  '\u0000',
  '::',
  '%eth0',
  '255',
  '70000',
  '\ufffd',
];

/** A line with parts replaced, cut or moved. */
const damaged = (lines: readonly string[]) =>
  fc
    .tuple(
      fc.array(fc.constantFrom(...lines), { maxLength: 6 }),
      fc.array(
        fc.tuple(fc.nat(), fc.nat(24), fc.oneof(fc.constantFrom(...tokens), fc.string({ maxLength: 4 }))),
        {
          maxLength: 4,
        },
      ),
    )
    .map(([chosen, edits]) => {
      let text = chosen.join('\n');
      for (const [at, length, token] of edits) {
        const start = at % (text.length + 1);
        text = text.slice(0, start) + token + text.slice(start + length);
      }
      return text;
    });

const log = fc.record({
  text: fc.oneof(
    damaged(zeek).map((text) => `${zeek.slice(0, 5).join('\n')}\n${text}`),
    damaged(objects),
    damaged(objects).map((text) => `${objects[0]}\n${text}`),
    damaged(objects).map((text) => `[${text.replaceAll('\n', ',\n')}]`),
    ...objects.map((one) => damaged([one]).map((text) => `${one}\n${text}`)),
    damaged(aws),
    damaged([...zeek, ...objects, ...aws]),
  ),
  format: fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom(...flowLogFormats) },
  ),
  piece: fc.integer({ min: 1, max: 400 }),
});

function read(bytes: Uint8Array, piece: number, format?: (typeof flowLogFormats)[number]) {
  const flows: Flow[] = [];
  const file = new FlowLogFile({ name: 'x', maxRecord: 2_000, ...(format && { format }) }, (flow) =>
    flows.push(flow),
  );
  for (let at = 0; at < bytes.length; at += piece) file.take(bytes.subarray(at, at + piece));
  file.end();
  return { flows, file };
}

const sum = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((all, one) => all + one, 0);
const isSpread = (text: string) => /^\s*\[/.test(text) || /^\s*\{[^}]*$/m.test(text);

fuzz(
  fuzzOptions(),
  300,
  (seed) => fc.sample(log, { seed, numRuns: 200 }),
  ({ text, format, piece }) => {
    const bytes = new TextEncoder().encode(text);
    const { flows, file } = read(bytes, piece, format);
    const { lines, blank, headers, flows: count, skipped, dropped } = file.counts;
    if (count !== flows.length) throw new Error(`${count} flows counted, ${flows.length} handed on`);
    const total = blank + headers + count + sum(skipped) + sum(dropped);
    if (!file.isUnknown && !isSpread(text) && total !== lines)
      throw new Error(`${lines} lines became ${total}`);
    const whole = read(bytes, bytes.length || 1, format);
    if (!isDeepStrictEqual(whole.flows, flows)) throw new Error('other flows when the bytes come at once');
    const joined: Flow[] = [];
    const joiner = new OneWayFlows('x', 'aws-vpc', (flow) => joined.push(flow), 16);
    for (const flow of flows) joiner.take(flow);
    joiner.end();
    if (joined.length > flows.length) throw new Error(`${flows.length} flows joined to ${joined.length}`);
    for (const definition of flowWriters) {
      const writer = definition.open({ now: 0, version: '0' });
      const out = writer.head() + flows.map((flow) => writer.flow(flow)).join('') + writer.tail();
      if (definition.id !== 'jsonl') continue;
      const again: Flow[] = [];
      const reader = new FlowLogFile({ name: 'x', format: picketFlows }, (flow) => again.push(flow));
      reader.take(new TextEncoder().encode(out));
      reader.end();
      if (!isDeepStrictEqual(again, flows)) throw new Error(`not read again: ${out}`);
    }
  },
  (one) => JSON.stringify({ ...one, format: one.format?.id }),
);
