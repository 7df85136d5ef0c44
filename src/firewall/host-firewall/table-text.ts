import type { Path } from '../../manifest/resource.ts';

/**
 * What a line of the text is for: `rule` accepts or drops by what a packet is, alone; `block`, `limit` and `connections` drop
 * by what came before it, and `log` drops nothing.
 */
export type LinePart = 'rule' | 'block' | 'limit' | 'connections' | 'log';

/** One line of the text, and what of the declaration it comes from. */
export interface TableLine {
  readonly text: string;
  /** Undefined for what stands in every table. */
  readonly path: Path | undefined;
  /** Undefined for a line that is no rule. */
  readonly part: LinePart | undefined;
}

/** Gathers the lines of one table: its sets first, then the chains that rules jump to, then those that hang on hooks. */
export class TableText {
  readonly #sets = new Map<string, TableLine[]>();
  readonly #inner: TableLine[][] = [];
  readonly #base: TableLine[][] = [];

  /** Adds a set or another named object, once for each name. */
  object(kind: 'set' | 'limit', name: string, body: readonly string[], path: Path | undefined): void {
    if (this.#sets.has(name)) return;
    const line = (text: string): TableLine => ({ text, path, part: undefined });
    this.#sets.set(name, [
      line(`\t${kind} ${name} {`),
      ...body.map((text) => line(`\t\t${text}`)),
      line('\t}'),
    ]);
  }

  /** Adds a chain; returns what adds lines to it. */
  chain(name: string, hook: string | undefined, path?: Path): ChainText {
    const lines: TableLine[] = [{ text: `\tchain ${name} {`, path, part: undefined }];
    if (hook !== undefined) lines.push({ text: `\t\t${hook}`, path, part: undefined });
    (hook === undefined ? this.#inner : this.#base).push(lines);
    return new ChainText(lines);
  }

  /** Returns all lines, those of the header first. */
  lines(header: readonly string[]): readonly TableLine[] {
    const plain = (text: string): TableLine => ({ text, path: undefined, part: undefined });
    const parts = [...this.#sets.values(), ...this.#inner.map(closed), ...this.#base.map(closed)];
    return [
      ...header.map((text) => plain(`# ${text}`)),
      plain('table inet picket {'),
      ...parts.flatMap((part, at) => (at === 0 ? part : [plain(''), ...part])),
      plain('}'),
    ];
  }
}

function closed(lines: readonly TableLine[]): readonly TableLine[] {
  return [...lines, { text: '\t}', path: undefined, part: undefined }];
}

/** One chain that is being written. */
export class ChainText {
  readonly #lines: TableLine[];

  constructor(lines: TableLine[]) {
    this.#lines = lines;
  }

  /** Adds a line that says something to a reader. */
  note(text: string, path?: Path): void {
    this.#lines.push({ text: `\t\t# ${text}`, path, part: undefined });
  }

  rule(text: string, path?: Path, part: LinePart = 'rule'): void {
    this.#lines.push({ text: `\t\t${text}`, path, part });
  }
}

/** Returns a path as it is written in messages, e.g. `forward.allow[1]`. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}
