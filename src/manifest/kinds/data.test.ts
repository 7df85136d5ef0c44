import { expect, test } from 'vitest';
import { maskValues } from '../mask.ts';
import { readManifests } from '../read.ts';

function read(text: string) {
  const set = readManifests([
    { name: 'a.yaml', bytes: new TextEncoder().encode(`apiVersion: v1\nmetadata: {name: a}\n${text}\n`) },
  ]);
  const told = set.diagnostics.map(({ code, span }) => `${code} ${span!.start.line}:${span!.start.column}`);
  return { set, told, schema: set.resources[0]!.schema };
}

test.each([
  'kind: ConfigMap\ndata: {a.b-c_D: x, empty: ""}\nbinaryData: {b: AAE=}\nimmutable: true',
  'kind: ConfigMap\ndata:',
  'kind: ConfigMap\ndata: {a: }',
  'kind: Secret\ntype: Opaque\ndata:\n  a: |\n    YWJj\n    ZGVm\nstringData: {b: plain}',
  'kind: Secret\ntype: kubernetes.io/tls\ndata: {tls.crt: YQ==}\nstringData: {tls.key: x}',
  'kind: Secret\ndata: {a: ""}',
])('is fine: %s', (text) => {
  expect(read(text)).toMatchObject({ told: [], schema: 'valid' });
});

test.each([
  ['kind: Secret\ndata: {a: hunter2!}', 'PKT0090 4:11', 'invalid'],
  ['kind: Secret\ndata: {a: YWJ}', 'PKT0090 4:11', 'invalid'],
  ['kind: Secret\ndata: {a: "YW Jj"}', 'PKT0090 4:11', 'invalid'],
  ['kind: ConfigMap\nbinaryData: {a: "%%"}', 'PKT0090 4:17', 'invalid'],
  ['kind: ConfigMap\ndata: {a/b: x}', 'PKT0091 4:8', 'valid'],
  ['kind: ConfigMap\ndata: {..a: x}', 'PKT0091 4:8', 'valid'],
  ['kind: ConfigMap\ndata: {a: x}\nbinaryData: {a: AAE=}', 'PKT0092 5:14', 'valid'],
  ['kind: Secret\ndata: {a: AAE=}\nstringData: {a: x}', 'PKT0092 4:8', 'valid'],
  ['kind: Secret\ntype: kubernetes.io/ssh-auth', 'PKT0093 4:7', 'valid'],
  ['kind: Secret\nstringData: {pin: 4711}', 'PKT0031 4:19', 'invalid'],
  ['kind: Secret\nstringData: hunter2', 'PKT0031 4:13', 'invalid'],
  ['kind: Secret\nstringdata: {a: hunter2}', 'PKT0030 4:1', 'valid'],
])('is told: %s', (text, told, schema) => {
  const found = read(text);
  expect(found).toMatchObject({ told: [told], schema });
  for (const secret of ['hunter2', '4711']) {
    expect(JSON.stringify(found.set.diagnostics)).not.toContain(secret);
    expect(found.set.sources.get('a.yaml')).not.toContain(secret);
  }
});

test('more than 1 MiB is refused by the API server', () => {
  const text = `kind: ConfigMap\ndata:\n  a: "${'x'.repeat(2 ** 20)}"`;
  expect(read(text).told).toEqual([]);
  expect(read(`${text}\n  b: x`).told).toEqual(['PKT0094 4:1']);
});

test('what kubectl keeps of a Secret is not shown', () => {
  const annotation = 'kubectl.kubernetes.io/last-applied-configuration: \'{"data":{"a":"aHVudGVyMg=="}}\'';
  const text = `apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n  annotations:\n    ${annotation}\n`;
  const set = readManifests([{ name: 'a.yaml', bytes: new TextEncoder().encode(text) }]);
  expect(set.sources.get('a.yaml')).toContain('name: a');
  expect(set.sources.get('a.yaml')).not.toContain('aHVudGVyMg');
  expect(maskValues('a: b')).toBe('a: *');
});
