import type { Diagnostic, Span } from '../../diagnostic/diagnostic.ts';
import { nearest } from '../../diagnostic/suggest.ts';
import { parseAlertFilter } from '../../flow/filter.ts';
import { parseMoment } from '../../flow/quantity.ts';
import { type LocatedValue, memberOf } from '../../manifest/object.ts';
import type { Path } from '../../manifest/resource.ts';
import type { Site } from '../../manifest/site.ts';
import { validate } from '../../manifest/validate.ts';
import type { DetectorDefinition } from '../detector.ts';
import { rulesDetector } from '../rules-detector.ts';
import { expiredException, invalidDetect, unknownDetector } from './codes.ts';
import type { Exception } from './exceptions.ts';
import { detectSchema, exceptionSchema } from './schema.ts';

/** What the site file says of detectors. */
export interface DetectSettings {
  /** Options by id of the detectors that have some, as they are written. */
  readonly options: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  /** Ids of those that do not run. */
  readonly off: ReadonlySet<string>;
  readonly exceptions: readonly Exception[];
}

/** Everything as preset. */
export const presetSettings: DetectSettings = { options: new Map(), off: new Set(), exceptions: [] };

/** Settings, and what is wrong with them: that was left out. */
export interface ReadSettings {
  readonly settings: DetectSettings;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads `detect` of the site file; `now`, in ms since the epoch, is what exceptions expire by. */
export function readDetectSettings(
  site: Site | undefined,
  definitions: readonly DetectorDefinition[],
  now: number,
): ReadSettings {
  const located = site?.detect;
  if (located === undefined) return { settings: presetSettings, diagnostics: [] };
  const told = located.source.diagnostics.length;
  validate(located, detectSchema(definitions), 'picket.yaml.detect', invalidDetect);
  const options = new Map<string, Readonly<Record<string, unknown>>>();
  const off = new Set<string>();
  for (const definition of definitions) {
    const written = memberOf(located.value, definition.id);
    if (memberOf(written, 'enabled') === false) off.add(definition.id);
    const fit = optionsOf(located, definition, written);
    if (fit !== undefined) options.set(definition.id, fit);
  }
  const exceptions = readExceptions(located, [...definitions.map(({ id }) => id), rulesDetector], now);
  return { settings: { options, off, exceptions }, diagnostics: located.source.diagnostics.splice(told) };
}

/** The options of a detector as they are written; undefined where there are none, or one of them is wrong. */
function optionsOf(
  located: LocatedValue,
  definition: DetectorDefinition,
  written: unknown,
): Readonly<Record<string, unknown>> | undefined {
  if (typeof written !== 'object' || written === null) return undefined;
  const { enabled: _, ...options } = written as Record<string, unknown>;
  if (Object.keys(options).length === 0) return undefined;
  const result = definition.options.safeParse(options);
  if (result.success) return options;
  // What is wrong with single options was told by their shape; what they say of one another is known here alone.
  const whole = result.error.issues.find(({ code, path }) => code === 'custom' && path.length === 0);
  if (whole !== undefined)
    located.source.report(invalidDetect, located.keyRange([definition.id]), {
      message: `picket.yaml.detect.${definition.id}: ${whole.message}`,
    });
  return undefined;
}

function readExceptions(located: LocatedValue, known: readonly string[], now: number): Exception[] {
  const list = memberOf(located.value, 'exceptions');
  if (!Array.isArray(list)) return [];
  return list.flatMap((item, index) => {
    const parsed = exceptionSchema.safeParse(item);
    if (!parsed.success) return [];
    const path = ['exceptions', index];
    const isKnown = checkDetector(located, parsed.data.detector, [...path, 'detector'], known);
    const matches = readFilter(located, parsed.data.filter, [...path, 'filter']);
    const until = readUntil(located, parsed.data.until, [...path, 'until'], now);
    if (!isKnown || matches === undefined || until === undefined) return [];
    return [{ ...parsed.data, matches, until, span: located.source.span(located.range(path)) }];
  });
}

function checkDetector(located: LocatedValue, id: string, path: Path, known: readonly string[]): boolean {
  if (known.includes(id)) return true;
  const meant = nearest(id, known);
  located.source.report(unknownDetector, located.range(path), {
    message: `there is no detector \`${id.slice(0, 60)}\``,
    help: meant === undefined ? `there are ${known.join(', ')}` : `did you mean \`${meant}\`?`,
  });
  return false;
}

/** Compiles a filter; what is wrong with it is told at its place in the file. */
function readFilter(located: LocatedValue, text: string, path: Path): Exception['matches'] | undefined {
  const filter = parseAlertFilter(text);
  if (!filter.ok) {
    const places = located.places(path, text);
    const whole = located.source.span(located.range(path));
    const placed = (span: Span | undefined) =>
      span === undefined ? whole : (places?.at(span.start.offset, span.end.offset) ?? whole);
    located.source.diagnostics.push(
      ...filter.diagnostics.map((problem) => ({ ...problem, span: placed(problem.span) })),
    );
    return undefined;
  }
  if (filter.tree.kind !== 'all') return filter.matches;
  located.source.report(invalidDetect, located.range(path), {
    message: 'the filter is empty, so it would hold back everything',
    help: 'say which findings are meant, or switch the detector off with `enabled: false`',
  });
  return undefined;
}

function readUntil(located: LocatedValue, text: string, path: Path, now: number): number | undefined {
  const until = parseMoment(text, undefined);
  if (until === undefined)
    located.source.report(invalidDetect, located.range(path), {
      message: `\`${text.slice(0, 60)}\` is no time`,
      help: 'write a date such as 2027-01-31, or 2027-01-31T18:00:00Z',
    });
  else if (until <= now)
    located.source.report(expiredException, located.range(path), {
      message: `the exception ended at ${text} and holds nothing back any more`,
      help: 'take it out, or give it a new `until` if its reason still holds',
    });
  return until;
}
