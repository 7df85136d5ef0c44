import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  type ParsedNode,
  parseDocument,
  type Scalar,
} from 'yaml';
import {
  aliasProblem,
  complexKey,
  controlCharacter,
  duplicateKey,
  tooDeep,
  unknownTag,
  yamlSyntax,
} from './codes.ts';
import type { Fragment } from './fragment.ts';
import type { ReadLimits } from './limits.ts';
import { Locations, MERGE, type Range, type Step } from './locations.ts';
import { kubernetesTags } from './scalars.ts';
import type { SourceFile } from './source-file.ts';
import type { Chunk } from './stream.ts';

/** One document as plain data, and where each of its values stands. */
export interface ParsedDocument {
  readonly value: unknown;
  readonly locations: Locations;
}

const TEMPLATE = /\{\{.*?\}\}/;
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/;
const TEMPLATE_HELP =
  'this looks like an unrendered template; render it first, e.g. `helm template CHART | picket check -`';

/**
 * Parses one YAML or JSON document. Everything wrong is reported to `source`; undefined when nothing of the document can
 * be relied on (syntax errors, an alias problem, too deep). Duplicate keys are reported and the last one counts.
 */
export function parseYaml(
  source: SourceFile,
  fragment: Fragment,
  chunk: Chunk,
  limits: ReadLimits,
): ParsedDocument | undefined {
  const text = fragment.text.slice(chunk.start, chunk.end);
  const toFile = (offset: number): number => fragment.toFile(chunk.start + offset);
  const place = (start: number, end: number): Range => ({ start: toFile(start), end: toFile(end) });

  const control = CONTROL.exec(text);
  if (control) {
    const shown = control[0].charCodeAt(0).toString(16).padStart(4, '0');
    source.report(controlCharacter, place(control.index, control.index + 1), {
      message: `the control character U+${shown.toUpperCase()} is not allowed in YAML`,
    });
    return undefined;
  }
  const document = compose(text);
  if (!document) {
    source.report(tooDeep, place(0, 0), { message: 'nested deeper than the parser can follow' });
    return undefined;
  }
  if (document.errors.length > 0) {
    reportSyntax(source, document, text, place, limits);
    return undefined;
  }
  for (const { pos, message } of document.warnings) {
    source.report(unknownTag, place(pos[0], pos[1]), { message: firstLower(message) });
  }
  const reader = new NodeReader(source, fragment, toFile, limits);
  try {
    return reader.read(document.contents as ParsedNode | null);
  } catch (fault) {
    if (!(fault instanceof Refusal)) throw fault;
    const help = TEMPLATE.test(text) ? TEMPLATE_HELP : fault.help;
    source.report(fault.definition, fault.at, { message: fault.message, ...(help ? { help } : {}) });
    return undefined;
  }
}

/** The parser's document; undefined when its nesting exhausts the stack. */
function compose(text: string): Document.Parsed | undefined {
  try {
    return parseDocument(text, {
      schema: 'core',
      customTags: kubernetesTags,
      merge: true,
      // The parser's own check compares every pair of keys; NodeReader's is linear.
      uniqueKeys: false,
      prettyErrors: false,
      // 'silent' would also hide the error that more documents follow.
      logLevel: 'error',
    });
  } catch (fault) {
    if (fault instanceof RangeError) return undefined;
    throw fault;
  }
}

function reportSyntax(
  source: SourceFile,
  document: Document.Parsed,
  text: string,
  place: (start: number, end: number) => Range,
  limits: ReadLimits,
): void {
  const told = document.errors.slice(0, limits.maxSyntaxErrors);
  const rest = document.errors.length - told.length;
  const help = TEMPLATE.test(text) ? TEMPLATE_HELP : undefined;
  for (const { pos, message } of told) {
    source.report(yamlSyntax, place(pos[0], pos[1]), {
      // The token that some messages quote may be a secret; the excerpt shows it where it may.
      message: firstLower(message.replace(/: ".*/s, '').replaceAll(/\s+/g, ' ')),
      ...(help ? { help } : {}),
    });
  }
  if (rest > 0) {
    const last = told.at(-1)!.pos;
    source.report(yamlSyntax, place(last[0], last[1]), {
      severity: 'note',
      message: `and ${rest} more syntax ${rest === 1 ? 'error' : 'errors'} in this document`,
    });
  }
}

function firstLower(message: string): string {
  return message.slice(0, 1).toLowerCase() + message.slice(1);
}

/** A document that cannot be used at all. */
class Refusal extends Error {
  readonly definition: typeof aliasProblem;
  readonly at: Range;
  readonly help: string | undefined;

  constructor(definition: typeof aliasProblem, at: Range, message: string, help?: string) {
    super(message);
    this.definition = definition;
    this.at = at;
    this.help = help;
  }
}

interface Anchored {
  readonly row: number;
  /** Undefined until the anchored node is read whole: an alias inside it would be a cycle. */
  result: { readonly value: unknown; readonly size: number } | undefined;
}

/** Turns the parser's nodes into plain data and {@link Locations} in one walk. */
class NodeReader {
  readonly #source: SourceFile;
  readonly #toFile: (offset: number) => number;
  readonly #limits: ReadLimits;
  readonly #locations: Locations;
  readonly #anchors = new Map<string, Anchored>();
  #aliased = 0;
  /** Values read so far, those that aliases stand for included. */
  #size = 0;

  constructor(
    source: SourceFile,
    fragment: Fragment,
    toFile: (offset: number) => number,
    limits: ReadLimits,
  ) {
    this.#source = source;
    this.#locations = new Locations(fragment);
    this.#toFile = toFile;
    this.#limits = limits;
  }

  read(root: ParsedNode | null): ParsedDocument {
    const value = this.#node(root, undefined, undefined, 0, 0).value;
    return { value, locations: this.#locations.seal() };
  }

  /** Reads a node; returns its value and the offset (in the document) where it ends. */
  #node(
    node: ParsedNode | null,
    step: Step | undefined,
    key: ParsedNode | undefined,
    fallback: number,
    depth: number,
  ): { value: unknown; end: number } {
    const range = node?.range ?? [fallback, fallback, fallback];
    const keyStart = key ? this.#toFile(key.range[0]) : -1;
    const keyEnd = key ? this.#toFile(key.range[1]) : -1;
    const row = this.#locations.open(step, this.#toFile(range[0]), keyStart, keyEnd);
    if (depth > this.#limits.maxDepth) {
      const message = `nested more than ${this.#limits.maxDepth} levels deep`;
      throw new Refusal(tooDeep, this.#place(range), message);
    }
    const sizeBefore = this.#size++;
    let anchored: Anchored | undefined;
    if (node && !isAlias(node) && node.anchor) {
      anchored = { row, result: undefined };
      this.#anchors.set(node.anchor, anchored);
    }
    let value: unknown = null;
    let end = range[1];
    if (isAlias(node)) value = this.#alias(node, row);
    else if (isMap(node)) ({ value, end } = this.#mapping(node, depth));
    else if (isSeq(node)) ({ value, end } = this.#sequence(node, depth));
    else if (isScalar(node)) value = plainScalar(node);
    this.#locations.close(row, this.#toFile(end));
    if (anchored) anchored.result = { value, size: this.#size - sizeBefore };
    return { value, end };
  }

  /** A block collection's own range runs on through blank lines; it ends where its last child does. */
  #mapping(node: ParsedNode & { items: unknown; flow?: boolean }, depth: number) {
    const value: Record<string, unknown> = {};
    const seen = new Map<string, ParsedNode>();
    const merged: object[] = [];
    let end = node.flow ? node.range[1] : node.range[0];
    for (const pair of node.items as Pair<ParsedNode, ParsedNode | null>[]) {
      const key = this.#key(pair.key);
      const child = this.#node(pair.value, key, pair.key, pair.key.range[1], depth + 1);
      if (!node.flow) end = Math.max(child.end, pair.key.range[1]);
      if (key === MERGE) {
        merged.push(...this.#mergeSources(pair.key, child.value));
        continue;
      }
      const before = seen.get(key);
      if (before) this.#reportDuplicate(key, before, pair.key);
      seen.set(key, pair.key);
      setOwn(value, key, child.value);
    }
    for (const source of merged) {
      for (const [key, inherited] of Object.entries(source)) {
        if (!Object.hasOwn(value, key)) setOwn(value, key, inherited);
      }
    }
    return { value, end };
  }

  /** The mappings that `<<` merges: one, or a list of them (YAML merge key draft; go-yaml refuses anything else). */
  #mergeSources(key: ParsedNode, value: unknown): object[] {
    const sources: unknown[] = Array.isArray(value) ? value : [value];
    const isMapping = (one: unknown): one is object =>
      typeof one === 'object' && one !== null && !Array.isArray(one);
    if (sources.every(isMapping)) return sources;
    throw new Refusal(aliasProblem, this.#place(key.range), '`<<` needs a mapping or a list of mappings');
  }

  #sequence(node: ParsedNode & { items: unknown; flow?: boolean }, depth: number) {
    const value: unknown[] = [];
    let end = node.flow ? node.range[1] : node.range[0];
    for (const [index, item] of (node.items as ParsedNode[]).entries()) {
      // In flow collections a pair may stand bare: `[a: 1]`; the library wraps it into a mapping node.
      const child = this.#node(item, index, undefined, end, depth + 1);
      if (!node.flow) end = Math.max(end, child.end);
      value.push(child.value);
    }
    return { value, end };
  }

  #alias(node: Alias.Parsed, row: number): unknown {
    const anchored = this.#anchors.get(node.source);
    const at = this.#place(node.range);
    if (!anchored)
      throw new Refusal(aliasProblem, at, `the alias \`*${node.source}\` has no anchor before it`);
    if (!anchored.result)
      throw new Refusal(aliasProblem, at, `the alias \`*${node.source}\` stands inside its own anchor`);
    const { value, size } = anchored.result;
    this.#aliased += size;
    this.#size += size;
    if (this.#aliased > this.#limits.maxAliasedValues) {
      const message = `aliases stand for more than ${this.#limits.maxAliasedValues} values`;
      const help = 'write the repeated parts out, or split the document';
      throw new Refusal(aliasProblem, at, message, help);
    }
    this.#locations.alias(row, anchored.row);
    return value;
  }

  #key(node: ParsedNode): string | typeof MERGE {
    if (isScalar(node)) {
      if (typeof node.value === 'symbol' || (node.source === '<<' && node.type === 'PLAIN')) return MERGE;
      return String(node.value);
    }
    if (isAlias(node)) {
      const value = this.#anchors.get(node.source)?.result?.value;
      if (value !== undefined && (typeof value !== 'object' || value === null)) return String(value);
    }
    throw new Refusal(
      complexKey,
      this.#place(node.range),
      'a key must be a plain text, not a mapping or list',
    );
  }

  #reportDuplicate(key: string, first: ParsedNode, second: ParsedNode): void {
    this.#source.report(duplicateKey, this.#place(second.range), {
      message: `the key \`${key}\` is given twice in the same mapping`,
      related: [{ at: this.#place(first.range), message: 'first given here' }],
      help: 'keep one of them; Kubernetes refuses the manifest or silently takes the last',
    });
  }

  #place(range: readonly number[]): Range {
    return { start: this.#toFile(range[0]!), end: this.#toFile(range[1]!) };
  }
}

function plainScalar(node: Scalar): unknown {
  return typeof node.value === 'bigint' ? Number(node.value) : node.value;
}

/** Sets an own property even for names such as `__proto__`. */
function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
  } else {
    target[key] = value;
  }
}
