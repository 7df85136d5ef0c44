import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Btf } from './btf.ts';

const own = '/sys/kernel/btf/vmlinux';

describe('types of the kernel', () => {
  test('what is no BTF, or cut off, is refused', () => {
    expect(() => new Btf(new Uint8Array(64))).toThrow('not BTF');
    const head = new Uint8Array(24);
    new DataView(head.buffer).setUint16(0, 0xeb9f, true);
    new DataView(head.buffer).setUint32(4, 24, true);
    new DataView(head.buffer).setUint32(12, 1000, true);
    expect(() => new Btf(head)).toThrow('cut off');
  });

  describe.skipIf(!existsSync(own))('of this machine', () => {
    const btf = existsSync(own) ? new Btf(readFileSync(own)) : undefined;

    test('members by path, those of nameless structures included', () => {
      const path = btf?.member('file', 'f_path');
      expect(path?.size).toBe(16);
      expect(btf?.member('file', 'f_path.dentry')?.offset).toBe((path?.offset ?? 0) + 8);
      // Part of a nameless structure within a nameless union (include/net/sock.h).
      expect(btf?.member('sock', '__sk_common.skc_dport')).toEqual({ offset: 12, size: 2 });
      expect(btf?.member('task_struct', 'comm')?.size).toBe(16);
      expect(btf?.member('task_struct', 'no_such_member')).toBeUndefined();
      expect(btf?.member('no_such_structure', 'a')).toBeUndefined();
    });

    test('tracepoints have a type by which programs are attached', () => {
      expect(btf?.typedef('btf_trace_sys_exit')).toBeGreaterThan(0);
      expect(btf?.typedef('btf_trace_none')).toBeUndefined();
    });
  });
});
