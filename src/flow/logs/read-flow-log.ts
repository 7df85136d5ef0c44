import type { Flow } from '../flow.ts';
import { type FlowLogFormat, type LogReader, type LogResult, problem, reasons } from './flow-log.ts';
import { JsonItems } from './json-items.ts';
import { LineSplitter } from './line-splitter.ts';
import { flowLogFormats } from './registry.ts';

/** One record that could not be read. */
export interface LogProblem {
  /** Line, counted from 1; of a list in JSON the line that ends the object. */
  readonly line: number;
  readonly reason: string;
}

/** What became of all that was read: `lines` in objects over several lines are more than the rest together, else as many. */
export interface FlowLogCounts {
  readonly lines: number;
  readonly blank: number;
  /** Lines about the log itself. */
  readonly headers: number;
  readonly flows: number;
  /** Records that are no flow, by reason. */
  readonly skipped: ReadonlyMap<string, number>;
  /** Records that could not be read, by reason. */
  readonly dropped: ReadonlyMap<string, number>;
  /** The first of them. */
  readonly problems: readonly LogProblem[];
}

export interface FlowLogOptions {
  /** Name of the file; kept in the flows. */
  readonly name: string;
  /** What it is, where that is known; else found out by what its first lines hold. */
  readonly format?: FlowLogFormat;
  /** Bytes of one line, and characters of one object. Default 1 MiB. */
  readonly maxRecord?: number;
  /** Problems that are kept one by one. Default 20. */
  readonly maxProblems?: number;
}

/** First lines that may say nothing of the format before it is given up. */
const maxUnknown = 64;

/**
 * Reads a log of flows from bytes in any pieces, and hands on its flows in their order. Never throws for what it reads: what is no flow is
 * counted by reason. The format is that of the first record that a format recognizes.
 */
export class FlowLogFile {
  readonly #name: string;
  readonly #sink: (flow: Flow) => void;
  readonly #splitter: LineSplitter;
  readonly #maxRecord: number;
  readonly #maxProblems: number;
  #format: FlowLogFormat | undefined;
  #reader: LogReader | undefined;
  #items: JsonItems | undefined;
  #isGivenUp = false;
  #unknown = 0;
  #lines = 0;
  #blank = 0;
  #headers = 0;
  #flows = 0;
  #objects = 0;
  readonly #skipped = new Map<string, number>();
  readonly #dropped = new Map<string, number>();
  readonly #problems: LogProblem[] = [];

  constructor(options: FlowLogOptions, sink: (flow: Flow) => void) {
    this.#name = options.name;
    this.#sink = sink;
    this.#maxRecord = options.maxRecord ?? 1 << 20;
    this.#maxProblems = options.maxProblems ?? 20;
    this.#splitter = new LineSplitter(
      { line: (text) => this.#line(text), tooLong: () => this.#lineTooLong() },
      this.#maxRecord,
    );
    if (options.format) this.#use(options.format);
  }

  /** What it is; undefined as long as that is not known. */
  get format(): FlowLogFormat | undefined {
    return this.#format;
  }

  /** Whether its first lines are of no format that is known; nothing is read any more. */
  get isUnknown(): boolean {
    return this.#isGivenUp;
  }

  get counts(): FlowLogCounts {
    return {
      lines: this.#lines,
      blank: this.#blank,
      headers: this.#headers,
      flows: this.#flows,
      skipped: this.#skipped,
      dropped: this.#dropped,
      problems: this.#problems,
    };
  }

  take(bytes: Uint8Array): void {
    this.#splitter.take(bytes);
  }

  /** To be called after the last bytes. */
  end(): void {
    this.#splitter.end();
    if (this.#items?.isOpen) this.#count(problem(reasons.cut));
    if (this.#format === undefined) this.#isGivenUp = true;
  }

  #use(format: FlowLogFormat): void {
    this.#format = format;
    this.#reader = format.open();
  }

  #lineTooLong(): void {
    this.#lines++;
    this.#count(problem(reasons.tooLong));
  }

  #line(text: string): void {
    this.#lines++;
    if (this.#isGivenUp) return;
    if (this.#items !== undefined) {
      this.#items.take(text);
      return;
    }
    const first = firstOf(text);
    if (first === '') {
      this.#blank++;
      return;
    }
    const isJson =
      this.#format === undefined ? first === '{' || first === '[' : this.#format.form === 'object';
    if (!isJson) {
      this.#record(text, this.#lines);
      return;
    }
    // A list, or an object over several lines, makes all of it a row of objects that lines do not part.
    const isFirst = this.#objects === 0 && this.#dropped.size === 0;
    if (isFirst && first === '[') this.#open('list', text);
    else {
      const value = parsed(text);
      if (
        value === undefined &&
        isFirst &&
        first === '{' &&
        text.length < 4_096 &&
        !text.trimEnd().endsWith('}')
      )
        this.#open('nothing', text);
      else this.#object(value, this.#lines);
    }
  }

  #open(within: 'list' | 'nothing', text: string): void {
    this.#items = new JsonItems(
      within,
      (item) => this.#object(parsed(item), this.#objects + 1),
      () => this.#count(problem(reasons.tooLong)),
      this.#maxRecord,
    );
    this.#items.take(text);
  }

  #object(value: unknown, number: number): void {
    this.#objects++;
    if (value === undefined) this.#count(problem(reasons.notJson));
    else this.#record(value, number);
  }

  #record(record: unknown, number: number): void {
    if (this.#reader === undefined) {
      const format = flowLogFormats.find((one) => one.recognizes(record));
      if (format === undefined) {
        this.#count(problem('before anything that tells what log it is'));
        if (++this.#unknown >= maxUnknown) this.#isGivenUp = true;
        return;
      }
      this.#use(format);
    }
    this.#count((this.#reader as LogReader).read(record, { name: this.#name, number }));
  }

  #count(result: LogResult): void {
    if (result.kind === 'flow') {
      this.#flows++;
      this.#sink(result.flow);
    } else if (result.kind === 'header') this.#headers++;
    else {
      const { kind, reason } = result;
      const counts = kind === 'skipped' ? this.#skipped : this.#dropped;
      counts.set(reason, (counts.get(reason) ?? 0) + 1);
      if (kind === 'problem' && this.#problems.length < this.#maxProblems)
        this.#problems.push({ line: this.#lines, reason });
    }
  }
}

/** What a file is, going by its beginning; undefined when it is no log of flows that is known. */
export function recognizeFlowLog(beginning: Uint8Array): FlowLogFormat | undefined {
  const file = new FlowLogFile({ name: '', maxProblems: 0 }, () => {});
  file.take(beginning);
  // The last line may be cut off: of a format whose first record it is, it is tried all the same.
  if (file.format === undefined) file.end();
  return file.format;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The first character that is no blank; empty when there is none. */
function firstOf(text: string): string {
  for (const character of text) if (!/\s/.test(character)) return character;
  return '';
}
