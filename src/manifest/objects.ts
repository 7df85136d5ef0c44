import type { Fix } from '../diagnostic/diagnostic.ts';
import { nearest } from '../diagnostic/suggest.ts';
import { classify } from './classify.ts';
import { invalidList, missingApiVersion, missingKind, missingName } from './codes.ts';
import { definitionsOf, kindNames } from './kinds/registry.ts';
import { LocatedResource, type LocatedValue, memberOf } from './object.ts';
import type { Resource } from './resource.ts';
import { validate } from './validate.ts';

/** What is counted on the way, besides resources. */
export interface ObjectTally {
  notManifests: number;
  readonly unknownKinds: Map<string, number>;
}

/**
 * The Kubernetes objects of one document: itself, or the items of a list. Undefined when it is something else, which
 * counts as no manifest.
 */
export function readObjects(located: LocatedValue, tally: ObjectTally): Resource[] | undefined {
  const apiVersion = memberOf(located.value, 'apiVersion');
  const kind = memberOf(located.value, 'kind');
  if (typeof kind !== 'string' || kind === '') {
    const metadata = memberOf(located.value, 'metadata');
    const meant = typeof apiVersion === 'string' && typeof metadata === 'object' && metadata !== null;
    tally.notManifests++;
    if (!meant) return undefined;
    located.source.report(missingKind, located.keyRange(['apiVersion']), {
      message: 'the object has an apiVersion but no kind',
    });
    return [];
  }
  const items = memberOf(located.value, 'items');
  if (kind === 'List' || (kind.endsWith('List') && Array.isArray(items))) {
    return readList(located, kind, items, typeof apiVersion === 'string' ? apiVersion : '', tally);
  }
  if (typeof apiVersion !== 'string' || apiVersion === '') {
    reportMissingVersion(located, kind);
    tally.notManifests++;
    return [];
  }
  return [readObject(located, apiVersion, kind, tally)];
}

/** Items of a typed list (`PodList`) may leave their own apiVersion and kind out. */
function readList(
  located: LocatedValue,
  kind: string,
  items: unknown,
  apiVersion: string,
  tally: ObjectTally,
): Resource[] {
  if (items !== null && !Array.isArray(items)) {
    const at = items === undefined ? located.keyRange(['kind']) : located.range(['items']);
    const message = items === undefined ? 'the List has no `items`' : '`items` of a List must be a list';
    located.source.report(invalidList, at, { message });
    tally.notManifests++;
    return [];
  }
  const resources: Resource[] = [];
  const inherited = kind === 'List' ? {} : { apiVersion, kind: kind.slice(0, -'List'.length) };
  for (const [index, item] of (items ?? []).entries()) {
    const whole = typeof item === 'object' && item !== null ? { ...inherited, ...item } : item;
    const child = located.child(['items', index], whole);
    if (!child) continue;
    const found = readObjects(child, tally);
    if (found) {
      for (const resource of found) resources.push(resource);
    } else {
      child.source.report(invalidList, child.range([]), {
        message: `item ${index} of the ${kind} is no Kubernetes object`,
      });
    }
  }
  return resources;
}

function readObject(located: LocatedValue, apiVersion: string, kind: string, tally: ObjectTally): Resource {
  const metadata = memberOf(located.value, 'metadata');
  const name = memberOf(metadata, 'name') || memberOf(metadata, 'generateName');
  const namespace = memberOf(metadata, 'namespace');
  const identity = {
    apiVersion,
    kind,
    name: typeof name === 'string' ? name : '',
    namespace: typeof namespace === 'string' ? namespace : undefined,
  };
  const { definition, served } = classify(located, apiVersion, kind);
  if (!definition) {
    const key = `${apiVersion}/${kind}`;
    tally.unknownKinds.set(key, (tally.unknownKinds.get(key) ?? 0) + 1);
    if (typeof metadata === 'object' && metadata !== null && !name) {
      located.source.report(missingName, located.keyRange(['metadata']), {
        message: `${kind}.metadata: an object needs a \`name\``,
      });
    }
    return new LocatedResource(located, identity, 'unknown-kind');
  }
  const fits = validate(located, definition.schema(), kind);
  return new LocatedResource(located, identity, fits && served ? 'valid' : 'invalid');
}

function reportMissingVersion(located: LocatedValue, kind: string): void {
  const guess = definitionsOf(kind).length > 0 ? kind : nearest(kind, kindNames());
  const definitions = guess ? definitionsOf(guess) : [];
  const versions = definitions.map(({ apiVersions }) => `\`${apiVersions[0]}\``).join(' or ');
  const fix =
    definitions.length === 1 && guess === kind
      ? insertVersion(located, definitions[0]!.apiVersions[0])
      : undefined;
  located.source.report(missingApiVersion, located.keyRange(['kind']), {
    severity: guess ? 'error' : 'warning',
    message: `the ${kind} has no apiVersion and was left out`,
    ...(guess
      ? { help: `add apiVersion ${versions}${guess === kind ? '' : ` (for kind \`${guess}\`)`}` }
      : {}),
    ...(fix ? { fix } : {}),
  });
}

/** Puts the apiVersion on a line of its own before the kind, when the kind begins its line. */
function insertVersion(located: LocatedValue, apiVersion: string): Fix | undefined {
  const { start } = located.keyRange(['kind']);
  const { column, line } = located.source.index.position(start);
  const before = located.source.index.lineText(line).slice(0, column - 1);
  if (!/^[ -]*$/.test(before) || !/[a-z]/.test(located.source.text[start] ?? '')) return undefined;
  const text = `apiVersion: ${apiVersion}\n${' '.repeat(column - 1)}`;
  const span = located.source.span({ start, end: start });
  return { title: `add apiVersion \`${apiVersion}\``, safe: true, edits: [{ span, text }] };
}
