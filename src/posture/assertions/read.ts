import type { Diagnostic } from '../../diagnostic/diagnostic.ts';
import { binaryFile, documentTooLarge, fileTooLarge, invalidEncoding } from '../../manifest/codes.ts';
import { decodeText } from '../../manifest/decode.ts';
import { wholeFile } from '../../manifest/fragment.ts';
import { DEFAULT_LIMITS, type ReadLimits } from '../../manifest/limits.ts';
import { LocatedValue } from '../../manifest/object.ts';
import type { InputFile, Path } from '../../manifest/resource.ts';
import { SourceFile } from '../../manifest/source-file.ts';
import { splitDocuments } from '../../manifest/stream.ts';
import { validate } from '../../manifest/validate.ts';
import { parseYaml } from '../../manifest/yaml.ts';
import { type ApiProtocol, apiProtocols } from '../../segmentation/protocol.ts';
import type { HttpRequest } from '../../segmentation/request.ts';
import { fieldsOf } from '../../segmentation/values.ts';
import { invalidAssertion } from './codes.ts';
import type { AskedPorts, Assertion, AssertionKind, WrittenEnd } from './model.ts';
import { parseEnd, parsePorts, selectorEnd, selectorText } from './parse-ends.ts';
import { type AssertionInput, assertionSchema, type ConnectionInput, type SelectorInput } from './schema.ts';

/** What assertion files say, and what is wrong in them. */
export interface ReadAssertions {
  readonly assertions: readonly Assertion[];
  readonly diagnostics: readonly Diagnostic[];
  /** Names of the files. */
  readonly files: readonly string[];
}

/** Ports that a request can be asked about at once: each is judged by itself. */
const maxRequestPorts = 16;

const kinds: readonly AssertionKind[] = ['must', 'must-not', 'only'];

const verbs: Readonly<Record<AssertionKind, string>> = {
  must: 'must reach',
  'must-not': 'must not reach',
  only: 'alone may reach',
};

/** Whether a file of this name holds assertions. */
export function isAssertionFile(name: string): boolean {
  return /(?:^|[/\\])(?:[^/\\]+\.)?picket-test\.ya?ml$/.test(name);
}

/** Reads the assertion files among `files`. What cannot be read is a diagnostic, and left out. */
export function readAssertions(files: Iterable<InputFile>, limits: Partial<ReadLimits> = {}): ReadAssertions {
  const assertions: Assertion[] = [];
  const diagnostics: Diagnostic[] = [];
  const names: string[] = [];
  for (const file of files) {
    if (!isAssertionFile(file.name)) continue;
    names.push(file.name);
    const source = readFile(file, { ...DEFAULT_LIMITS, ...limits }, assertions);
    for (const diagnostic of source.diagnostics) diagnostics.push(diagnostic);
  }
  return { assertions, diagnostics, files: names };
}

function readFile({ name, bytes }: InputFile, limits: ReadLimits, assertions: Assertion[]): SourceFile {
  const start = { start: 0, end: 0 };
  const refused = new SourceFile(name, '');
  if (bytes.length > limits.maxFileBytes) {
    refused.report(fileTooLarge, start, { message: 'the assertion file is larger than the limit' });
    return refused;
  }
  const { text, fault } = decodeText(bytes);
  if (fault !== undefined) {
    const message = 'the assertion file is no text in UTF-8 or UTF-16';
    refused.report(fault === 'binary' ? binaryFile : invalidEncoding, start, { message });
    return refused;
  }
  const source = new SourceFile(name, text);
  for (const chunk of splitDocuments(text)) {
    if (chunk.end - chunk.start > limits.maxDocumentLength) {
      const at = { start: chunk.start, end: chunk.start };
      source.report(documentTooLarge, at, { message: 'the document is larger than the limit' });
      continue;
    }
    const parsed = parseYaml(source, wholeFile(text), chunk, limits);
    if (parsed) readDocument(new LocatedValue(source, parsed.value, parsed.locations, 0), assertions);
  }
  return source;
}

function readDocument(located: LocatedValue, assertions: Assertion[]): void {
  const { source, value } = located;
  const { assertions: list, ...others } = fieldsOf(value);
  for (const key of Object.keys(others)) {
    source.report(invalidAssertion, located.keyRange([key]), {
      message: `unknown field \`${key}\` in an assertion file`,
      help: 'known here: `assertions`',
    });
  }
  if (!Array.isArray(list)) {
    const at = list === undefined ? located.range([]) : located.range(['assertions']);
    source.report(invalidAssertion, list === undefined ? { start: at.start, end: at.start } : at, {
      message: list === undefined ? 'the file has no `assertions`' : '`assertions` must be a list',
      help: 'write `assertions:` and below it items such as `- must: {from: shop/web, to: shop/api, port: 8080}`',
    });
    return;
  }
  for (const [index, item] of list.entries()) {
    const child = located.child(['assertions', index], item);
    const before = source.diagnostics.length;
    const read = child && readAssertion(child);
    const faulty = source.diagnostics.slice(before).some(({ severity }) => severity === 'error');
    if (read !== undefined && !faulty) assertions.push(read);
  }
}

function readAssertion(located: LocatedValue): Assertion | undefined {
  const { source } = located;
  const before = source.diagnostics.length;
  validate(located, assertionSchema, 'assertion', invalidAssertion);
  // An unknown field may be a misspelt condition: the assertion would say something else without it.
  const added = source.diagnostics.splice(before);
  for (const one of added)
    source.diagnostics.push({ ...one, code: invalidAssertion.code, severity: 'error' });
  if (added.length > 0) return undefined;
  const value = located.value as AssertionInput;
  const given = kinds.filter((kind) => value[kind] !== undefined);
  const [kind] = given;
  if (kind === undefined || given.length > 1) {
    const at = located.range([]);
    source.report(invalidAssertion, given[1] === undefined ? at : located.keyRange([given[1]]), {
      message:
        kind === undefined
          ? 'the assertion has neither `must`, `must-not` nor `only`'
          : `one assertion has both \`${kind}\` and \`${given[1]}\``,
      help: kind === undefined ? 'add one of them' : 'write two assertions',
    });
    return undefined;
  }
  const written = value[kind] as ConnectionInput;
  const from = readEnds(located, [kind, 'from'], written.from);
  const to = readEnds(located, [kind, 'to'], written.to);
  const ports = readPorts(located, [kind, 'port'], written.port);
  if (from === undefined || to === undefined || ports === undefined) return undefined;
  const request = requestOf(written.request);
  if (request !== undefined && ports.numbers.size > maxRequestPorts) {
    source.report(invalidAssertion, located.keyRange([kind, 'request']), {
      message: `a request goes to a port: at most ${maxRequestPorts} of them, not ${ports.text}`,
      help: 'name the port of the application',
    });
    return undefined;
  }
  const list = (ends: readonly WrittenEnd[]) => ends.map(({ text }) => text).join(', ');
  const protocol = written.protocol === undefined ? '' : ` ${written.protocol}`;
  return {
    kind,
    name: value.name ?? `${list(from)} ${verbs[kind]} ${list(to)}${protocol} ${ports.text}`,
    reason: value.reason,
    from,
    to,
    ports,
    protocols: protocolsOf(written),
    request,
    allowUnknown: value['allow-unknown'] === true,
    span: source.span(located.keyRange([kind])),
  };
}

function protocolsOf({ protocol, port }: ConnectionInput): ApiProtocol[] {
  const anything = port === undefined || port === 'any';
  const asked = protocol ?? (anything ? 'any' : 'TCP');
  return asked === 'any' ? (Object.keys(apiProtocols) as ApiProtocol[]) : [asked];
}

function readEnds(
  located: LocatedValue,
  path: Path,
  value: ConnectionInput['from'],
): WrittenEnd[] | undefined {
  const items: [string | SelectorInput, Path][] = Array.isArray(value)
    ? value.map((item, index) => [item, [...path, index]])
    : [[value, path]];
  const ends: WrittenEnd[] = [];
  for (const [item, at] of items) {
    const span = located.source.span(located.range(at));
    if (typeof item !== 'string') {
      ends.push({ pattern: selectorEnd(item), text: selectorText(item), span });
      continue;
    }
    const pattern = parseEnd(item);
    if (typeof pattern === 'string') {
      located.source.report(invalidAssertion, located.range(at), { message: `\`${item}\` ${pattern}` });
      return undefined;
    }
    ends.push({ pattern, text: item, span });
  }
  return ends;
}

function readPorts(
  located: LocatedValue,
  path: Path,
  value: ConnectionInput['port'],
): AskedPorts | undefined {
  const items = value === undefined ? ['any'] : Array.isArray(value) ? value : [value];
  const parsed = parsePorts(items);
  const span = located.source.span(located.range(path));
  if (typeof parsed !== 'string') return { ...parsed, text: items.join(','), span };
  located.source.report(invalidAssertion, located.range(path), {
    message: parsed,
    help: 'write e.g. `8080`, `8000-8100`, `http`, `[80, 443]` or `any`',
  });
  return undefined;
}

function requestOf(value: ConnectionInput['request']): HttpRequest | undefined {
  if (value === undefined) return undefined;
  const { method, path, host } = value;
  return {
    ...(method === undefined ? {} : { method: method.toUpperCase() }),
    ...(path === undefined ? {} : { path }),
    ...(host === undefined ? {} : { host: host.toLowerCase() }),
  };
}
