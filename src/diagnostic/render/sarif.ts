import type { CodeDefinition, Diagnostic, Fix, Span } from '../diagnostic.ts';
import { LineIndex } from '../position.ts';

export interface SarifOptions {
  /** Every code that may occur: these become the rules. */
  readonly codes: { all(): readonly CodeDefinition[] };
  /** Version of Picket. */
  readonly version: string;
  readonly sources: { get(file: string): string | undefined };
}

/** The diagnostics as a SARIF 2.1.0 log (OASIS standard, 2020), for code scanning. */
export function renderSarif(diagnostics: readonly Diagnostic[], options: SarifOptions) {
  const definitions = options.codes.all();
  const ruleIndex = new Map(definitions.map(({ code }, index) => [code, index]));
  const fingerprint = fingerprints(options.sources);
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0' as const,
    runs: [
      {
        tool: {
          driver: { name: 'Picket', semanticVersion: options.version, rules: definitions.map(ruleOf) },
        },
        columnKind: 'utf16CodeUnits' as const,
        results: diagnostics.map((diagnostic) => ({
          ruleId: diagnostic.code,
          ...(ruleIndex.has(diagnostic.code) ? { ruleIndex: ruleIndex.get(diagnostic.code) as number } : {}),
          level: diagnostic.severity,
          message: { text: messageOf(diagnostic) },
          ...(diagnostic.span
            ? { locations: [{ physicalLocation: physicalLocation(diagnostic.span) }] }
            : {}),
          ...(diagnostic.related.length > 0
            ? {
                relatedLocations: diagnostic.related.map(({ span, message }, id) => ({
                  id,
                  physicalLocation: physicalLocation(span),
                  message: { text: message },
                })),
              }
            : {}),
          ...(diagnostic.fix?.edits.length ? { fixes: [fixOf(diagnostic.fix)] } : {}),
          partialFingerprints: { 'picketProblem/v1': fingerprint(diagnostic) },
          properties: { class: diagnostic.class },
        })),
      },
    ],
  };
}

function ruleOf({ code, title, severity, doc, since, class: kind }: CodeDefinition) {
  return {
    id: code,
    shortDescription: { text: title },
    fullDescription: { text: doc },
    help: { text: doc, markdown: doc },
    defaultConfiguration: { level: severity },
    properties: { class: kind, since, tags: ['security', kind] },
  };
}

function messageOf({ message, help }: Diagnostic): string {
  return help ? `${message}\n${help}` : message;
}

function physicalLocation(span: Span) {
  return { artifactLocation: { uri: uriOf(span.file) }, region: regionOf(span) };
}

function regionOf({ start, end }: Span) {
  return { startLine: start.line, startColumn: start.column, endLine: end.line, endColumn: end.column };
}

/** Lists that the standard wants to hold something. */
type NonEmpty<T> = [T, ...T[]];

interface Replacement {
  readonly deletedRegion: ReturnType<typeof regionOf>;
  readonly insertedContent: { readonly text: string };
}

interface ArtifactChange {
  readonly artifactLocation: { readonly uri: string };
  readonly replacements: NonEmpty<Replacement>;
}

function fixOf({ title, edits }: Fix) {
  const byFile = Map.groupBy(edits, ({ span }) => span.file);
  return {
    description: { text: title },
    artifactChanges: [...byFile].map(([file, ofFile]) => ({
      artifactLocation: { uri: uriOf(file) },
      replacements: ofFile.map(({ span, text }) => ({
        deletedRegion: regionOf(span),
        insertedContent: { text },
      })) as NonEmpty<Replacement>,
    })) as NonEmpty<ArtifactChange>,
  };
}

/** A URI reference (RFC 3986): relative for relative names, `file:` for absolute ones. */
function uriOf(file: string): string {
  const path = file
    .split('/')
    .map((segment) => encodeURIComponent(segment.toWellFormed()))
    .join('/');
  return path.startsWith('/') ? `file://${path}` : path;
}

/**
 * Fingerprints that survive moved lines: code, file, message and the text of the line, and the how-manieth of such a
 * problem it is. Line numbers take no part.
 */
function fingerprints(sources: SarifOptions['sources']): (diagnostic: Diagnostic) => string {
  const indexes = new Map<string, LineIndex>();
  const seen = new Map<string, number>();
  return ({ code, message, span }) => {
    let line = '';
    if (span) {
      const index = indexes.get(span.file) ?? new LineIndex(sources.get(span.file) ?? '');
      indexes.set(span.file, index);
      line = index.lineText(span.start.line).trim();
    }
    const identity = JSON.stringify([code, span?.file ?? '', message, line]);
    const ordinal = (seen.get(identity) ?? 0) + 1;
    seen.set(identity, ordinal);
    return `${hash(identity, 0x811c9dc5)}${hash(identity, 0x01000193)}:${ordinal}`;
  };
}

/** FNV-1a over UTF-16 code units with the given start value, as eight hexadecimal digits. */
function hash(text: string, seed: number): string {
  let value = seed;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return (value >>> 0).toString(16).padStart(8, '0');
}
