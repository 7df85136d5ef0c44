import { expect, test } from 'vitest';
import { readInventory } from '../inventory.ts';
import { manifests } from '../manifests.fixture.ts';
import { entrancesOf, portProtocol, protocolOf } from './http-ports.ts';
import { meshPodYaml, serviceYaml } from './mesh.fixture.ts';

test.each([
  [undefined, 'http', 80, 'http'],
  [undefined, 'http-api', 80, 'http'],
  [undefined, 'grpc-web-x', 80, 'http'],
  [undefined, 'http2', 80, 'http'],
  [undefined, 'https', 443, 'tcp'],
  [undefined, 'tls-x', 443, 'tcp'],
  [undefined, 'httpx', 80, 'detected'],
  [undefined, undefined, 80, 'detected'],
  [undefined, undefined, 3306, 'tcp'],
  [undefined, 'web', 25, 'tcp'],
  ['http', 'tcp', 80, 'http'],
  ['kubernetes.io/h2c', 'tcp', 80, 'http'],
  ['kubernetes.io/wss', 'http', 80, 'tcp'],
  ['HTTP', undefined, 80, 'http'],
] as const)('appProtocol %s, name %s, port %d: %s', (appProtocol, name, port, expected) => {
  expect(protocolOf(appProtocol, name, port)).toBe(expected);
});

test('Services that disagree about a port leave it to be detected', () => {
  const { workloads, services } = readInventory(
    manifests(
      meshPodYaml('shop/api') +
        serviceYaml('shop/api', [
          'name: http, port: 80, targetPort: web',
          'name: x, port: 81, targetPort: 9000, appProtocol: tcp',
          'name: udp, port: 53, protocol: UDP',
        ]) +
        serviceYaml('shop/api', ['name: tcp, port: 80, targetPort: 9000']).replace(
          '{name: api',
          '{name: other',
        ) +
        serviceYaml('shop/api', ['name: http, port: 80, targetPort: 9000']).replace(
          '{name: api',
          '{name: third',
        ),
    ).resources,
  );
  const [first, , third] = services;
  const some = entrancesOf(
    workloads[0]!,
    services.filter((service) => service !== third),
  );
  expect([...some.keys()]).toEqual([8080, 9000]);
  expect(portProtocol(some.get(8080))).toBe('http');
  expect(portProtocol(some.get(9000))).toBe('tcp');
  expect(portProtocol(entrancesOf(workloads[0]!, services).get(9000))).toBe('detected');
  expect(portProtocol(undefined)).toBe('detected');
  expect(first?.name).toBe('api');
});
