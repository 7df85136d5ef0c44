import { expect, test } from 'vitest';
import { readAll } from './read.fixture.ts';

const account = '123456789012 eni-0a1b2c3d';
const accepted = `2 ${account} 198.51.100.7 203.0.113.9 40000 22 6 20 4249 1700000000 1700000060 ACCEPT OK`;
const rejected = `2 ${account} 198.51.100.7 203.0.113.9 40001 3389 6 3 180 1700000000 1700000030 REJECT OK`;
const noData = `2 ${account} - - - - - - - 1700000000 1700000060 - NODATA`;
const skipData = `2 ${account} - - - - - - - 1700000000 1700000060 - SKIPDATA`;

test('the default format without a header', () => {
  const { format, json, counts } = readAll([noData, accepted, rejected, skipData, ''].join('\n'));
  expect(format).toBe('aws-vpc');
  expect(json[0]).toEqual({
    id: 'x.log:2',
    protocol: 'tcp',
    source: { address: '198.51.100.7', port: 40_000 },
    destination: { address: '203.0.113.9', port: 22 },
    state: 'attempted',
    seenBy: 'network',
    openedAt: 1_700_000_000_000,
    reachedDestination: false,
    preexisting: false,
    verdict: {
      outcome: 'allow',
      reasons: [
        {
          layer: 'aws-vpc',
          direction: 'ingress',
          outcome: 'allow',
          text: 'accepted by security groups and network ACLs',
        },
      ],
    },
    lastAt: 1_700_000_060_000,
    sent: { packets: 20, bytes: 4249 },
    observation: { by: 'aws-vpc', exporter: 'eni-0a1b2c3d' },
  });
  expect(json[1]).toMatchObject({
    state: 'timed-out',
    closedAt: 1_700_000_030_000,
    verdict: { outcome: 'deny' },
  });
  expect(counts).toMatchObject({
    lines: 4,
    flows: 2,
    skipped: {
      'intervals without traffic (NODATA)': 1,
      'intervals that Amazon skipped (SKIPDATA)': 1,
    },
    dropped: {},
  });
});

test('a header names the fields, in any order; behind a gateway the packets have other addresses', () => {
  const text = [
    'version srcaddr dstaddr srcport dstport protocol tcp-flags pkt-srcaddr pkt-dstaddr flow-direction packets bytes start end action log-status interface-id',
    '5 10.0.1.5 10.0.0.220 39000 443 6 3 10.0.1.5 203.0.113.5 egress 8 1001 1700000000 1700000060 ACCEPT OK eni-1',
    '5 203.0.113.5 10.0.1.5 443 39000 6 19 - - ingress 8 9001 1700000000 1700000060 ACCEPT OK eni-1',
    '5 10.0.1.6 203.0.113.5 39001 443 6 2 - - ingress 1 40 1700000000 1700000060 ACCEPT OK eni-1',
  ].join('\n');
  const { json } = readAll(text);
  expect(json[0]).toMatchObject({
    source: { address: '10.0.1.5' },
    destination: { address: '203.0.113.5', port: 443 },
    translated: { destination: { address: '10.0.0.220', port: 443 } },
    state: 'closed',
    sent: { packets: 8, bytes: 1001, tcpFlags: 3 },
    verdict: { reasons: [{ direction: 'egress' }] },
    observation: { exporter: 'eni-1', output: 'eni-1' },
  });
  expect(json[1]).toMatchObject({ state: 'closed', sent: { tcpFlags: 19 } });
  expect(json[1]).not.toHaveProperty('translated');
  expect(json[2]?.state).toBe('attempted');
});

test('as CloudWatch exports them, as a format is written, IPv6 and ICMPv6', () => {
  expect(readAll(`2026-01-02T03:04:05.000Z ${accepted}\n`).flows).toHaveLength(1);
  const fields = ['version', 'srcaddr', 'dstaddr', 'protocol', 'start', 'log-status'];
  const asWritten = fields.map((field) => `\${${field}}`).join(' ');
  const format = readAll(`${asWritten}\n2 2001:db8::1 2001:db8::2 58 1700000000 OK\n`);
  expect(format.json[0]).toMatchObject({
    protocol: 'ipv6-icmp',
    source: { address: '2001:db8::1', port: 0 },
  });
  expect(format.json[0]).not.toHaveProperty('sent');
});

test('what is wrong is counted', () => {
  const { counts } = readAll(
    [
      accepted,
      accepted.replace('203.0.113.9', 'somewhere'),
      accepted.slice(0, 60),
      accepted.replace(' 6 ', ' 999 '),
    ].join('\n'),
  );
  expect(counts).toMatchObject({
    flows: 1,
    dropped: {
      'no address of one end, or none that can be read': 1,
      'fewer fields than its format has': 1,
      'no protocol that is known': 1,
    },
    problems: [{ line: 2 }, { line: 3 }, { line: 4 }],
  });
});
