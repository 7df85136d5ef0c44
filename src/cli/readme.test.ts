import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { testIo } from './io.fixture.ts';
import { runProgram } from './program.ts';

/** Blocks of the README that are one command over the examples, and what it prints. */
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const shown = [...readme.matchAll(/^```\n\$ \.\/picket (.* examples\/.*)\n([\s\S]*?)^```$/gm)];

test('the README shows commands over the examples', () => expect(shown).toHaveLength(3));

test.each(shown.map(([, command, output]) => [command as string, output as string]))(
  'the README shows what it prints: picket %s',
  async (command, output) => {
    const io = { ...testIo(), cwd: fileURLToPath(new URL('../..', import.meta.url)) };
    await runProgram(command.split(' '), () => io);
    expect(io.written.out).toBe(output);
  },
);
