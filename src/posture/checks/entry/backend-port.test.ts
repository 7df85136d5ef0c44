import { expect, test } from 'vitest';
import { findings, fixed } from '../checks.fixture.ts';
import { backendPort } from './backend-port.ts';
import { gatewayYaml, ingressYaml, open, routeYaml, ruleYaml, web } from './entry-checks.fixture.ts';

const ingress = (port: string, service = 'web') =>
  ingressYaml(`rules:\n${ruleYaml('a.test', service, port)}`);
const two = `---
apiVersion: v1
kind: Service
metadata: {name: two, namespace: shop}
spec: {selector: {app: web}, ports: [{name: a, port: 80, targetPort: 8080}, {name: b, port: 81, targetPort: nowhere}]}
`;

test('the port of the pods instead of that of the Service', () => {
  const text = web + ingress('{number: 8080}');
  expect(findings(backendPort, text)).toEqual([
    {
      at: '8080',
      message: 'Service shop/web has no port 8080: requests get no answer',
      help: 'write `80` (`main`)',
    },
  ]);
  expect(findings(backendPort, fixed(backendPort, text))).toEqual([]);
});

test('a name', () => {
  const text = web + ingress('{name: http}');
  expect(findings(backendPort, text)).toMatchObject([{ at: 'http' }]);
  expect(fixed(backendPort, text)).toContain('port: {name: main}');
});

test('several ports: no edit', () => {
  const text = web + two + ingress('{number: 90}', 'two');
  expect(findings(backendPort, text)).toMatchObject([{ help: 'write `80` (`a`) or `81` (`b`)' }]);
  expect(() => fixed(backendPort, text)).toThrow();
});

test('a targetPort that no container has', () => {
  expect(findings(backendPort, web + two + ingress('{number: 81}', 'two'))).toEqual([
    {
      at: '81',
      message: 'no pod behind Service shop/two has a port named nowhere: requests get no answer',
      help: "write the number of the pods' port as the Service's `targetPort`, or name the container's port so",
    },
  ]);
});

test('the backend of a route', () => {
  const text =
    web + gatewayYaml(`name: h, port: 80, protocol: HTTP, ${open}`) + routeYaml('name: web, port: 8080');
  expect(fixed(backendPort, text)).toContain('{name: web, port: 80}');
});

test.each(['{number: 80}', '{name: main}'])('nothing to say: %s', (port) => {
  expect(findings(backendPort, web + ingress(port))).toEqual([]);
});
