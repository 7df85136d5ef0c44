import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { LineSplitter } from '../tail/line-splitter.ts';

/** Who gets the lines. */
export interface JournalSink {
  /** The next are read when what this returns is done. */
  lines(lines: readonly string[]): void | Promise<void>;
  /** One sentence: what may have been missed, and why. */
  warn(text: string): void;
}

export interface JournalOptions {
  /** Programs whose messages are asked for, as they call themselves. */
  readonly programs: readonly string[];
  readonly maxLineBytes: number;
  /** Another folder than the machine's own journal. */
  readonly folder?: string;
  /** The program that reads journals. Default: `journalctl` of the PATH. */
  readonly program?: string;
  /** First pause before it is started again; doubled each time up to the last, ms. Default 1000 and 60,000. */
  readonly pauseMs?: readonly [first: number, last: number];
}

const cursorPattern = /"__CURSOR"\s*:\s*"([^"\\]{1,512})"/;
const maxErrorText = 400;

/**
 * Follows the journal by `journalctl -o json -f`, from now on. A journalctl that ends is started again behind the last message that it
 * gave, after a pause.
 */
export class Journal {
  /** Lines handed on, and how often journalctl was started again. */
  lines = 0;
  restarts = 0;
  /** Why there is none just now. */
  problem: string | undefined;
  readonly #sink: JournalSink;
  readonly #options: JournalOptions;
  readonly #splitter: LineSplitter;
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;
  #child: ChildProcess | undefined;
  #cursor: string | undefined;

  constructor(sink: JournalSink, options: JournalOptions) {
    this.#sink = sink;
    this.#options = options;
    this.#splitter = new LineSplitter(options.maxLineBytes);
    this.#ended = this.#run();
  }

  /** Lines that were left out, being too long. */
  get tooLong(): number {
    return this.#splitter.tooLong;
  }

  /** Ends journalctl, and resolves when it is gone. Idempotent. */
  stop(): Promise<void> {
    this.#stopping.abort();
    this.#child?.kill('SIGTERM');
    return this.#ended;
  }

  async #run(): Promise<void> {
    const { pauseMs: [first, last] = [1000, 60_000] } = this.#options;
    let pause = first;
    while (!this.#stopping.signal.aborted) {
      const begun = performance.now();
      const reason = await this.#follow();
      if (this.#stopping.signal.aborted) return;
      const gap = this.#cursor === undefined ? '; messages may have been missed' : '';
      if (this.problem !== reason) this.#sink.warn(`${reason}; it is started again${gap}`);
      this.problem = reason;
      pause = performance.now() - begun > last ? first : Math.min(last, pause * 2);
      await wait(pause, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      this.restarts++;
    }
  }

  /** Reads until journalctl ends; returns why it did. */
  async #follow(): Promise<string> {
    const { program = 'journalctl' } = this.#options;
    const child = spawn(program, this.#arguments(), { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      if (said.length < maxErrorText) said += chunk.toString();
    });
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(`${program} cannot be started: ${error.message}`));
      child.once('close', (code, signal) => resolve(`${program} has ended (${signal ?? code})`));
    });
    try {
      // The pipe is the queue: while the sink is busy nothing is read, and journalctl waits.
      for await (const chunk of child.stdout) await this.#take(chunk as Buffer);
    } catch (error) {
      child.kill('SIGTERM');
      return `${program}: ${(error as Error).message}`;
    } finally {
      this.#splitter.restart();
    }
    const reason = await ended;
    const text = said.slice(0, maxErrorText).trim().replace(/\s+/g, ' ');
    return text === '' ? reason : `${reason}: ${text}`;
  }

  async #take(chunk: Buffer): Promise<void> {
    const lines: string[] = [];
    this.#splitter.push(chunk, lines);
    const latest = lines.at(-1);
    if (latest === undefined) return;
    this.problem = undefined;
    this.lines += lines.length;
    await this.#sink.lines(lines);
    this.#cursor = cursorPattern.exec(latest)?.[1] ?? this.#cursor;
  }

  #arguments(): string[] {
    const { programs, folder } = this.#options;
    return [
      '--output=json',
      '--follow',
      '--no-pager',
      '--quiet',
      // Without it --follow begins with the last ten.
      ...(this.#cursor === undefined ? ['--lines=0'] : ['--lines=all', `--after-cursor=${this.#cursor}`]),
      ...(folder === undefined ? [] : [`--directory=${folder}`]),
      ...programs.map((name) => `--identifier=${name}`),
    ];
  }
}
