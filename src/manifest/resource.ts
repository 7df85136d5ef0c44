import type { Diagnostic, Span } from '../diagnostic/diagnostic.ts';
import type { Site } from './site.ts';

/** A path into a manifest value: object keys and array indexes. */
export type Path = readonly (string | number)[];

/** Where the characters of one text of a manifest stand in its file. */
export interface TextPlaces {
  /** The span of the characters from `start` to `end` (exclusive) of the text as it is read. */
  at(start: number, end: number): Span;
}

/** One manifest object with its positions. */
export interface Resource<T = unknown> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** As written; undefined when the manifest does not say. */
  readonly namespace: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** The whole object as plain data; of type T once its kind's schema accepted it. */
  readonly value: T;
  /**
   * Whether a schema is known for apiVersion and kind, and whether the value fits it: `valid` means that it is of type T
   * and its meaning is plain. The API server may still refuse it for a detail such as a name; that is a diagnostic.
   */
  readonly schema: 'valid' | 'invalid' | 'unknown-kind';
  readonly file: string;
  /** The whole object. */
  readonly span: Span;
  /** Span of the value at `path`; of the nearest existing ancestor when there is none. */
  at(path: Path): Span;
  /** Span of the last key of `path`; falls back like {@link at}. */
  keyAt(path: Path): Span;
  /**
   * Where the characters of the text at `path` stand: its escapes, folded lines and indentation undone. Undefined when
   * there is no text, or it stands elsewhere (an alias).
   */
  places(path: Path): TextPlaces | undefined;
}

/** A file as it was read, before any decoding. */
export interface InputFile {
  /** The name the user would recognise, as it shall stand in diagnostics. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What was read and what was not: nothing is skipped silently. */
export interface ManifestCounts {
  readonly files: number;
  readonly documents: number;
  readonly resources: number;
  /** Documents or files without a Kubernetes object in them, e.g. Helm values or Markdown without yaml blocks. */
  readonly notManifests: number;
  /** Objects whose apiVersion/kind Picket has no schema for, by `apiVersion/kind`. */
  readonly unknownKinds: ReadonlyMap<string, number>;
  /** Files refused (binary, too large, unreadable). */
  readonly refused: number;
}

/** Text of the files that diagnostics point into, for showing: values of Secrets are masked, at their length. */
export interface SourceTexts {
  get(file: string): string | undefined;
}

/** Everything that was read from one set of inputs. */
export interface ManifestSet {
  readonly resources: readonly Resource[];
  readonly diagnostics: readonly Diagnostic[];
  readonly counts: ManifestCounts;
  /** What the site file says, when there is one. */
  readonly site?: Site;
  readonly sources: SourceTexts;
}
