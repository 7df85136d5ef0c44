import type { Fix } from '../diagnostic/diagnostic.ts';
import { editDistance, nearest } from '../diagnostic/suggest.ts';
import { misspelledKind, wrongApiVersion } from './codes.ts';
import type { KindDefinition } from './kinds/definition.ts';
import { definitionOf, definitionsOf, kindNames, kinds } from './kinds/registry.ts';
import type { LocatedValue } from './object.ts';

/** What an object is, judged by its apiVersion and kind alone. */
export interface Classification {
  /** The definition to check it against; undefined for an unknown kind. */
  readonly definition: KindDefinition | undefined;
  /** Whether the API server would know the object. */
  readonly served: boolean;
}

const knownGroups = new Set(
  kinds.flatMap(({ apiVersions, removed }) => [...apiVersions, ...Object.keys(removed ?? {})].map(groupOf)),
);

/**
 * Finds the definition of an object. A known kind under a wrong version, and a misspelled kind, are reported when the
 * API group leaves no doubt: custom resources of other groups may well have kinds of the same name.
 */
export function classify(located: LocatedValue, apiVersion: string, kind: string): Classification {
  const exact = definitionOf(apiVersion, kind);
  if (exact) return { definition: exact, served: true };
  const candidates = definitionsOf(kind);
  if (candidates.length > 0) return classifyVersion(located, apiVersion, kind, candidates);
  const group = groupOf(apiVersion);
  if (knownGroups.has(group)) {
    const inGroup = kinds.filter(({ apiVersions }) => apiVersions.some((one) => groupOf(one) === group));
    const guess =
      nearest(
        kind,
        inGroup.map((definition) => definition.kind),
      ) ?? nearest(kind, kindNames());
    if (guess) reportKind(located, apiVersion, kind, guess);
  }
  return { definition: undefined, served: false };
}

function classifyVersion(
  located: LocatedValue,
  apiVersion: string,
  kind: string,
  candidates: readonly KindDefinition[],
): Classification {
  const nearMiss = candidates.find(({ apiVersions }) => nearest(apiVersion, apiVersions));
  if (!knownGroups.has(groupOf(apiVersion)) && !nearMiss) return { definition: undefined, served: false };
  const likely = [...candidates].sort((x, y) => distance(apiVersion, x) - distance(apiVersion, y));
  const definition = likely[0]!;
  const right = definition.apiVersions[0];
  const release = candidates.map(({ removed }) => removed?.[apiVersion]).find(Boolean);
  const all = likely.map(({ apiVersions }) => `\`${apiVersions[0]}\``).join(' or ');
  const at = located.range(['apiVersion']);
  const fix: Fix = {
    title: `use apiVersion ${all}`,
    // A version that was served once may have had other fields; elsewhere only the name of the version was wrong.
    safe: release === undefined && candidates.length === 1,
    edits: [
      { span: located.source.span(at), text: quotedAs(located.source.text.slice(at.start, at.end), right) },
    ],
  };
  located.source.report(wrongApiVersion, at, {
    message: release
      ? `Kubernetes ${release} and later serve no ${kind} under \`${apiVersion}\``
      : `there is no ${kind} in \`${apiVersion}\``,
    help: `use apiVersion ${all}`,
    fix,
  });
  return { definition, served: false };
}

function reportKind(located: LocatedValue, apiVersion: string, kind: string, guess: string): void {
  const at = located.range(['kind']);
  const written = located.source.text.slice(at.start, at.end);
  const right = definitionsOf(guess)[0]!.apiVersions[0];
  const elsewhere = definitionOf(apiVersion, guess) ? '' : ` (apiVersion \`${right}\`)`;
  located.source.report(misspelledKind, at, {
    message: `there is no kind \`${kind}\` in \`${apiVersion}\`, did you mean \`${guess}\`?`,
    help: `write kind \`${guess}\`${elsewhere}`,
    fix: {
      title: `write kind \`${guess}\``,
      safe: false,
      edits: [{ span: located.source.span(at), text: quotedAs(written, guess) }],
    },
  });
}

function distance(apiVersion: string, { apiVersions }: KindDefinition): number {
  return Math.min(...apiVersions.map((one) => editDistance(apiVersion.slice(0, 100), one)));
}

/** The group of an apiVersion; empty for the core group. */
function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

/** `text` in the quotes that `written` has. */
function quotedAs(written: string, text: string): string {
  const quote = written[0] === '"' || written[0] === "'" ? written[0] : '';
  return quote + text + quote;
}
