import {
  type EmbeddedDocument,
  type EmbeddedText,
  embeddedDocuments,
  embeddedYaml,
} from '../../manifest/embedded.ts';
import type { DataKey, DataObject } from './data-object.ts';

/** A file of another program's configuration that is a key of a ConfigMap or Secret. */
export interface ConfigFile {
  readonly key: DataKey;
  readonly text: EmbeddedText;
}

/** Such a file in YAML, parsed. */
export interface YamlFile extends ConfigFile {
  readonly document: EmbeddedDocument;
}

const YAML_NAME = /\.ya?ml$/i;

/**
 * Returns the keys that hold a YAML document and have one of `names`, or whose text matches `hint` and whose name ends in
 * `.yaml` or `.yml`. Only these are parsed: parsing every key of a large set would cost more than all else.
 */
export function yamlFiles(
  objects: readonly DataObject[],
  names: ReadonlySet<string>,
  hint: RegExp,
): YamlFile[] {
  return candidates(objects, names, hint).flatMap(({ key, text }) => {
    const document = embeddedYaml(text);
    return document ? [{ key, text, document }] : [];
  });
}

/** As {@link yamlFiles}, with all documents of each key. */
export function yamlStreams(
  objects: readonly DataObject[],
  names: ReadonlySet<string>,
  hint: RegExp,
): { readonly key: DataKey; readonly text: EmbeddedText; readonly documents: readonly EmbeddedDocument[] }[] {
  return candidates(objects, names, hint).map(({ key, text }) => ({
    key,
    text,
    documents: embeddedDocuments(text),
  }));
}

function candidates(objects: readonly DataObject[], names: ReadonlySet<string>, hint: RegExp): ConfigFile[] {
  return objects.flatMap(({ keys }) =>
    keys.flatMap((key) => {
      const named = names.has(key.name);
      if (!named && !YAML_NAME.test(key.name)) return [];
      const { text } = key;
      return text && (named || hint.test(text.text)) ? [{ key, text }] : [];
    }),
  );
}
