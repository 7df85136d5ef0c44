import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { gatewayYaml, open, routeYaml, web } from './entry-checks.fixture.ts';
import { routeRefused } from './route-refused.ts';

const toWeb = 'name: web, port: 80';
const http = 'name: h, port: 80, protocol: HTTP';

test.each([
  [
    'another namespace',
    gatewayYaml(http),
    '',
    'listener h of Gateway infra/edge takes routes of namespace infra only',
  ],
  [
    'another host',
    gatewayYaml(`${http}, hostname: b.test, ${open}`),
    '',
    'listener h of Gateway infra/edge is for b.test only, which the route does not name',
  ],
  [
    'another protocol',
    gatewayYaml(`name: t, port: 80, protocol: TCP, ${open}`),
    '',
    'listener t of Gateway infra/edge takes no HTTPRoute',
  ],
  [
    'no such listener',
    gatewayYaml(`${http}, ${open}`),
    ', sectionName: https',
    'Gateway infra/edge has no listener https',
  ],
])('%s', (_, gateway, parent, why) => {
  expect(findings(routeRefused, web + gateway + routeYaml(toWeb, 'shop/web', parent))).toMatchObject([
    {
      at: `{name: edge, namespace: infra${parent}}`,
      message: `HTTPRoute web is not served here: ${why}`,
    },
  ]);
});

test.each([
  ['it is taken', gatewayYaml(`${http}, ${open}`)],
  ['the Gateway is not declared', ''],
])('nothing to say: %s', (_, gateway) => {
  expect(findings(routeRefused, web + gateway + routeYaml(toWeb))).toEqual([]);
});
