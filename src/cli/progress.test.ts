import { expect, test } from 'vitest';
import { testIo } from './io.fixture.ts';
import { progress } from './progress.ts';

function told(errIsTerminal: boolean, msPerStep: number, steps: number): string {
  const io = { ...testIo(), errIsTerminal };
  let clock = 0;
  const { step, end } = progress(io, 'pairs judged', () => clock);
  for (let at = 0; at < steps; at++) {
    clock += msPerStep;
    step();
  }
  end();
  return io.written.err;
}

test('long work is told on a terminal, and the line is taken away', () => {
  const text = told(true, 1, 5_000);
  expect(text).toMatch(/^\r1,024 pairs judged\r2,048 pairs judged/);
  expect(text.endsWith('\r\u001b[K')).toBe(true);
});

test('short work is not told, and nothing off a terminal', () => {
  expect(told(true, 0.001, 5_000)).toBe('');
  expect(told(false, 1, 5_000)).toBe('');
});
