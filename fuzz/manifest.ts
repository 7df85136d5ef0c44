/**
 * Fuzzes reading manifests: `node fuzz/manifest.ts [--seconds N] [--seed S]`. Random bytes and mutations of manifests may
 * neither crash nor hang the reader (over a second for a case), every document must be told or counted, every span must
 * lie inside its file and agree with a walk over the text, and the terminal renderer must print nothing that acts on a terminal.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { detectors } from '../src/detect/registry.ts';
import { readDetectSettings } from '../src/detect/settings/settings.ts';
import type { Diagnostic, Span } from '../src/diagnostic/diagnostic.ts';
import { applyFix } from '../src/diagnostic/fix.ts';
import { LineIndex } from '../src/diagnostic/position.ts';
import { plain } from '../src/diagnostic/render/style.ts';
import { renderTerminal } from '../src/diagnostic/render/terminal.ts';
import { readManifests } from '../src/manifest/read.ts';
import type { ManifestSet } from '../src/manifest/resource.ts';
import { limited } from './support/limited.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() >>> 0) },
  },
});

const seeds = [
  'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\nspec:\n  podSelector: {matchLabels: {a: b}}\n  ingress:\n  - from:\n    - ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}\n    - namespaceSelector: {}\n    ports: [{port: 80, endPort: 90, protocol: TCP}]\n',
  'apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n  spec: {containers: [{name: c, image: "i"}]}\n',
  '{"apiVersion":"v1","kind":"ServiceList","items":[{"metadata":{"name":"s"},"spec":{"ports":[{"port":80}]}}]}',
  'a: &a [x, x]\nb: &b [*a, *a]\nkind: X\napiVersion: v1\nc:\n  <<: {d: 1}\n',
  '# t\n```yaml\nkind: Pod\napiVersion: v1\n---\na: 1\n```\n> ~~~json\n> {"kind": "X"}\n> ~~~\n',
  'site: s\nhosts:\n  a: 10.0.0.1\n  b: [10.0.0.0/8, "2001:db8::/32"]\n',
  'detect:\n  port-scan: {contacts: 9, enabled: false}\n  exceptions:\n  - detector: beacon\n    filter: "src=10.0.0.1 and (port=22 or dst=a)"\n    reason: r\n    until: 2027-01-01\n',
];
const shared = process.env.PICKET_SHARED ?? fileURLToPath(new URL('../../shared', import.meta.url));
for (const folder of ['seed', 'data/netpol']) {
  if (!existsSync(`${shared}/${folder}`)) continue;
  for (const name of readdirSync(`${shared}/${folder}`, { recursive: true, encoding: 'utf8' })) {
    if (/\.(?:ya?ml|json|md)$/.test(name))
      seeds.push(readFileSync(`${shared}/${folder}/${name}`, 'utf8').slice(0, 8000));
  }
}
const pieces = [
  ...' \t\n\r:-[]{}&*!|>\'"%@`#,?~<=\u0000\u001b\u0085\u2028\ufeff\u202eé日😀',
  '---\n',
  '...\n',
  '\r\n',
  '  ',
  '- ',
  ': ',
  '<<: ',
  '&a ',
  '*a',
  '!!str ',
  '!x ',
  '? ',
  '|-\n',
  '>+2\n',
  '```',
  '~~~',
  '> ',
  '{{ .x }}',
  'null',
  'yes',
  '0x',
  '1e999',
  '99999999999999999999',
  '__proto__: ',
  'kind: ',
  'apiVersion: ',
  'items:\n',
  '%YAML 1.1\n',
  'v1',
  'NetworkPolicy',
  'List',
  'metadata: ',
  'name: ',
  '\ud800',
];
const names = ['a.yaml', 'a.json', 'a.ndjson', 'a.md', 'picket.yaml'];

let state = Number(values.seed);
function random(below: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}
function pick<T>(list: readonly T[]): T {
  return list[random(list.length)]!;
}

function mutate(text: string): string {
  let mutated = text;
  for (let turns = 1 + random(6); turns > 0; turns--) {
    const at = random(mutated.length + 1);
    const length = random(random(4) === 0 ? 200 : 8);
    const insert =
      random(5) === 0 ? pick(seeds).slice(0, 300) : pick(pieces).repeat(random(20) === 0 ? 200 : 1);
    mutated =
      mutated.slice(0, at) + (random(3) > 0 ? insert : '') + mutated.slice(at + (random(2) ? length : 0));
  }
  return mutated;
}

function bytesOf(): Uint8Array {
  if (random(10) === 0) return Uint8Array.from({ length: random(300) }, () => random(256));
  const bytes = new TextEncoder().encode(mutate(pick(seeds)));
  if (random(20) === 0 && bytes.length > 0) bytes[random(bytes.length)] = random(256);
  return bytes;
}

function checkSpan(span: Span, set: ManifestSet, indexes: Map<string, LineIndex>): void {
  const text = set.sources.get(span.file) ?? '';
  const index = indexes.get(span.file) ?? new LineIndex(text);
  indexes.set(span.file, index);
  if (span.start.offset > span.end.offset || span.end.offset > text.length)
    throw new Error('span outside its file');
  for (const place of [span.start, span.end]) {
    if (JSON.stringify(index.position(place.offset)) !== JSON.stringify(place))
      throw new Error('span disagrees');
  }
}

function checkDiagnostic(diagnostic: Diagnostic, set: ManifestSet, indexes: Map<string, LineIndex>): void {
  if (!diagnostic.span) throw new Error('diagnostic without a place');
  checkSpan(diagnostic.span, set, indexes);
  for (const { span } of diagnostic.related) checkSpan(span, set, indexes);
  const text = set.sources.get(diagnostic.span.file);
  if (diagnostic.fix && text !== undefined) applyFix(diagnostic.fix, diagnostic.span.file, text);
}

function runCase(name: string, bytes: Uint8Array): void {
  const set = readManifests([{ name, bytes }]);
  const indexes = new Map<string, LineIndex>();
  for (const diagnostic of set.diagnostics) checkDiagnostic(diagnostic, set, indexes);
  const detect = readDetectSettings(set.site, detectors, 0);
  for (const diagnostic of detect.diagnostics) checkDiagnostic(diagnostic, set, indexes);
  for (const { span } of detect.settings.exceptions) checkSpan(span, set, indexes);
  for (const resource of set.resources) {
    for (const path of [[], ['metadata', 'name'], ['spec', 'ingress', 0, 'from'], ['nothing']]) {
      checkSpan(resource.at(path), set, indexes);
      checkSpan(resource.keyAt(path), set, indexes);
    }
  }
  const { documents, resources, notManifests, refused } = set.counts;
  const heard = resources + notManifests + refused + set.diagnostics.length + (set.site ? 1 : 0);
  if (documents > 0 && heard === 0) throw new Error('a document was skipped silently');
  const shown = renderTerminal(set.diagnostics, { sources: set.sources, style: plain, columns: 80 });
  if (/[^\P{C}\n]/u.test(shown)) throw new Error('the renderer let a control character through');
}

const end = performance.now() + Number(values.seconds) * 1000;
let cases = 0;
let slowest = 0;
while (performance.now() < end) {
  const name = pick(names);
  const bytes = bytesOf();
  try {
    slowest = Math.max(
      slowest,
      limited(1000, () => runCase(name, bytes)),
    );
  } catch (fault) {
    console.error(`seed ${values.seed}, case ${cases}, ${name}:`, fault);
    console.error(JSON.stringify(new TextDecoder().decode(bytes)), [...bytes].join(','));
    process.exit(1);
  }
  cases++;
}
console.log(`manifest: ${cases} cases, slowest ${slowest.toFixed(0)} ms, seed ${values.seed}`);
