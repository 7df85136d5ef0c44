import type { Span } from '../../diagnostic/diagnostic.ts';
import type { EmbeddedDocument } from '../../manifest/embedded.ts';
import type { Path } from '../../manifest/resource.ts';

/** A value of a configuration that knows where it was written; values of the command line stand nowhere. */
export type SettingNode = (
  | { readonly kind: 'map'; readonly entries: ReadonlyMap<string, SettingNode> }
  | { readonly kind: 'list'; readonly items: readonly SettingNode[] }
  | { readonly kind: 'scalar'; readonly value: string | number | boolean | null }
) & { readonly place: Place };

export interface Place {
  /** As a person would write it: `http_output.url`, `rules[0]`. */
  readonly name: string;
  at(): Span | undefined;
  keyAt(): Span | undefined;
}

/** Returns the value of a document, `path` below its top. Sizes and depth are those that the reader allowed. */
export function nodeOf(value: unknown, document: EmbeddedDocument, path: Path = [], name = ''): SettingNode {
  const place = { name, at: () => document.at(path), keyAt: () => document.keyAt(path) };
  if (Array.isArray(value)) {
    const items = value.map((item, index) => nodeOf(item, document, [...path, index], `${name}[${index}]`));
    return { kind: 'list', items, place };
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, inner]): [string, SettingNode] => [
      key,
      nodeOf(inner, document, [...path, key], name === '' ? key : `${name}.${key}`),
    ]);
    return { kind: 'map', entries: new Map(entries), place };
  }
  const isScalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return { kind: 'scalar', value: isScalar ? value : null, place };
}

/** A value that stands in no file. */
export function scalarNode(value: string, name: string): SettingNode {
  return { kind: 'scalar', value, place: { name, at: () => undefined, keyAt: () => undefined } };
}

/** Returns what is at the end of keys in nested mappings. */
export function nodeAt(node: SettingNode | undefined, ...keys: readonly string[]): SettingNode | undefined {
  return keys.reduce<SettingNode | undefined>(
    (inner, key) => (inner?.kind === 'map' ? inner.entries.get(key) : undefined),
    node,
  );
}

/** Whether there is anything: a key without a value counts as absent. */
export function isSet(node: SettingNode | undefined): node is SettingNode {
  return node !== undefined && !(node.kind === 'scalar' && node.value === null);
}
