import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import {
  binaryFile,
  documentTooLarge,
  fileTooLarge,
  invalidEncoding,
  secondSite,
  unreadBlock,
} from './codes.ts';
import { decodeText } from './decode.ts';
import { type Fragment, wholeFile } from './fragment.ts';
import { DEFAULT_LIMITS, type ReadLimits } from './limits.ts';
import { fencedBlocks } from './markdown.ts';
import { LocatedValue, memberOf } from './object.ts';
import { type ObjectTally, readObjects } from './objects.ts';
import type { InputFile, ManifestSet, Path, Resource } from './resource.ts';
import { ShownTexts } from './shown-texts.ts';
import { isSiteFile, readSite, type Site } from './site.ts';
import { SourceFile } from './source-file.ts';
import { type Chunk, splitDocuments, splitLines } from './stream.ts';
import { parseYaml } from './yaml.ts';

/**
 * Reads manifests from files: YAML streams, JSON, JSON lines (`.jsonl`, `.ndjson`), and fenced yaml and json blocks of
 * Markdown (`.md`, `.mdx`, `.markdown`). Never throws on what a file holds: whatever could not be read is a
 * diagnostic or a count. Files are read one after the other, documents too, so that memory is bounded by the text and
 * the largest document.
 */
export function readManifests(files: Iterable<InputFile>, limits: Partial<ReadLimits> = {}): ManifestSet {
  const reader = new ManifestReader({ ...DEFAULT_LIMITS, ...limits });
  for (const file of files) reader.file(file);
  return reader.result();
}

/** Fields of a Secret that hold nothing secret. */
const SHOWN_OF_SECRET = new Set(['apiVersion', 'kind', 'metadata', 'type', 'immutable']);

class ManifestReader {
  readonly #limits: ReadLimits;
  readonly #resources: Resource[] = [];
  readonly #diagnostics: Diagnostic[] = [];
  readonly #texts = new ShownTexts();
  readonly #tally: ObjectTally = { notManifests: 0, unknownKinds: new Map() };
  #files = 0;
  #documents = 0;
  #refused = 0;
  #site: Site | undefined;

  constructor(limits: ReadLimits) {
    this.#limits = limits;
  }

  file({ name, bytes }: InputFile): void {
    this.#files++;
    const source = this.#open(name, bytes);
    if (!source) return;
    const fragments = /\.(?:md|mdx|markdown)$/i.test(name)
      ? fencedBlocks(source.index)
      : [wholeFile(source.text)];
    const split = /\.(?:jsonl|ndjson)$/i.test(name) ? splitLines : splitDocuments;
    let documents = 0;
    for (const fragment of fragments) {
      for (const chunk of split(fragment.text)) {
        documents++;
        this.#document(source, fragment, chunk);
      }
    }
    if (documents === 0) this.#tally.notManifests++;
    this.#documents += documents;
    for (const diagnostic of source.diagnostics) this.#diagnostics.push(diagnostic);
  }

  result(): ManifestSet {
    return {
      resources: this.#resources,
      diagnostics: this.#diagnostics,
      counts: {
        files: this.#files,
        documents: this.#documents,
        resources: this.#resources.length,
        ...this.#tally,
        refused: this.#refused,
      },
      ...(this.#site ? { site: this.#site } : {}),
      sources: this.#texts,
    };
  }

  /** The file's text; undefined when it was refused. */
  #open(name: string, bytes: Uint8Array): SourceFile | undefined {
    const { maxFileBytes } = this.#limits;
    if (bytes.length > maxFileBytes) {
      return this.#refuse(new SourceFile(name, ''), fileTooLarge, 0, {
        message: `the file has ${megabytes(bytes.length)}, the limit is ${megabytes(maxFileBytes)}`,
        help: 'split the file, or raise the limit with --max-file-mib',
      });
    }
    const decoded = decodeText(bytes);
    const source = new SourceFile(name, decoded.text);
    if (decoded.fault === 'binary') {
      const message = 'the file is binary (it has NUL bytes) and was not read';
      return this.#refuse(source, binaryFile, 0, { message });
    }
    this.#texts.add(name, decoded.text);
    if (decoded.fault === 'encoding') {
      const message = 'the file is not valid UTF-8 or UTF-16 and was not read';
      const help = 'save it as UTF-8, e.g. with `iconv -f latin1 -t utf-8`';
      return this.#refuse(source, invalidEncoding, decoded.offset, { message, help });
    }
    return source;
  }

  #refuse(
    source: SourceFile,
    definition: typeof binaryFile,
    offset: number,
    report: { message: string; help?: string },
  ): undefined {
    source.report(definition, { start: offset, end: offset }, report);
    for (const diagnostic of source.diagnostics) this.#diagnostics.push(diagnostic);
    this.#refused++;
  }

  #document(source: SourceFile, fragment: Fragment, chunk: Chunk): void {
    const length = chunk.end - chunk.start;
    if (length > this.#limits.maxDocumentLength) {
      const at = fragment.toFile(chunk.start);
      const limit = this.#limits.maxDocumentLength;
      source.report(
        documentTooLarge,
        { start: at, end: at },
        {
          message: `the document has ${megabytes(length)}, the limit is ${megabytes(limit)}`,
          help: 'split it into several documents with `---`, or raise the limit with --max-document-mib',
        },
      );
      return;
    }
    const before = source.diagnostics.length;
    const parsed = parseYaml(source, fragment, chunk, this.#limits);
    if (!parsed) {
      this.#unparsed(source, fragment, chunk, before);
      return;
    }
    const located = new LocatedValue(source, parsed.value, parsed.locations, 0);
    if (memberOf(parsed.value, 'kind') === undefined && isSiteFile(source.name)) {
      this.#readSite(located);
      return;
    }
    const objects = readObjects(located, this.#tally);
    // What is odd in a document of another program is that program's business.
    if (!objects) source.diagnostics.length = before;
    for (const resource of objects ?? []) {
      this.#resources.push(resource);
      if (resource.kind === 'Secret') this.#hideSecret(resource);
    }
  }

  /** Takes a Secret's values out of the text that diagnostics show, those under misspelled fields too. */
  #hideSecret(resource: Resource): void {
    const { value } = resource;
    const fields = typeof value === 'object' && value !== null ? Object.keys(value) : [];
    const paths: Path[] = fields.filter((field) => !SHOWN_OF_SECRET.has(field)).map((field) => [field]);
    // kubectl keeps the whole object there.
    const applied = 'kubectl.kubernetes.io/last-applied-configuration';
    if (resource.annotations[applied] !== undefined) paths.push(['metadata', 'annotations', applied]);
    for (const path of paths) {
      const { start, end } = resource.at(path);
      this.#texts.hide(resource.file, { start: start.offset, end: end.offset });
    }
  }

  /** In prose, a block that is no YAML matters only when it was meant as a manifest. */
  #unparsed(source: SourceFile, fragment: Fragment, chunk: Chunk, before: number): void {
    const text = fragment.text.slice(chunk.start, chunk.end);
    const secret = /\bSecret\b/.test(text) ? text.search(/["']?\b(?:data|stringData)\b["']?\s*:/) : -1;
    if (secret >= 0) {
      const start = fragment.toFile(chunk.start + secret);
      this.#texts.hide(source.name, { start, end: fragment.toFile(chunk.end) });
    }
    const meant = /^[\s{-]*["']?(?:apiVersion|kind)["']?\s*:/m.test(text);
    if (!fragment.embedded || meant) return;
    const first = source.diagnostics[before]!;
    source.diagnostics.length = before;
    const { start, end } = first.span!;
    source.report(
      unreadBlock,
      { start: start.offset, end: end.offset },
      {
        message: `the block was left out: ${first.message}`,
      },
    );
    this.#tally.notManifests++;
  }

  #readSite(located: LocatedValue): void {
    if (this.#site) {
      located.source.report(secondSite, located.range([]), {
        message: `\`${this.#site.file}\` describes the site already; this one was left out`,
      });
      return;
    }
    this.#site = readSite(located);
  }
}

function megabytes(bytes: number): string {
  return bytes < 2 ** 20 ? `${bytes} bytes` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
