import { expect, test } from 'vitest';
import { readLines } from '../read.fixture.ts';

const kernel = (text: string) => `Nov 30 11:00:00 edge kernel: [ 4711.123456] ${text}`;
const common =
  'IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=203.0.113.7 DST=198.51.100.1 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF';
const syn = 'PROTO=TCP SPT=40000 DPT=22 WINDOW=64240 RES=0x00 SYN URGP=0';

test('refused packets of Linux, whatever stands before them', () => {
  const { seen, skipped } = readLines([
    kernel(`${common} ${syn}`),
    kernel(`[UFW BLOCK] ${common} ${syn}`),
    kernel(`FINAL_REJECT: ${common} PROTO=UDP SPT=40000 DPT=53 LEN=40`),
    kernel(`dropped ${common.replaceAll('IN=eth0', 'IN=br0')} ${syn}`),
    kernel(`IN=eth0 OUT= SRC=2001:0db8:0000:0000:0000:0000:0000:0007 DST=2001:db8::1 LEN=60 TC=0 ${syn}`),
  ]);
  expect(skipped).toEqual({});
  expect(seen[0]).toEqual({
    at: Date.UTC(2026, 10, 30, 11),
    service: 'firewall',
    source: '203.0.113.7',
    sourcePort: 40_000,
    outcome: 'refused',
    target: '198.51.100.1 22 6',
    host: 'edge',
  });
  expect(seen.map(({ source, target, isRejected }) => [source, target, isRejected])).toEqual([
    ['203.0.113.7', '198.51.100.1 22 6', undefined],
    ['203.0.113.7', '198.51.100.1 22 6', undefined],
    ['203.0.113.7', '198.51.100.1 53 17', true],
    ['203.0.113.7', '198.51.100.1 22 6', undefined],
    ['2001:db8::7', '2001:db8::1 22 6', undefined],
  ]);
});

test('what says nothing of its sender is left out, with the reason', () => {
  const to = (address: string) => common.replace('198.51.100.1', address);
  const { seen, skipped, dropped } = readLines([
    kernel(`[UFW AUDIT] ${common} ${syn}`),
    kernel(`${common} PROTO=TCP SPT=443 DPT=50000 WINDOW=0 RES=0x00 ACK FIN URGP=0`),
    kernel(`${common} PROTO=TCP SPT=443 DPT=50000 WINDOW=0 RES=0x00 RST URGP=0`),
    kernel(`${common} PROTO=UDP SPT=53 DPT=50000 LEN=100`),
    kernel(`${to('224.0.0.251')} PROTO=UDP SPT=5353 DPT=5353 LEN=40`),
    kernel(`${common.replace('02:00:00:00:00:01', 'ff:ff:ff:ff:ff:ff')} PROTO=UDP SPT=68 DPT=67 LEN=40`),
    kernel(
      `${common} PROTO=ICMP TYPE=3 CODE=3 [SRC=198.51.100.1 DST=203.0.113.9 LEN=60 PROTO=UDP SPT=1 DPT=2 LEN=40 ]`,
    ),
    kernel('eth0: link up'),
    kernel(`${common} PROTO=TCP SPT=99999 DPT=22`),
    kernel('IN=eth0 OUT= SRC=x DST=y PROTO=TCP SPT=1 DPT=22'),
  ]);
  expect(seen).toEqual([]);
  expect(skipped).toEqual({
    'firewall: let through, says its prefix': 1,
    'firewall: part of a conversation': 2,
    'firewall: looks like a late answer': 1,
    'firewall: sent to everybody': 2,
    'firewall: a protocol without ports': 1,
    'kernel: not of a packet': 1,
  });
  expect(dropped).toEqual({ 'firewall: cannot be read': 2 });
});

test('refused packets of RouterOS', () => {
  const line = (text: string) => `2026-11-30T11:00:00.5+00:00 203.0.113.1 firewall,info ${text}`;
  const head = 'input: in:ether1 out:(unknown 0), connection-state:new src-mac 00:17:10:88:bc:02';
  const { seen, skipped } = readLines([
    line(`drop-tcp ${head}, proto TCP (SYN), 203.0.113.7:59388->198.51.100.1:23, len 40`),
    line(`${head}, proto UDP, [2001:db8::7]:59388->[2001:db8::1]:53, len 40`),
    line(`accepted ${head}, proto TCP (SYN), 203.0.113.7:59388->198.51.100.1:23, len 40`),
    line(`drop ${head}, proto TCP (ACK,FIN), 203.0.113.7:443->198.51.100.1:50000, len 40`),
    line(`drop ${head}, proto ICMP (type 8, code 0), 203.0.113.7->198.51.100.1, len 84`),
  ]);
  expect(seen.map(({ source, target, host }) => [source, target, host])).toEqual([
    ['203.0.113.7', '198.51.100.1 23 6', '203.0.113.1'],
    ['2001:db8::7', '2001:db8::1 53 17', '203.0.113.1'],
  ]);
  expect(skipped).toEqual({
    'firewall: let through, says its prefix': 1,
    'firewall: part of a conversation': 1,
    'firewall: not of a packet': 1,
  });
});
