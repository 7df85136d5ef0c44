import type { Span } from '../../diagnostic/diagnostic.ts';
import { type EmbeddedText, embeddedText } from '../../manifest/embedded.ts';
import type { Path, Resource } from '../../manifest/resource.ts';
import { fieldAt, fieldsOf } from '../../segmentation/values.ts';
import { groupOf, namespaceOf } from '../../segmentation/workloads.ts';

/** A ConfigMap or a Secret. */
export interface DataObject {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly namespace: string;
  readonly name: string;
  /** Its keys in the order in which they are written; of a key in several fields the one that counts. */
  readonly keys: readonly DataKey[];
  readonly source: Resource;
}

/** One key of a ConfigMap or Secret. */
export interface DataKey {
  readonly object: DataObject;
  readonly name: string;
  readonly path: Path;
  /** Of the value. */
  readonly span: Span;
  readonly keySpan: Span;
  /** What it holds, decoded; undefined when that is no text. */
  readonly text: EmbeddedText | undefined;
}

/**
 * Returns the ConfigMaps and Secrets among the resources. A key of
 * `stringData` counts before the same one of `data` (core/v1 Secret).
 */
export function readDataObjects(resources: readonly Resource[]): DataObject[] {
  const found = resources.filter(
    (resource) => (resource.kind === 'ConfigMap' || resource.kind === 'Secret') && groupOf(resource) === '',
  );
  return found.map(dataObjectOf);
}

/** Returns `ConfigMap shop/settings`. */
export function dataObjectName({ kind, namespace, name }: DataObject): string {
  return `${kind} ${namespace}/${name}`;
}

function dataObjectOf(source: Resource): DataObject {
  const kind = source.kind === 'Secret' ? 'Secret' : 'ConfigMap';
  const keys = new Map<string, DataKey>();
  const object: DataObject = {
    kind,
    namespace: namespaceOf(source),
    name: source.name,
    get keys() {
      return [...keys.values()];
    },
    source,
  };
  for (const field of kind === 'Secret' ? ['data', 'stringData'] : ['data', 'binaryData']) {
    for (const name of Object.keys(fieldsOf(fieldAt(source.value, field)))) {
      keys.set(name, new ResourceKey(object, name, [field, name]));
    }
  }
  return object;
}

/** Places and text are worked out when asked for: most keys are nobody's concern. */
class ResourceKey implements DataKey {
  readonly object: DataObject;
  readonly name: string;
  readonly path: Path;
  #text: EmbeddedText | null | undefined;

  constructor(object: DataObject, name: string, path: Path) {
    this.object = object;
    this.name = name;
    this.path = path;
  }

  get span(): Span {
    return this.object.source.at(this.path);
  }

  get keySpan(): Span {
    return this.object.source.keyAt(this.path);
  }

  get text(): EmbeddedText | undefined {
    if (this.#text === undefined) this.#text = embeddedText(this.object.source, this.path) ?? null;
    return this.#text ?? undefined;
  }
}
