import { styleText } from 'node:util';

/** Colours and weights by name, as in node:util styleText. */
export type Style = (format: Parameters<typeof styleText>[0], text: string) => string;

/** Everything a command touches of the terminal, so that its whole output can be tested. */
export interface Io {
  /** Results. */
  out(text: string): void;
  /** Narration, progress and diagnostics about the run itself. */
  err(text: string): void;
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
  /** A person can be asked. */
  readonly canAsk: boolean;
  /** Width of the result's terminal in columns; 100 when it is none. */
  readonly columns: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly style: Style;
  readonly errStyle: Style;
  /** Reads standard input to its end. */
  readStdin(): Promise<Uint8Array>;
  /** Asks the person at the terminal; returns the line, undefined when none comes within the time. */
  ask(question: string, milliseconds: number): Promise<string | undefined>;
}

const plain: Style = (_format, text) => text;
const coloured: Style = (format, text) => styleText(format, text, { validateStream: false });

/** Whether to colour: `--color`, then NO_COLOR (no-color.org), FORCE_COLOR, TERM=dumb, then whether it is a terminal. */
export function wantsColour(when: string, env: Io['env'], isTerminal: boolean): boolean {
  if (when === 'always') return true;
  if (when === 'never') return false;
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR && env.FORCE_COLOR !== '0') return true;
  return isTerminal && env.TERM !== 'dumb';
}

/** The process's own terminal. */
export function processIo(colour: string): Io {
  const outIsTerminal = process.stdout.isTTY === true;
  const errIsTerminal = process.stderr.isTTY === true;
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    outIsTerminal,
    errIsTerminal,
    canAsk: process.stdin.isTTY === true && errIsTerminal,
    columns: process.stdout.columns || 100,
    env: process.env,
    cwd: process.cwd(),
    style: wantsColour(colour, process.env, outIsTerminal) ? coloured : plain,
    errStyle: wantsColour(colour, process.env, errIsTerminal) ? coloured : plain,
    readStdin: async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
      return new Uint8Array(Buffer.concat(chunks));
    },
    ask: askTerminal,
  };
}

async function askTerminal(question: string, milliseconds: number): Promise<string | undefined> {
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // The end of the input is an answer too: nobody is there.
  const ended = new Promise<undefined>((resolve) => lines.once('close', () => resolve(undefined)));
  try {
    const asked = lines.question(question, { signal: AbortSignal.timeout(milliseconds) });
    return await Promise.race([asked.catch(() => undefined), ended]);
  } finally {
    lines.close();
  }
}
