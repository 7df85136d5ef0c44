import { describe, expect, test } from 'vitest';
import { isOfType, type RemovedSetting, type Setting } from './fact.ts';
import { falcoConfigKeys, removedFalcoConfigKeys } from './falco.ts';
import { imageFact, lacksProgram } from './images.ts';
import { nginxAnnotationNames, removedNginxAnnotations } from './ingress-nginx-annotations.ts';
import { nginxConfigMapKeys, removedNginxConfigMapKeys } from './ingress-nginx-config-map.ts';
import { istioPorts } from './istio.ts';
import { neededOn, nodePorts } from './well-known-ports.ts';

const tables: readonly [string, ReadonlyMap<string, Setting>, ReadonlyMap<string, RemovedSetting>][] = [
  ['ConfigMap of ingress-nginx', nginxConfigMapKeys, removedNginxConfigMapKeys],
  ['annotations of ingress-nginx', nginxAnnotationNames, removedNginxAnnotations],
  ['falco.yaml', falcoConfigKeys, removedFalcoConfigKeys],
];

describe.each(tables)('%s', (_, settings, removed) => {
  test('no setting is both there and removed', () => {
    expect([...settings.keys()].filter((name) => removed.has(name))).toEqual([]);
  });

  test('each default is of its type and among its values', () => {
    const wrong = [...settings.values()].filter(
      ({ type, default: given, values }) =>
        given !== undefined && !(isOfType(type, given) && (values?.includes(given) ?? true)),
    );
    expect(wrong).toEqual([]);
  });

  test('names are spelt as names are', () => {
    const names = [...settings.keys(), ...removed.keys()];
    expect(names.filter((name) => !/^[a-z][a-z0-9_-]*$/.test(name))).toEqual([]);
  });
});

test('what the example document needs', () => {
  expect(nginxAnnotationNames.has('rate-limit')).toBe(false);
  expect(nginxAnnotationNames.get('limit-connections')?.type).toBe('integer');
  expect(nginxAnnotationNames.get('limit-whitelist')?.name).toBe('limit-allowlist');
  expect(nginxAnnotationNames.get('ssl-prefer-server-ciphers')?.type).toBe('boolean');
  expect(nginxConfigMapKeys.has('ssl-prefer-server-ciphers')).toBe(false);
  expect(nginxConfigMapKeys.get('ssl-session-cache')).toMatchObject({ type: 'boolean', default: 'true' });
  expect(removedFalcoConfigKeys.get('outputs')?.release).toBe('0.37');
  expect(lacksProgram('library/alpine', 'iptables')).toBe(true);
  expect(lacksProgram('example/unknown', 'iptables')).toBe(false);
  expect(imageFact('linuxserver/wireguard')?.notes?.map(({ id }) => id)).toContain('config-path');
});

test.each([
  ['boolean', ['true', 'false', '1', 'T'], ['yes', 'on', '', 'shared:SSL:10m', 'tRUE']],
  ['integer', ['0', '-5', '+1'], ['', '1.5', '10m', 'x']],
  ['number', ['0.5', '1', '.5', '1.'], ['', '.', '1e', 'x']],
  ['size', ['8k', '1m', '0', '2G'], ['', '8 k', '8kb', 'k']],
  ['duration', ['10m', '600s', '5', '1h 30m', '100ms', '1h30'], ['', 'm', '10x', `${'1'.repeat(50)}x`]],
  ['text', ['', 'anything'], []],
] as const)('values of type %s', (type, right, wrong) => {
  expect(right.filter((text) => !isOfType(type, text))).toEqual([]);
  expect(wrong.filter((text) => isOfType(type, text))).toEqual([]);
});

test('ports of a node: what a closed range cuts', () => {
  expect(neededOn('TCP', 10250, 10250).map(({ service }) => service)).toEqual(['kubelet']);
  expect(neededOn('UDP', 8472, 8472)).toHaveLength(1);
  expect(neededOn('TCP', 31000, 31000).map(({ service }) => service)).toEqual(['NodePort Services']);
  expect(neededOn('TCP', 5, 6)).toEqual([]);
  for (const { first, last } of nodePorts) expect(first).toBeLessThanOrEqual(last);
  for (const port of [15008, 15012, 15014, 15021, 15090])
    expect(istioPorts.some((one) => one.port === port)).toBe(true);
});
