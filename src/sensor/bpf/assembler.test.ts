import { describe, expect, test } from 'vitest';
import { Assembler, helper, r0, r1, r2, r10 } from './assembler.ts';

function hex(code: Assembler): string[] {
  const text = Buffer.from(code.assemble()).toString('hex');
  return text.match(/.{16}/g) ?? [];
}

/** Encodings as RFC 9669 and the kernel's own assembler macros (include/linux/filter.h) give them. */
describe('instructions', () => {
  test('arithmetic, loads and stores', () => {
    const code = new Assembler()
      .mov(r0, 0)
      .mov(r2, r10)
      .add(r2, -4)
      .alu32('and', r1, 0xff)
      .load(8, r1, r1, 16)
      .store(4, r10, -4, r0)
      .store(8, r10, -16, 7)
      .atomicAdd(r1, 8, r2)
      .exit();
    expect(hex(code)).toEqual([
      'b700000000000000',
      'bfa2000000000000',
      '07020000fcffffff',
      '54010000ff000000',
      '7911100000000000',
      '630afcff00000000',
      '7a0af0ff07000000',
      'db21080000000000',
      '9500000000000000',
    ]);
  });

  test('jumps and calls go to labels, counted from the next instruction', () => {
    const code = new Assembler()
      .label('again')
      .jumpIf('eq', r1, 5, 'end')
      .callLocal('function')
      .jump('again')
      .label('end')
      .call(helper.mapLookup)
      .label('function')
      .exit();
    expect(hex(code)).toEqual([
      '1501020005000000',
      '8510000002000000',
      '0500fdff00000000',
      '8500000001000000',
      '9500000000000000',
    ]);
  });

  test('wide immediates and maps take two', () => {
    expect(hex(new Assembler().loadMap(r1, 7).loadImmediate(r2, -2n))).toEqual([
      '1811000007000000',
      '0000000000000000',
      '18020000feffffff',
      '00000000ffffffff',
    ]);
  });

  test('a label that is missing or stands twice is a mistake', () => {
    expect(() => new Assembler().jump('none').assemble()).toThrow('label none is missing');
    expect(() => new Assembler().label('a').label('a')).toThrow('label a stands twice');
  });
});
