import { describe, expect, test } from 'vitest';
import { KernelRecord, TcpState } from '../../flow/kernel-batch.ts';
import { BatchBuilder } from './batch-builder.ts';
import { canDecode, RecordDecoder } from './decode.ts';
import type { EventFormat } from './format.ts';
import { layout, PageWriter, page64, recordOf } from './page.fixture.ts';
import { PageReader } from './ring-buffer.ts';

const pair: readonly [string, number][] = [
  ['__u8 saddr[4]', 4],
  ['__u8 daddr[4]', 4],
  ['__u8 saddr_v6[16]', 16],
  ['__u8 daddr_v6[16]', 16],
];
const ports: readonly [string, number][] = [
  ['__u16 sport', 2],
  ['__u16 dport', 2],
];

const setState = layout('inet_sock_set_state', 10, [
  ['const void * skaddr', 8],
  ['int oldstate', 4],
  ['int newstate', 4],
  ...ports,
  ['__u16 family', 2],
  ['__u16 protocol', 2],
  ...pair,
]);
/** Linux 4.16 to 5.13: the protocol had one byte. */
const setStateOld = layout('inet_sock_set_state', 10, [
  ['const void * skaddr', 8],
  ['int oldstate', 4],
  ['int newstate', 4],
  ...ports,
  ['__u16 family', 2],
  ['__u8 protocol', 1],
  ...pair,
]);
const sendReset = layout('tcp_send_reset', 11, [
  ['const void * skbaddr', 8],
  ['const void * skaddr', 8],
  ['int state', 4],
  ['enum sk_rst_reason reason', 4],
  ['__u8 saddr[28]', 28],
  ['__u8 daddr[28]', 28],
]);
/** Before Linux 6.10: of a socket only, without a reason. */
const sendResetOld = layout('tcp_send_reset', 11, [
  ['const void * skbaddr', 8],
  ['const void * skaddr', 8],
  ['int state', 4],
  ...ports,
  ['__u16 family', 2],
  ...pair,
]);
/** Linux 4.16: no family. */
const receiveResetOld = layout('tcp_receive_reset', 12, [['const void * skaddr', 8], ...ports, ...pair]);
const errorReport = layout('inet_sk_error_report', 13, [
  ['int error', 4],
  ...ports,
  ['__u16 family', 2],
  ['__u16 protocol', 2],
  ...pair,
]);
const fork = layout('sched_process_fork', 14, [
  ['__data_loc char[] parent_comm', 4],
  ['pid_t parent_pid', 4],
  ['__data_loc char[] child_comm', 4],
  ['pid_t child_pid', 4],
]);
const forkOld = layout('sched_process_fork', 14, [
  ['char parent_comm[16]', 16],
  ['pid_t parent_pid', 4],
  ['char child_comm[16]', 16],
  ['pid_t child_pid', 4],
]);
const exec = layout('sched_process_exec', 15, [
  ['__data_loc char[] filename', 4],
  ['pid_t pid', 4],
  ['pid_t old_pid', 4],
]);
const exit = layout('sched_process_exit', 16, [
  ['char comm[16]', 16],
  ['pid_t pid', 4],
  ['int prio', 4],
  ['bool group_dead', 1],
]);

const mapped = (...v4: number[]): number[] => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...v4];
const v6 = (last: number): number[] => [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last];
const unspecified = v6(0).fill(0);
const a = [198, 51, 100, 1];
const b = [198, 51, 100, 2];

function sockaddr(address: number[], port: number): number[] {
  const head = [address.length === 4 ? 2 : 10, 0, port >> 8, port & 255];
  return address.length === 4 ? [...head, ...address] : [...head, 0, 0, 0, 0, ...address];
}

/** Decodes one record and returns its row as an object, with what the tasks were told. */
function decode(format: EventFormat, bytes: Uint8Array) {
  const told: unknown[][] = [];
  const builder = new BatchBuilder();
  const decoder = new RecordDecoder([format], builder, {
    opened: (...args) => told.push(['opened', ...args]),
    forked: (...args) => told.push(['forked', ...args]),
    executed: (...args) => told.push(['executed', ...args]),
    exited: (...args) => told.push(['exited', ...args]),
  });
  const page = new PageReader(page64);
  page.bytes.set(new PageWriter(5_000_000n).record(0, bytes).finish());
  page.load(page64.size);
  page.next();
  decoder.decode(page);
  const { batch } = builder.take();
  const address = (lanes: Uint32Array): string =>
    [...lanes.subarray(0, 4)].map((lane) => lane.toString(16)).join(' ');
  const row = {
    kind: batch.kind[0],
    time: batch.time[0],
    pid: batch.pid[0],
    socket: [...batch.socket.subarray(0, 2)],
    family: batch.family[0],
    states: [batch.oldState[0], batch.newState[0]],
    local: [address(batch.localAddress), batch.localPort[0]],
    remote: [address(batch.remoteAddress), batch.remotePort[0]],
    detail: batch.detail[0],
  };
  return { count: batch.count, undecodable: decoder.undecodable, row, told };
}

describe('socket records', () => {
  const connect = {
    common_pid: 4321,
    skaddr: 0xffff_8881_2345_6780n,
    oldstate: TcpState.Close,
    newstate: TcpState.SynSent,
    sport: 0,
    dport: 443,
    family: 2,
    protocol: 6,
    saddr: a,
    daddr: b,
    saddr_v6: mapped(...a),
    daddr_v6: mapped(...b),
  };

  test.each([
    ['present', setState],
    ['with a one-byte protocol', setStateOld],
  ])('a connect, layout %s', (_, format) => {
    const { row, told, undecodable } = decode(format, recordOf(format, connect));
    expect(undecodable).toBe(0);
    expect(row).toEqual({
      kind: KernelRecord.SocketState,
      time: 5,
      pid: 4321,
      socket: [0xffff_8881, 0x2345_6780],
      family: 4,
      states: [7, 2],
      local: ['0 0 0 c6336401', 0],
      remote: ['0 0 0 c6336402', 443],
      detail: 0,
    });
    expect(told).toEqual([['opened', 4321, 5]]);
  });

  test('in an interrupt there is no process', () => {
    for (const flags of [0x08, 0x10, 0x40]) {
      const { row, told } = decode(setState, recordOf(setState, { ...connect, common_flags: flags }));
      expect(row.pid).toBe(0);
      expect(told).toEqual([]);
    }
    expect(decode(setState, recordOf(setState, { ...connect, common_flags: 0x80 | 0x20 | 1 })).row.pid).toBe(
      4321,
    );
  });

  test('IPv6, IPv4-mapped, and an unbound listener on all addresses', () => {
    const six = { ...connect, family: 10, saddr: [0, 0, 0, 0], daddr: [0, 0, 0, 0] };
    const real = decode(setState, recordOf(setState, { ...six, saddr_v6: v6(1), daddr_v6: v6(2) })).row;
    expect([real.family, real.local[0], real.remote[0]]).toEqual([6, '20010db8 0 0 1', '20010db8 0 0 2']);
    const inner = decode(setState, recordOf(setState, six)).row;
    expect([inner.family, inner.local[0], inner.remote[0]]).toEqual([4, '0 0 0 c6336401', '0 0 0 c6336402']);
    const unbound = decode(setState, recordOf(setState, { ...six, saddr_v6: unspecified })).row;
    expect([unbound.family, unbound.local[0], unbound.remote[0]]).toEqual([4, '0 0 0 0', '0 0 0 c6336402']);
    const listener = { ...six, newstate: TcpState.Listen, saddr_v6: unspecified, daddr_v6: unspecified };
    const { row, told } = decode(setState, recordOf(setState, listener));
    expect([row.family, row.local[0]]).toEqual([6, '0 0 0 0']);
    expect(told).toHaveLength(1);
  });

  test('a sent reset: ports in network order, the reason, no socket', () => {
    const record = { skaddr: 0, reason: 1, saddr: sockaddr(b, 81), daddr: sockaddr(a, 0xabcd) };
    const { row } = decode(sendReset, recordOf(sendReset, record));
    expect(row).toMatchObject({
      kind: KernelRecord.ResetSent,
      socket: [0, 0],
      family: 4,
      local: ['0 0 0 c6336402', 81],
      remote: ['0 0 0 c6336401', 0xabcd],
      detail: 1,
    });
    const six = { ...record, saddr: sockaddr(v6(2), 81), daddr: sockaddr(v6(1), 9) };
    expect(decode(sendReset, recordOf(sendReset, six)).row).toMatchObject({
      family: 6,
      local: ['20010db8 0 0 2', 81],
      remote: ['20010db8 0 0 1', 9],
    });
    const inner = { ...record, saddr: sockaddr(mapped(...b), 81), daddr: sockaddr(mapped(...a), 9) };
    expect(decode(sendReset, recordOf(sendReset, inner)).row).toMatchObject({
      family: 4,
      local: ['0 0 0 c6336402', 81],
    });
    const none = decode(sendReset, recordOf(sendReset, { ...record, saddr: [], daddr: [] }));
    expect(none.row).toMatchObject({ family: 0, local: ['0 0 0 0', 0] });
    expect(none.undecodable).toBe(0);
  });

  test('resets of older kernels: a tuple, without reason or family', () => {
    const record = { skaddr: 0x1_0000_0002n, sport: 81, dport: 9, family: 2, saddr: b, daddr: a };
    expect(decode(sendResetOld, recordOf(sendResetOld, record)).row).toMatchObject({
      family: 4,
      socket: [1, 2],
      local: ['0 0 0 c6336402', 81],
      remote: ['0 0 0 c6336401', 9],
      detail: 0,
    });
    const bare = { sport: 9, dport: 81, saddr: a, daddr: b, saddr_v6: mapped(...a), daddr_v6: mapped(...b) };
    expect(decode(receiveResetOld, recordOf(receiveResetOld, bare)).row).toMatchObject({
      kind: KernelRecord.ResetReceived,
      family: 4,
      local: ['0 0 0 c6336401', 9],
    });
  });

  test('an error report carries its errno', () => {
    const record = { error: 113, sport: 1, dport: 2, family: 2, saddr: a, daddr: b };
    expect(decode(errorReport, recordOf(errorReport, record)).row).toMatchObject({
      kind: KernelRecord.SocketError,
      detail: 113,
      socket: [0, 0],
    });
  });
});

describe('task records', () => {
  test.each([
    ['located texts', fork],
    ['fixed texts', forkOld],
  ])('fork, with %s', (_, format) => {
    const bytes = recordOf(format, {
      parent_pid: 7,
      child_pid: 8,
      parent_comm: 'sh',
      child_comm: 'sh-child',
    });
    const { row, told } = decode(format, bytes);
    expect(row).toMatchObject({ kind: KernelRecord.Fork, pid: 7, detail: 8 });
    expect(told).toEqual([['forked', 8, 'sh-child']]);
  });

  test('exec and exit', () => {
    const { row, told } = decode(exec, recordOf(exec, { filename: '/usr/bin/curl', pid: 8, old_pid: 9 }));
    expect(row).toMatchObject({ kind: KernelRecord.Exec, pid: 8, detail: 9 });
    expect(told).toEqual([['executed', 8, 9, '/usr/bin/curl', 5]]);
    const gone = decode(exit, recordOf(exit, { comm: 'curl', pid: 8, group_dead: 1 }));
    expect(gone.row).toMatchObject({ kind: KernelRecord.Exit, pid: 8, detail: 1 });
    expect(gone.told).toEqual([['exited', 8]]);
  });

  test('a text whose locator points outside the record is empty', () => {
    const bytes = recordOf(exec, { filename: '/bin/x', pid: 8, old_pid: 8 });
    new DataView(bytes.buffer).setUint32(8, (0xffff << 16) | 4, true);
    expect(decode(exec, bytes).told).toEqual([['executed', 8, 8, '', 5]]);
  });
});

describe('what cannot be decoded', () => {
  test('records of other events, too short, or without a header are counted', () => {
    const bytes = recordOf(setState, {});
    expect(decode(setState, bytes.subarray(0, 40))).toMatchObject({ count: 0, undecodable: 1 });
    expect(decode(setState, bytes.subarray(0, 4))).toMatchObject({ count: 0, undecodable: 1 });
    expect(decode(exit, bytes)).toMatchObject({ count: 0, undecodable: 1 });
  });

  test('layouts without the needed fields are refused', () => {
    expect(canDecode(setState)).toBe(true);
    expect(canDecode(layout('inet_sock_set_state', 1, pair))).toBe(false);
    expect(canDecode(layout('tcp_send_reset', 1, [['const void * skaddr', 8]]))).toBe(false);
    expect(canDecode(layout('sched_process_exec', 1, [['pid_t pid', 4]]))).toBe(false);
    expect(canDecode(layout('kfree_skb', 1, [...ports, ...pair]))).toBe(false);
  });
});
