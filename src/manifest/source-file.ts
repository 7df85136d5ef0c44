import {
  type CodeDefinition,
  type Diagnostic,
  diagnose,
  type Occurrence,
  type Span,
} from '../diagnostic/diagnostic.ts';
import { LineIndex } from '../diagnostic/position.ts';
import type { Range } from './locations.ts';

/** What is said of one occurrence, with places as offsets into the file. */
export interface Report extends Omit<Occurrence, 'span' | 'related'> {
  readonly related?: readonly { readonly at: Range; readonly message: string }[];
}

/** One decoded file: turns offsets into spans and collects the diagnostics about it. */
export class SourceFile {
  readonly name: string;
  readonly index: LineIndex;
  readonly diagnostics: Diagnostic[] = [];

  constructor(name: string, text: string) {
    this.name = name;
    this.index = new LineIndex(text);
  }

  get text(): string {
    return this.index.text;
  }

  span({ start, end }: Range): Span {
    return this.index.span(this.name, start, end);
  }

  /** Adds a diagnostic at `at`. */
  report(definition: CodeDefinition, at: Range, { related = [], ...rest }: Report): void {
    this.diagnostics.push(
      diagnose(definition, {
        ...rest,
        span: this.span(at),
        related: related.map((place) => ({ span: this.span(place.at), message: place.message })),
      }),
    );
  }
}
