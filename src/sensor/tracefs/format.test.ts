import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isKnownRecordHeader, parseEventFormat, parseFields, parsePageFormat, symbolsOf } from './format.ts';
import { openTracefs } from './mount.ts';
import { common, formatText } from './page.fixture.ts';

describe('format files', () => {
  test('fields with offset, size and sign', () => {
    const format = parseEventFormat(
      formatText('inet_sock_set_state', 77, [...common, ['const void * skaddr', 8], ['__u8 saddr[4]', 4]]),
    )!;
    expect(format).toMatchObject({ name: 'inet_sock_set_state', id: 77 });
    expect([...format.fields.keys()]).toEqual([
      'common_type',
      'common_flags',
      'common_preempt_count',
      'common_pid',
      'skaddr',
      'saddr',
    ]);
    expect(format.fields.get('common_pid')).toEqual({
      name: 'common_pid',
      type: 'int',
      offset: 4,
      size: 4,
      signed: true,
      placement: 'fixed',
    });
    expect(format.fields.get('skaddr')).toMatchObject({
      type: 'const void *',
      offset: 8,
      size: 8,
      signed: false,
    });
    expect(format.fields.get('saddr')).toMatchObject({ type: '__u8', offset: 16, size: 4 });
  });

  test('located texts, relative or not, and lines of old kernels without a sign', () => {
    const fields = parseFields(
      '\tfield:__data_loc char[] filename;\toffset:8;\tsize:4;\tsigned:0;\n\tfield:__rel_loc char[] comm;\toffset:12;\tsize:4;\n',
    );
    expect(fields.get('filename')).toMatchObject({ type: 'char[]', placement: 'record', offset: 8 });
    expect(fields.get('comm')).toMatchObject({
      type: 'char[]',
      placement: 'relative',
      offset: 12,
      signed: false,
    });
  });

  test('text without an event id is no format', () => {
    expect(parseEventFormat('')).toBeUndefined();
    expect(parseEventFormat('name: x\nformat:\n')).toBeUndefined();
    expect(parseEventFormat('name: x\nID: 70000\n')).toBeUndefined();
  });

  test('a field that would end outside any record is left out', () => {
    expect(parseFields('field:int x; offset:65530; size:8; signed:1;').size).toBe(0);
  });

  test('names of symbolic values', () => {
    const format = parseEventFormat(
      'name: tcp_send_reset\nID: 1\nformat:\n\nprint fmt: "reason=%s", __print_symbolic(REC->reason, { 0, "NOT_SPECIFIED" }, { 1, "NO_SOCKET" }, { 0x10, "X" }), REC->other\n',
    )!;
    expect([...symbolsOf(format, 'reason')]).toEqual([
      [0, 'NOT_SPECIFIED'],
      [1, 'NO_SOCKET'],
      [16, 'X'],
    ]);
    expect(symbolsOf(format, 'state').size).toBe(0);
  });

  test('page headers of 64-bit and 32-bit kernels, and one that is not known', () => {
    const text = (commit: number, data: number, size: number): string =>
      `\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n\tfield: local_t commit;\toffset:8;\tsize:${commit};\tsigned:1;\n\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n\tfield: char data;\toffset:${data};\tsize:${size};\tsigned:0;\n`;
    expect(parsePageFormat(text(8, 16, 4080))).toEqual({
      timestampOffset: 0,
      commitOffset: 8,
      dataOffset: 16,
      size: 4096,
    });
    expect(parsePageFormat(text(4, 12, 4084))).toEqual({
      timestampOffset: 0,
      commitOffset: 8,
      dataOffset: 12,
      size: 4096,
    });
    expect(parsePageFormat(text(8, 17, 4080))).toBeUndefined();
    expect(parsePageFormat('')).toBeUndefined();
  });

  test('the record header is compared, not presumed', () => {
    const text =
      '# compressed entry header\n\ttype_len    :    5 bits\n\ttime_delta  :   27 bits\n\tarray       :   32 bits\n\n\tpadding     : type == 29\n\ttime_extend : type == 30\n\ttime_stamp : type == 31\n\tdata max type_len  == 28\n';
    expect(isKnownRecordHeader(text)).toBe(true);
    expect(isKnownRecordHeader(text.replace('27 bits', '26 bits'))).toBe(false);
    expect(isKnownRecordHeader('')).toBe(false);
  });
});

describe.skipIf(process.getuid?.() !== 0)('format files of the running kernel (needs root)', () => {
  test('every event is understood: fields lie within the record, one after the other', () => {
    const tracefs = openTracefs();
    try {
      const events = join(tracefs.root, 'events');
      let seen = 0;
      for (const system of ['sock', 'tcp', 'sched', 'net', 'skb', 'syscalls']) {
        if (!existsSync(join(events, system))) continue;
        for (const entry of readdirSync(join(events, system), { withFileTypes: true })) {
          if (!entry.isDirectory()) continue;
          const text = readFileSync(join(events, system, entry.name, 'format'), 'latin1');
          const format = parseEventFormat(text)!;
          expect(format.name).toBe(entry.name);
          expect(format.fields.size, entry.name).toBe(text.match(/^\tfield:/gm)?.length);
          expect(format.fields.get('common_pid')).toMatchObject({ offset: 4, size: 4, signed: true });
          let end = 0;
          for (const field of format.fields.values()) {
            expect(field.offset, `${entry.name}.${field.name}`).toBeGreaterThanOrEqual(end);
            end = field.offset + field.size;
          }
          seen++;
        }
      }
      expect(seen).toBeGreaterThan(20);
      expect(parsePageFormat(readFileSync(join(events, 'header_page'), 'latin1'))).toBeDefined();
      expect(isKnownRecordHeader(readFileSync(join(events, 'header_event'), 'latin1'))).toBe(true);
    } finally {
      tracefs.release();
    }
  });
});
