import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { formatPrefix } from '../net/prefix.ts';
import { readManifests } from './read.ts';
import { siteSchema } from './site.ts';

function read(...texts: string[]) {
  const files = texts.map((text, at) => ({
    name: `${at}/picket.yaml`,
    bytes: new TextEncoder().encode(text),
  }));
  return readManifests(files);
}

const GOOD =
  'site: harbour\ncni: calico\nhosts:\n  plc: 10.0.0.30\n  cameras:\n  - 10.0.1.0/24\n  - 2001:db8:1::/64\n';

test('names, addresses and ranges', () => {
  const { site, diagnostics, counts } = read(GOOD);
  expect(diagnostics).toEqual([]);
  expect(site).toMatchObject({ name: 'harbour', cni: 'calico', file: '0/picket.yaml' });
  expect(
    site!.hosts.map(({ name, prefixes, span }) => [name, prefixes.map(formatPrefix), span.start.line]),
  ).toEqual([
    ['plc', ['10.0.0.30/32'], 4],
    ['cameras', ['10.0.1.0/24', '2001:db8:1::/64'], 5],
  ]);
  expect(counts).toMatchObject({ resources: 0, notManifests: 0 });
});

test('what is wrong is told and left out', () => {
  const { site, diagnostics } = read(
    'sites: x\nhosts:\n  a: 10.0.0.1\n  b: [10.0.0.1/32, 10.0.0.256]\n  c: 10.0.0.9/8\n  d: 7\n',
  );
  const told = diagnostics.map(
    ({ code, severity, span }) => `${code} ${severity} ${span!.start.line}:${span!.start.column}`,
  );
  expect(told).toEqual([
    'PKT0030 warning 1:1',
    'PKT0060 error 6:6',
    'PKT0061 error 4:7',
    'PKT0060 error 4:20',
    'PKT0060 warning 5:6',
  ]);
  expect(site!.hosts.map(({ name }) => name)).toEqual(['a', 'c']);
  expect(formatPrefix(site!.hosts[1]!.prefixes[0]!)).toBe('10.0.0.0/8');
});

test('logs that are followed are absolute paths, or the journal', () => {
  const { site, diagnostics } = read('logs: [/var/log/auth.log, journal, auth.log, 7]\n');
  expect(site!.logs).toEqual(['/var/log/auth.log', 'journal']);
  expect(diagnostics.map(({ code, span }) => `${code} ${span!.start.column}`)).toEqual([
    'PKT0060 36',
    'PKT0060 46',
  ]);
  expect(read(GOOD).site!.logs).toEqual([]);
});

test('there is one site', () => {
  const { site, diagnostics } = read(GOOD, 'site: other\n');
  expect(site!.name).toBe('harbour');
  expect(diagnostics).toMatchObject([{ code: 'PKT0062', span: { file: '1/picket.yaml' } }]);
});

test('an object with a kind in a file of that name is a manifest, and other files are no site', () => {
  expect(read('kind: Namespace\napiVersion: v1\nmetadata: {name: a}\n').resources).toHaveLength(1);
  const other = readManifests([{ name: 'my-picket.yaml', bytes: new TextEncoder().encode(GOOD) }]);
  expect(other.site).toBeUndefined();
  expect(other.counts.notManifests).toBe(1);
});

const schema = z.toJSONSchema(siteSchema());

test('the schema takes a good file and refuses a bad one', () => {
  const valid = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema);
  expect(valid({ site: 'harbour', hosts: { plc: '10.0.0.30', cameras: ['10.0.1.0/24'] } })).toBe(true);
  expect(valid({ host: {} })).toBe(false);
  expect(valid({ hosts: { plc: 7 } })).toBe(false);
});
