import { expect, test } from 'vitest';
import type { Io } from './io.ts';
import { Narrator } from './narrator.ts';

test('what others said tells the terminal nothing', () => {
  const told: string[] = [];
  const io = { err: (text: string) => told.push(text) } as unknown as Io;
  new Narrator(io, { flows: false, json: false }).say('\nanswer: \u001b]0;owned\u0007\u009b2J\r ok');
  expect(told).toEqual(['\nanswer: \\x1b]0;owned\\x07\\x9b2J\\x0d ok\n']);
});
