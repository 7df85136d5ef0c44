import type { Fix, Span } from '../../diagnostic/diagnostic.ts';
import { nearest } from '../../diagnostic/suggest.ts';
import { type EmbeddedDocument, type EmbeddedText, embeddedDocuments } from '../../manifest/embedded.ts';
import type { Path } from '../../manifest/resource.ts';
import {
  deprecatedItem,
  type LoadCode,
  rulesYamlParse,
  rulesYamlValidate,
  unknownItem,
  unknownKey,
} from './codes.ts';
import type { ItemContext, LoadFinding } from './findings.ts';
import { type PlacedText, textAt } from './placed-text.ts';

/** Kinds of items, by the key that names them. */
export const itemKinds = [
  'required_engine_version',
  'required_plugin_versions',
  'macro',
  'list',
  'rule',
  'correlation',
] as const;
export type ItemKind = (typeof itemKinds)[number];

/** Keys that an item of each kind may have. */
const known: Readonly<Record<ItemKind, ReadonlySet<string>>> = {
  required_engine_version: new Set(['required_engine_version']),
  required_plugin_versions: new Set(['required_plugin_versions']),
  macro: new Set(['macro', 'condition', 'append', 'override']),
  list: new Set(['list', 'items', 'append', 'override']),
  rule: new Set([
    'rule',
    'condition',
    'output',
    'desc',
    'priority',
    'source',
    'enabled',
    'tags',
    'exceptions',
    'warn_evttypes',
    'skip-if-unknown-filter',
    'capture',
    'capture_duration',
    'append',
    'override',
  ]),
  correlation: new Set([
    'correlation',
    'count',
    'sequence',
    'absence',
    'within',
    'cooldown',
    'max_keys',
    'output',
    'desc',
    'priority',
    'source',
    'enabled',
    'tags',
    'exceptions',
    'override',
  ]),
};

/** Kinds whose key gives the name of an object. */
const named: ReadonlySet<ItemKind> = new Set(['macro', 'list', 'rule', 'correlation']);

/** One object of a rules file, read loosely; faults are told while it is read. */
export class Item {
  readonly kind: ItemKind;
  readonly name: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly #document: EmbeddedDocument;
  readonly #path: Path;
  readonly #file: ItemContext;
  readonly #tell: (finding: LoadFinding) => void;

  constructor(
    kind: ItemKind,
    fields: Readonly<Record<string, unknown>>,
    document: EmbeddedDocument,
    path: Path,
    file: ItemContext,
    tell: (finding: LoadFinding) => void,
  ) {
    this.kind = kind;
    this.fields = fields;
    this.#document = document;
    this.#path = path;
    this.#file = file;
    this.#tell = tell;
    this.name = (named.has(kind) && this.text(kind)?.text) || '';
  }

  get context(): ItemContext {
    const isNamed = named.has(this.kind) && this.name !== '';
    return { type: this.kind, name: this.name, span: isNamed ? this.at(this.kind) : this.keyAt(this.kind) };
  }

  has(key: string): boolean {
    return this.fields[key] !== undefined && this.fields[key] !== null;
  }

  /** What stands at a path, as YAML reads it. */
  value(...path: Path): unknown {
    return valueAt(this.fields, path);
  }

  at(...path: Path): Span {
    return this.#document.at([...this.#path, ...path]);
  }

  keyAt(...path: Path): Span {
    return this.#document.keyAt([...this.#path, ...path]);
  }

  /** Tells a problem of this item; `inner` is what inside of it is meant. */
  report(
    code: LoadCode,
    message: string,
    span: Span,
    more: { readonly inner?: ItemContext; readonly help?: string; readonly fix?: Fix } = {},
  ): void {
    const { inner, ...rest } = more;
    this.#tell({
      code,
      message,
      span,
      context: [this.#file, this.context, ...(inner ? [inner] : [])],
      ...rest,
    });
  }

  /** The text of a scalar with the places of its characters. */
  text(...path: Path): PlacedText | undefined {
    const found: EmbeddedText | undefined = this.#document.textAt([...this.#path, ...path]);
    if (found !== undefined) return { text: found.text, at: ({ start, end }) => found.at(start, end) };
    const span = this.at(...path);
    const text = scalarText(valueAt(this.fields, path));
    return text === undefined ? undefined : textAt(this.#written(span) ?? text, span);
  }

  /** A number or boolean as it stands in the file: to rules `no`, `0644` and `1e3` are texts. */
  #written({ start, end }: Span): string | undefined {
    const { resource, text } = this.#document.text;
    return resource === undefined ? text.slice(start.offset, end.offset) : undefined;
  }

  boolean(key: string): boolean | undefined {
    const value = this.fields[key];
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'boolean') return value;
    const text = typeof value === 'string' ? value.toLowerCase() : '';
    if (text === 'true' || text === 'false') return text === 'true';
    this.report(
      rulesYamlValidate,
      `Can't decode YAML scalar value: \`${key}\` is true or false`,
      this.at(key),
    );
    return undefined;
  }

  /** The scalars of a list; anything else is told. */
  texts(...path: Path): PlacedText[] {
    const value = valueAt(this.fields, path);
    if (value === undefined || value === null) return [];
    const key = path.at(-1);
    if (!Array.isArray(value)) {
      this.report(
        rulesYamlValidate,
        `Can't decode YAML sequence value: \`${key}\` is a list`,
        this.at(...path),
      );
      return [];
    }
    return value.flatMap((_, index) => {
      const text = this.text(...path, index);
      if (text === undefined) {
        this.report(
          rulesYamlValidate,
          `Can't decode YAML sequence value: \`${key}\` has texts only`,
          this.at(...path, index),
        );
      }
      return text ?? [];
    });
  }
}

/** Yields the items of a rules file in order; what is none is told. */
export function* readItems(text: EmbeddedText, tell: (finding: LoadFinding) => void): Generator<Item> {
  const file: ItemContext = { type: 'rules content', name: '', span: text.span };
  const say = (code: LoadCode, message: string, span: Span, inner?: ItemContext) =>
    tell({ code, message, span, context: inner ? [file, inner] : [file] });
  for (const document of embeddedDocuments(text)) {
    const { value, diagnostics } = document;
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    for (const { message, span } of errors) say(rulesYamlParse, message, span ?? document.span);
    if (errors.length > 0 || value === undefined || value === null) continue;
    if (!Array.isArray(value)) {
      const what = typeof value === 'object' ? 'yaml array of objects' : 'yaml';
      say(rulesYamlValidate, `Rules content is not ${what}`, document.span);
      continue;
    }
    for (const [index, fields] of value.entries()) {
      if (fields === null) continue;
      const span = document.at([index]);
      if (typeof fields !== 'object' || Array.isArray(fields)) {
        const message = 'Unexpected element type. Each element should be a yaml associative array.';
        say(rulesYamlValidate, message, span, { type: 'rules content item', name: '', span });
        continue;
      }
      const kind = itemKinds.find((one) => Object.hasOwn(fields, one));
      if (kind === undefined) {
        const keys = Object.keys(fields);
        const meant = keys[0] === undefined ? undefined : nearest(keys[0], itemKinds);
        const hint = meant === undefined ? '' : `; did you mean \`${meant}\`?`;
        const message = `Unknown top level item${keys[0] === undefined ? '' : `: \`${keys[0]}\`${hint}`}`;
        say(unknownItem, message, keys[0] === undefined ? span : document.keyAt([index, keys[0]]));
        continue;
      }
      const item = new Item(kind, fields, document, [index], file, tell);
      for (const key of Object.keys(fields)) {
        if (known[kind].has(key)) continue;
        const meant = nearest(key, known[kind]);
        const more = meant === undefined ? {} : { help: `write \`${meant}\`` };
        item.report(unknownKey, `Unknown key '${key}'`, item.keyAt(key), more);
      }
      if (item.has('append')) {
        const help = kind === 'list' ? 'override: {items: append}' : 'override: {condition: append}';
        item.report(
          deprecatedItem,
          "'append' key is deprecated. Add an 'append' entry (e.g. 'condition: append') under 'override' instead.",
          item.keyAt('append'),
          { help: `write \`${help}\`` },
        );
      }
      yield item;
    }
  }
}

function scalarText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint'
    ? String(value)
    : undefined;
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, step) => (inner as Record<string | number, unknown> | undefined)?.[step],
    value,
  );
}
