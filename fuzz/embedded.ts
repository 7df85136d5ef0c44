/**
 * Fuzzes texts inside manifests: `node fuzz/embedded.ts [--seconds N] [--seed S]`. A text is written as a scalar of every
 * style, then mutated: the text at the place of a character must be that character (or its escape), a literal block must
 * give back every line, no place may lie outside the file, and reading the controls may neither throw nor hang.
 */
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import type { Span } from '../src/diagnostic/diagnostic.ts';
import { embeddedDocuments, embeddedText } from '../src/manifest/embedded.ts';
import { readManifests } from '../src/manifest/read.ts';
import type { Path, Resource } from '../src/manifest/resource.ts';
import { readControls } from '../src/posture/controls/controls.ts';
import { readInventory } from '../src/segmentation/inventory.ts';
import { limited } from './support/limited.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() >>> 0) },
  },
});

const texts = [
  'rules_file:\n  - /etc/falco/falco_rules.yaml\njson_output: true\noutputs:\n  rate: 1\n',
  '- rule: A\n  condition: >\n    spawned_process and\n      proc.name in (nc, ncat)\n  output: "x=%y \\"z\\""\n  priority: WARNING\n  tags: [a, b]\n- list: l\n  items: [1, a]\n',
  "scrape_configs:\n- job_name: 'a'\n  static_configs:\n  - targets: ['b:9090', \"[::1]:9\"]\n",
  '[Interface]\r\nAddress = 10.0.0.1/24\r\n\r\n[Peer]\r\nAllowedIPs = ::/0\r\n',
  'set -e\n  iptables -A INPUT -j DROP\n\n\titerate "it\'s" 😀\n',
  'server {\n  listen 80;\n}\n',
];
const pieces = [
  ...' \t\n\r:-[]{}&*!|>\'"%@`#,?~\\$();=',
  '\u00e9',
  '\u{1f600}',
  '\u2028',
  '\r\n',
  '\n\n',
  '  ',
  '---\n',
  '- rule: ',
  '&a ',
  '*a',
  '<<: ',
  'condition: >-\n',
  '|2\n',
  '{{ .x }}',
  '#!/bin/sh -e\n',
  'nsenter -t 1 -- sh -c ',
  '=='.repeat(4),
];
const keys = ['falco.yaml', 'my_rules.yaml', 'prometheus.yml', 'wg0.conf', 'nginx.conf', 'run.sh'];
const styles = ['BLOCK_LITERAL', 'BLOCK_FOLDED', 'QUOTE_DOUBLE', 'QUOTE_SINGLE', 'PLAIN'] as const;

let state = Number(values.seed);
function random(below: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}
function pick<T>(list: readonly T[]): T {
  return list[random(list.length)]!;
}

function mutate(text: string, most: number): string {
  let mutated = text;
  for (let turns = random(most); turns > 0; turns--) {
    const at = random(mutated.length + 1);
    const piece = pick(pieces).repeat(random(30) === 0 ? 300 : 1);
    mutated = mutated.slice(0, at) + (random(3) > 0 ? piece : '') + mutated.slice(at + random(4));
  }
  return mutated;
}

/** A manifest with the text as a key of a ConfigMap or Secret, and as a script, in YAML or inside Markdown. */
function fileOf(text: string): { name: string; text: string } {
  const key = pick(keys);
  const kind = pick(['ConfigMap', 'ConfigMap', 'Secret']);
  const object =
    kind === 'Secret' && random(2) === 0
      ? { data: { [key]: btoa(String.fromCharCode(...new TextEncoder().encode(text))) } }
      : { [kind === 'Secret' ? 'stringData' : 'data']: { [key]: text } };
  const pod = {
    containers: [
      {
        name: 'c',
        command: ['sh', '-c', text],
        volumeMounts: [{ name: 'v', mountPath: '/x', subPath: pick([undefined, key]) }],
      },
    ],
    volumes: [
      { name: 'v', ...(kind === 'Secret' ? { secret: { secretName: 'o' } } : { configMap: { name: 'o' } }) },
    ],
  };
  const metadata = { name: 'o' };
  const style = { version: '1.1', defaultStringType: pick(styles), lineWidth: pick([0, 20, 60]) } as const;
  const yaml = [
    stringify({ apiVersion: 'v1', kind, metadata, ...object }, style),
    stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec: pod }, style),
  ].join('---\n');
  if (random(3) > 0) return { name: 'a.yaml', text: yaml };
  const mark = pick(['', '> ', '   ']);
  const lines = ['```yaml', ...yaml.split('\n'), '```'];
  return { name: 'a.md', text: lines.map((line) => mark + line).join('\n') };
}

const encoder = new TextEncoder();

function inside(span: Span, text: string): string {
  const { start, end } = span;
  if (start.offset > end.offset || end.offset > text.length) throw new Error('a span outside its file');
  return text.slice(start.offset, end.offset);
}

/** Whatever says that its places are exact must give its characters back. */
function checkTexts(resource: Resource, file: string): void {
  const fields = resource.value as Record<string, Record<string, unknown> | undefined>;
  const paths: Path[] = ['data', 'stringData', 'binaryData'].flatMap((field) =>
    Object.keys(fields?.[field] ?? {}).map((key) => [field, key]),
  );
  paths.push(['spec', 'containers', 0, 'command', 2]);
  for (const path of paths) {
    const embedded = embeddedText(resource, path);
    if (!embedded) continue;
    const whole = inside(embedded.span, file);
    const { text } = embedded;
    if (!embedded.exact) {
      if (inside(embedded.at(0, text.length), file) !== whole)
        throw new Error('an inexact place that is no whole');
      continue;
    }
    for (let at = 0; at < text.length; at += 1 + random(3)) {
      const shown = inside(embedded.at(at, at + 1), file);
      const blank = /\s/.test(text[at]!);
      const escaped = shown.startsWith('\\') || shown === "''";
      if (!blank && !escaped && shown !== text[at])
        throw new Error(`character ${at}: ${JSON.stringify(shown)}`);
    }
    if (whole.startsWith('|')) checkLines(text, (from, to) => inside(embedded.at(from, to), file));
  }
}

function checkLines(text: string, shown: (from: number, to: number) => string): void {
  let start = 0;
  for (const line of text.split('\n')) {
    if (line !== '' && shown(start, start + line.length) !== line)
      throw new Error('a line of a literal block');
    start += line.length + 1;
  }
}

function checkControls(resources: readonly Resource[], file: string): void {
  const controls = readControls(resources, readInventory(resources));
  for (const { documents, items } of controls.falcoRules) {
    for (const { diagnostics } of documents) for (const { span } of diagnostics) inside(span!, file);
    for (const { span, name, condition } of items) {
      inside(span, file);
      inside(name.span, file);
      if (condition) inside(condition.at(0, condition.text.length), file);
    }
  }
  for (const { rulesFiles } of controls.falcoConfigs) for (const { span } of rulesFiles) inside(span, file);
  for (const { jobs } of controls.prometheusConfigs)
    for (const { targets } of jobs) for (const { span } of targets) inside(span, file);
  for (const { text } of [...controls.scripts, ...controls.wireguardConfigs, ...controls.nginxFiles])
    inside(text.at(0, text.text.length), file);
  for (const { argv } of controls.commands) for (const { span } of argv) inside(span, file);
  for (const { span } of [...controls.consumption.uses, ...controls.consumption.files]) inside(span, file);
}

function runCase(name: string, text: string): void {
  const set = readManifests([{ name, bytes: encoder.encode(text) }]);
  for (const resource of set.resources) {
    checkTexts(resource, text);
    const embedded = embeddedText(resource, ['data', 'falco.yaml']);
    for (const document of embedded ? embeddedDocuments(embedded) : [])
      inside(document.at(['nothing']), text);
  }
  checkControls(set.resources, text);
}

const end = performance.now() + Number(values.seconds) * 1000;
let cases = 0;
let slowest = 0;
while (performance.now() < end) {
  const file = fileOf(mutate(pick(texts), 6));
  // Half of the files are hurt themselves: then much is no manifest any more, or has no exact places.
  const written = random(2) === 0 ? file.text : mutate(file.text, 4);
  // Halves of characters do not survive being written to a file.
  const text = new TextDecoder().decode(encoder.encode(written));
  try {
    slowest = Math.max(
      slowest,
      limited(1000, () => runCase(file.name, text)),
    );
  } catch (fault) {
    console.error(`seed ${values.seed}, case ${cases}, ${file.name}:`, fault);
    console.error(JSON.stringify(text));
    process.exit(1);
  }
  cases++;
}
console.log(`embedded: ${cases} cases, slowest ${slowest.toFixed(0)} ms, seed ${values.seed}`);
