import type { CodeDefinition, Span } from '../diagnostic/diagnostic.ts';
import type { Range } from './locations.ts';
import { type Report, SourceFile } from './source-file.ts';

/** What {@link EmbeddedSource} asks of the text that it is. */
interface PlacedText {
  readonly text: string;
  readonly secret: boolean;
  readonly span: Span;
  at(start: number, end: number): Span;
}

/** A text inside a file as a source of its own: its offsets turn into spans of the file around it. */
export class EmbeddedSource extends SourceFile {
  readonly #text: PlacedText;

  constructor(text: PlacedText) {
    super(text.span.file, text.text);
    this.#text = text;
  }

  override span({ start, end }: Range): Span {
    return this.#text.at(start, Math.max(start, end));
  }

  /** Of a secret text only the kind of problem is told: messages quote keys, anchors and values. */
  override report(definition: CodeDefinition, at: Range, report: Report): void {
    if (!this.#text.secret) {
      super.report(definition, at, report);
      return;
    }
    const { severity } = report;
    const { title } = definition;
    super.report(definition, at, {
      message: `inside the Secret's value: ${title.slice(0, 1).toLowerCase()}${title.slice(1)}`,
      ...(severity ? { severity } : {}),
    });
  }
}
