/**
 * Fuzzes everything that is done with manifests: `node fuzz/posture.ts [--seconds N | --cases N] [--seed S]`. Mutations of
 * whole sets (fields gone, moved, doubled, of another type, hostile texts, broken syntax) are read, compiled, checked
 * and judged. Nothing may crash or take over a second for a case, every problem must have a place inside its file, and
 * every fix must be one that can be applied.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { declarationOf } from '../src/cli/load-posture.ts';
import { problemsOf } from '../src/cli/problems.ts';
import { applyFix } from '../src/diagnostic/fix.ts';
import { readManifests } from '../src/manifest/read.ts';
import type { InputFile } from '../src/manifest/resource.ts';
import { parseAddress } from '../src/net/address.ts';
import { reachMatrix } from '../src/posture/reach/matrix.ts';
import { reach } from '../src/posture/reach/query.ts';
import { limited } from './support/limited.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    cases: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() >>> 0) },
  },
});
const cases = values.cases === undefined ? Number.POSITIVE_INFINITY : Number(values.cases);
const end =
  values.cases === undefined ? performance.now() + Number(values.seconds) * 1000 : Number.POSITIVE_INFINITY;

/** Objects of one set of manifests. */
type Seed = readonly unknown[];

const here = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const shared = process.env.PICKET_SHARED ?? here('../shared');
const seeds: Seed[] = [];
const texts: string[] = [];
for (const folder of [here('examples'), `${shared}/seed`, `${shared}/data/netpol`]) {
  if (!existsSync(folder)) continue;
  const sets = readdirSync(folder, { withFileTypes: true });
  for (const set of sets.map(({ name }) => `${folder}/${name}`)) {
    const files = /\.md$/.test(set)
      ? [set]
      : readdirSync(set, { recursive: true, encoding: 'utf8' }).map((name) => `${set}/${name}`);
    const read = files
      .filter((name) => /\.(?:ya?ml|json|md)$/.test(name))
      .map((name) => ({ name, bytes: readFileSync(name) }))
      .filter(({ bytes }) => bytes.length < 30_000);
    texts.push(...read.map(({ bytes }) => bytes.toString('utf8')));
    const objects = readManifests(read).resources.map(({ value }) => value);
    if (objects.length > 0) seeds.push(objects);
  }
}

let state = Number(values.seed);
function random(below: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}
function pick<T>(list: readonly T[]): T {
  return list[random(list.length)]!;
}

const oddities: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  65_536,
  1e308,
  '',
  ' ',
  '*',
  '{}',
  [],
  {},
  [[]],
  [null],
  [{}],
  { matchLabels: null },
  { matchExpressions: [{ key: 'a', operator: 'In' }] },
  '0.0.0.0/0',
  '::/0',
  '999.1.1.1/99',
  'STRICT',
  'DENY',
  'Deny',
  'Accept',
  'Admin',
  'http',
  'a'.repeat(5000),
  '\u0000\u001b[31m',
  '../../etc/passwd',
  '__proto__',
  'constructor',
  'iptables -A INPUT -j DROP',
  '[Interface]\nPrivateKey = x\n[Peer]\nAllowedIPs = 0.0.0.0/0, ::/0\n',
  'rules_file: [x]\nrules_files: y\noutputs: 7\n',
  '- rule: a\n  condition: (((',
  'scrape_configs: [{static_configs: 3}]',
  'W0ludGVyZmFjZV0=',
  '=====',
  '$(cat <<EOF',
  '"',
  '`',
];
const strangeKeys = [
  '__proto__',
  'toString',
  'length',
  '',
  'spec',
  'rules',
  'from',
  'data',
  'subject',
  'selector',
];

interface Place {
  readonly holder: Record<string, unknown> | unknown[];
  readonly key: string | number;
}

/** Each object once: earlier changes may have put one into itself. */
function places(value: unknown, found: Place[] = [], seen = new Set<object>()): Place[] {
  if (typeof value !== 'object' || value === null || seen.has(value)) return found;
  seen.add(value);
  for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
    found.push({ holder: value as Place['holder'], key });
    places((value as Record<string | number, unknown>)[key], found, seen);
  }
  return found;
}

function change(objects: unknown[]): void {
  const all = places(objects);
  if (all.length === 0) return;
  const { holder, key } = pick(all);
  const at = holder as Record<string | number, unknown>;
  const turn = random(6);
  if (turn === 0) Array.isArray(holder) ? holder.splice(Number(key), 1) : delete at[key];
  else if (turn === 1) at[key] = pick(oddities);
  else if (turn === 2) {
    const other = pick(all);
    at[key] = structuredClone((other.holder as Record<string | number, unknown>)[other.key]);
  } else if (turn === 3) {
    if (Array.isArray(holder)) holder.push(structuredClone(at[key]));
    else
      Object.defineProperty(at, pick(strangeKeys), {
        value: pick(oddities),
        enumerable: true,
        configurable: true,
        writable: true,
      });
  } else if (turn === 4) at[key] = [at[key]];
  else if (typeof at[key] === 'string') at[key] = `${at[key]}${pick(oddities)}`;
}

function filesOf(): InputFile[] {
  const encode = (name: string, text: string) => ({ name, bytes: new TextEncoder().encode(text) });
  if (random(4) === 0) {
    const text = pick(texts);
    const at = random(text.length);
    const cut =
      text.slice(0, at) + pick(['', '- ', ': ', '\n', '  ', '"', '{', '#']) + text.slice(at + random(20));
    return [encode(/^---\nid:/.test(text) ? 'a.md' : 'a.yaml', cut)];
  }
  const objects = structuredClone(pick(seeds)) as unknown[];
  if (random(3) === 0) objects.push(...(structuredClone(pick(seeds)) as unknown[]).slice(0, 5));
  for (let turns = 1 + random(8); turns > 0; turns--) change(objects);
  return [
    encode(
      'a.yaml',
      objects.map((one) => `---\n${stringify(one, { aliasDuplicateObjects: false })}`).join(''),
    ),
  ];
}

function runCase(files: readonly InputFile[]): void {
  const declaration = declarationOf(files);
  const { posture, set } = declaration;
  const diagnostics = problemsOf(declaration, files);
  for (const { message, span, related, fix } of diagnostics) {
    for (const place of [span, ...related.map((one) => one.span)]) {
      const text = place && set.sources.get(place.file);
      if (place === undefined || text === undefined) throw new Error(`without a place: ${message}`);
      if (place.start.offset > place.end.offset || place.end.offset > text.length) {
        throw new Error(`outside its file: ${message}`);
      }
    }
    const text = span && set.sources.get(span.file);
    if (fix && span && text !== undefined) applyFix(fix, span.file, text);
  }
  const { workloads } = posture.inventory;
  let rows = 0;
  for (const { ports } of reachMatrix(posture)) {
    if (ports.length > 0 && ++rows > 2000) break;
  }
  const outside = { kind: 'external', address: parseAddress('203.0.113.9')! } as const;
  for (const workload of workloads.slice(0, 5)) {
    const end = { kind: 'workload', workload } as const;
    reach(posture, outside, end, 'TCP', 80);
    reach(posture, end, outside, 'UDP', 53);
    for (const other of workloads.slice(0, 5))
      reach(posture, end, { kind: 'workload', workload: other }, 'TCP', 8080);
  }
}

let done = 0;
let slowest = 0;
for (; done < cases && performance.now() < end; done++) {
  const files = filesOf();
  try {
    slowest = Math.max(
      slowest,
      limited(1000, () => runCase(files)),
    );
  } catch (fault) {
    console.error(`seed ${values.seed}, case ${done}:`, fault);
    for (const { bytes } of files) console.error(new TextDecoder().decode(bytes));
    process.exit(1);
  }
}
console.log(`posture: ${done} cases, slowest ${slowest.toFixed(0)} ms, seed ${values.seed}`);
