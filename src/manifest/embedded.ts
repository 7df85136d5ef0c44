import type { Diagnostic, Span } from '../diagnostic/diagnostic.ts';
import { LineIndex } from '../diagnostic/position.ts';
import { decodeBase64 } from './base64.ts';
import { EmbeddedSource } from './embedded-source.ts';
import { wholeFile } from './fragment.ts';
import { DEFAULT_LIMITS, type ReadLimits } from './limits.ts';
import { LocatedValue } from './object.ts';
import type { Path, Resource, TextPlaces } from './resource.ts';
import { type Chunk, splitDocuments } from './stream.ts';
import { parseYaml } from './yaml.ts';

/** A document or script that stands in a field of a resource, or is a file of its own. */
export interface EmbeddedText {
  /** Undefined for a file of its own. */
  readonly resource: Resource | undefined;
  /** Of the field, or of the text inside an embedded document: then of the field that holds that. */
  readonly path: Path;
  /** What the field holds, decoded. */
  readonly text: string;
  readonly encoding: 'plain' | 'base64';
  /** Whether nothing of the text may be shown: it comes from a Secret. */
  readonly secret: boolean;
  /** Whether {@link at} finds single characters; if not, it returns the whole value. */
  readonly exact: boolean;
  /** The whole value in its file. */
  readonly span: Span;
  /**
   * Where the characters from `start` to `end` (exclusive, UTF-16 offsets in `text`) stand in the file. Base64 has no place
   * for a line or a character: there it is the span of the whole value.
   */
  at(start: number, end: number): Span;
}

/** A YAML document inside a text, with the places of its values in the file around it. */
export interface EmbeddedDocument {
  readonly text: EmbeddedText;
  /** Undefined when the document could not be parsed. */
  readonly value: unknown;
  readonly diagnostics: readonly Diagnostic[];
  /** The whole document. */
  readonly span: Span;
  /** As {@link Resource.at}, with paths into {@link value}. */
  at(path: Path): Span;
  /** As {@link Resource.keyAt}. */
  keyAt(path: Path): Span;
  /** The text at `path` of the document with the places of its characters; undefined when there is no text. */
  textAt(path: Path): EmbeddedText | undefined;
}

/**
 * The text in the field at `path` of a resource. `data` of a Secret and `binaryData` of a ConfigMap are decoded from
 * base64. Undefined when there is no text: another type, no base64, or bytes that are no UTF-8.
 */
export function embeddedText(resource: Resource, path: Path): EmbeddedText | undefined {
  const value = valueAt(resource.value, path);
  if (typeof value !== 'string') return undefined;
  const secret = resource.kind === 'Secret';
  const encoded = path.length === 2 && path[0] === (secret ? 'data' : 'binaryData');
  const text = encoded ? decodeBase64(value)?.text : value;
  if (text === undefined) return undefined;
  const places = () => (encoded ? undefined : resource.places(path));
  const encoding = encoded ? 'base64' : 'plain';
  return new PlacedText({ resource, path, text, encoding, secret }, () => resource.at(path), places);
}

/** A file as a text of its own. */
export function fileText(name: string, text: string): EmbeddedText {
  const index = new LineIndex(text);
  const at = (start: number, end: number) => index.span(name, start, end);
  const identity = { resource: undefined, path: [], text, encoding: 'plain', secret: false } as const;
  return new PlacedText(
    identity,
    () => at(0, text.length),
    () => ({ at }),
  );
}

/** The first YAML document of a text; undefined when there is none. Never throws on its content. */
export function embeddedYaml(
  text: EmbeddedText,
  limits: ReadLimits = DEFAULT_LIMITS,
): EmbeddedDocument | undefined {
  for (const chunk of splitDocuments(text.text)) return parse(text, chunk, limits);
  return undefined;
}

/** All YAML documents of a text. Never throws on their content. */
export function embeddedDocuments(
  text: EmbeddedText,
  limits: ReadLimits = DEFAULT_LIMITS,
): EmbeddedDocument[] {
  return Array.from(splitDocuments(text.text), (chunk) => parse(text, chunk, limits));
}

function parse(text: EmbeddedText, chunk: Chunk, limits: ReadLimits): EmbeddedDocument {
  const source = new EmbeddedSource(text);
  const parsed = parseYaml(source, wholeFile(text.text), chunk, limits);
  if (!parsed) {
    const span = text.at(chunk.start, chunk.end);
    const nothing = { at: () => span, keyAt: () => span, textAt: () => undefined };
    return { text, value: undefined, diagnostics: source.diagnostics, span, ...nothing };
  }
  const located = new LocatedValue(source, parsed.value, parsed.locations, 0);
  const { resource, path, encoding, secret } = text;
  const at = (inner: Path): Span => source.span(located.range(inner));
  return {
    text,
    value: parsed.value,
    diagnostics: source.diagnostics,
    span: at([]),
    at,
    keyAt: (inner) => source.span(located.keyRange(inner)),
    textAt(inner) {
      const value = valueAt(parsed.value, inner);
      if (typeof value !== 'string') return undefined;
      const identity = { resource, path, text: value, encoding, secret };
      const places = () => (text.exact ? located.places(inner, value) : undefined);
      return new PlacedText(identity, () => at(inner), places);
    },
  };
}

/** What {@link EmbeddedText} says besides places. */
type Identity = Pick<EmbeddedText, 'resource' | 'path' | 'text' | 'encoding' | 'secret'>;

/** Places are worked out when first asked for: most texts have no problem in them. */
class PlacedText implements EmbeddedText {
  readonly resource: Resource | undefined;
  readonly path: Path;
  readonly text: string;
  readonly encoding: 'plain' | 'base64';
  readonly secret: boolean;
  readonly #whole: () => Span;
  readonly #find: () => TextPlaces | undefined;
  #places: TextPlaces | null | undefined;

  constructor(identity: Identity, whole: () => Span, find: () => TextPlaces | undefined) {
    this.resource = identity.resource;
    this.path = identity.path;
    this.text = identity.text;
    this.encoding = identity.encoding;
    this.secret = identity.secret;
    this.#whole = whole;
    this.#find = find;
  }

  get exact(): boolean {
    return this.#found() !== null;
  }

  get span(): Span {
    return this.#whole();
  }

  at(start: number, end: number): Span {
    return this.#found()?.at(start, end) ?? this.#whole();
  }

  #found(): TextPlaces | null {
    if (this.#places === undefined) this.#places = this.#find() ?? null;
    return this.#places;
  }
}

/** The value at `path` of plain data; own members alone count. */
function valueAt(value: unknown, path: Path): unknown {
  let inner = value;
  for (const step of path) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, step)) return undefined;
    inner = (inner as Record<string | number, unknown>)[step];
  }
  return inner;
}
