import type { Span } from '../diagnostic/diagnostic.ts';
import { placesIn } from './embedded-places.ts';
import type { Locations, Range } from './locations.ts';
import type { Path, Resource, TextPlaces } from './resource.ts';
import type { SourceFile } from './source-file.ts';

/** One node of a parsed document: its value and its places in the file. */
export class LocatedValue {
  readonly value: unknown;
  readonly source: SourceFile;
  readonly #locations: Locations;
  readonly #row: number;

  constructor(source: SourceFile, value: unknown, locations: Locations, row: number) {
    this.source = source;
    this.value = value;
    this.#locations = locations;
    this.#row = row;
  }

  /** The item at `path`; undefined when the text has none. */
  child(path: Path, value: unknown): LocatedValue | undefined {
    const { row, depth } = this.#locations.find(this.#row, path);
    return depth < path.length ? undefined : new LocatedValue(this.source, value, this.#locations, row);
  }

  /** Where the value at `path` stands, or that of its nearest existing ancestor. */
  range(path: Path): Range {
    return this.#locations.value(this.#locations.find(this.#row, path).row);
  }

  /** Where the last key of `path` stands, or that of the nearest existing ancestor that has one. */
  keyRange(path: Path): Range {
    for (let length = this.#locations.find(this.#row, path).depth; length > 0; length--) {
      const { row } = this.#locations.find(this.#row, path.slice(0, length));
      const key = this.#locations.key(row);
      if (key) return key;
      // A list item has no key of its own: the whole item is its nearest name.
      if (length === path.length) return this.#locations.value(row);
    }
    return this.range([]);
  }

  /** Where the characters of `text`, the value at `path`, stand; undefined when they stand elsewhere (an alias). */
  places(path: Path, text: string): TextPlaces | undefined {
    const { row, depth } = this.#locations.find(this.#row, path);
    if (depth < path.length) return undefined;
    const { fragment } = this.#locations;
    const range = this.#locations.value(row);
    const start = fragment.fromFile(range.start);
    const found = placesIn(fragment.text.slice(start, fragment.fromFile(range.end)), text);
    if (!found) return undefined;
    const inText = (offset: number) => Math.min(Math.max(offset, 0), text.length);
    return {
      at: (from, to) => {
        const first = found.start(inText(from));
        const last = to > from ? found.end(inText(to)) : first;
        return this.source.span({
          start: fragment.toFile(start + first),
          end: last > first ? fragment.toFile(start + last - 1) + 1 : fragment.toFile(start + first),
        });
      },
    };
  }
}

/** What is known of an object before its kind's schema is asked. */
export interface Identity {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | undefined;
}

/** The resource over a located value. */
export class LocatedResource implements Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly schema: Resource['schema'];
  readonly #located: LocatedValue;

  constructor(located: LocatedValue, identity: Identity, schema: Resource['schema']) {
    this.#located = located;
    this.apiVersion = identity.apiVersion;
    this.kind = identity.kind;
    this.name = identity.name;
    this.namespace = identity.namespace;
    this.schema = schema;
    const metadata = memberOf(located.value, 'metadata');
    this.labels = textMap(memberOf(metadata, 'labels'));
    this.annotations = textMap(memberOf(metadata, 'annotations'));
  }

  get value(): unknown {
    return this.#located.value;
  }

  get file(): string {
    return this.#located.source.name;
  }

  get span(): Span {
    return this.at([]);
  }

  at(path: Path): Span {
    return this.#located.source.span(this.#located.range(path));
  }

  keyAt(path: Path): Span {
    return this.#located.source.span(this.#located.keyRange(path));
  }

  places(path: Path): TextPlaces | undefined {
    const value = path.reduce<unknown>(
      (inner, step) => (Array.isArray(inner) ? inner[Number(step)] : memberOf(inner, String(step))),
      this.value,
    );
    return typeof value === 'string' ? this.#located.places(path, value) : undefined;
  }
}

/** The member `key` of `value` when that is a mapping that has it. */
export function memberOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

/** The members of a mapping that are texts. */
function textMap(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
