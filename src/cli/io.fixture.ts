import type { Io } from './io.ts';

/** A terminal that remembers what was written to it. */
export interface TestIo extends Io {
  readonly written: { out: string; err: string };
}

/** An Io without colours, 100 columns wide, whose standard input is `input`. */
export function testIo(env: Io['env'] = {}, input = ''): TestIo {
  const written = { out: '', err: '' };
  return {
    written,
    out: (text) => {
      written.out += text;
    },
    err: (text) => {
      written.err += text;
    },
    outIsTerminal: false,
    errIsTerminal: false,
    canAsk: false,
    columns: 100,
    env,
    cwd: process.cwd(),
    style: (_format, text) => text,
    errStyle: (_format, text) => text,
    readStdin: async () => new TextEncoder().encode(input),
    ask: async () => undefined,
  };
}
