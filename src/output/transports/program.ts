import type { ChildProcess } from 'node:child_process';
import type { AlertRecord } from '../alert-record.ts';
import { lineOf, type Transport } from '../transport.ts';
import { ended, feedOnce, killGroup, spawnChild } from './child-line.ts';

export interface ProgramOutputOptions {
  /** For `sh -c`. */
  readonly program: string;
  /** Whether one program takes all alerts; else each alert starts it anew. */
  readonly keepAlive: boolean;
  readonly json: boolean;
}

/** ms that a kept program has to end after its input ended. */
const endsWithin = 2_000;
/** ms after which a program that still runs counts as one that reads. */
const settlesWithin = 300;

/**
 * Lines into a shell command. Started anew for each alert, it has the alert when it ends with status 0; any other status is
 * tried again. Kept, it has the alert when its pipe has: what it has not read
 * when it dies is lost with it.
 */
export class ProgramTransport implements Transport {
  readonly kind = 'program';
  readonly target: string;
  readonly #options: ProgramOutputOptions;
  #child: ChildProcess | undefined;
  /** All that have not ended, those that {@link reopen} let go of among them. */
  readonly #running = new Map<ChildProcess, Promise<unknown>>();

  constructor(options: ProgramOutputOptions) {
    this.#options = options;
    this.target = shownProgram(options.program);
  }

  send(record: AlertRecord, signal: AbortSignal): Promise<void> {
    const { program, keepAlive, json } = this.#options;
    const line = lineOf(record, json);
    if (!keepAlive) return feedOnce('/bin/sh', ['-c', program], line, { name: 'the program' }, signal);
    return this.#write(`${line}\n`, signal);
  }

  reopen(): void {
    this.#child?.stdin?.end();
    this.#child = undefined;
  }

  async close(): Promise<void> {
    this.reopen();
    const timer = setTimeout(() => {
      for (const child of this.#running.keys()) killGroup(child);
    }, endsWithin);
    await Promise.all(this.#running.values());
    clearTimeout(timer);
  }

  #write(line: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const isNew = this.#child === undefined;
    const child = this.#child ?? this.#start();
    if (isNew) return this.#writeFirst(child, line, signal);
    return this.#writeTo(child, line, signal);
  }

  /** A program that cannot start takes a line into its pipe all the same, and ends soon. */
  async #writeFirst(child: ChildProcess, line: string, signal: AbortSignal): Promise<void> {
    const end = ended(child, 'the program');
    await this.#writeTo(child, line, signal);
    let timer: NodeJS.Timeout | undefined;
    const settled = new Promise<void>((done) => {
      timer = setTimeout(done, settlesWithin);
    });
    const failure = await Promise.race([
      settled,
      end.then((error) => error ?? new Error('the program ended')),
    ]);
    clearTimeout(timer);
    if (failure !== undefined) throw failure;
  }

  #writeTo(child: ChildProcess, line: string, signal: AbortSignal): Promise<void> {
    return new Promise((done, fail) => {
      const stop = () => {
        // It does not read: the line may lie half in its pipe.
        killGroup(child);
        fail(signal.reason as Error);
      };
      signal.addEventListener('abort', stop, { once: true });
      child.once('error', fail);
      child.stdin?.write(line, (error) => {
        signal.removeEventListener('abort', stop);
        child.off('error', fail);
        if (!error) return done();
        if (this.#child === child) this.#child = undefined;
        fail(new Error(`the program does not take its input: ${error.message}`));
      });
    });
  }

  #start(): ChildProcess {
    const child = spawnChild('/bin/sh', ['-c', this.#options.program]);
    this.#child = child;
    const end = ended(child, 'the program').then(() => {
      if (this.#child === child) this.#child = undefined;
      this.#running.delete(child);
    });
    this.#running.set(child, end);
    return child;
  }
}

/** The name of the program alone: behind it may stand tokens, as in the address that curl posts to. */
function shownProgram(command: string): string {
  const words = command.trim().split(/\s+/);
  const name = words.find((word) => !word.includes('=')) ?? '';
  return words.length === 1 ? name : `${name} …`;
}
