import { expect, test } from 'vitest';
import { findings, fixed } from '../checks.fixture.ts';
import { gatewayYaml, open, routeYaml, web } from './entry-checks.fixture.ts';
import { referenceNotGranted } from './reference-not-granted.ts';

const gateway = gatewayYaml(`name: h, port: 80, protocol: HTTP, ${open}`);

test('a Service of another namespace', () => {
  const text = web + gateway + routeYaml('name: web, namespace: shop, port: 80', 'edge/out');
  expect(findings(referenceNotGranted, text)).toEqual([
    {
      at: 'shop',
      message:
        'no ReferenceGrant in namespace shop lets a HTTPRoute of edge send to Service web: requests get an error',
      help: 'add a ReferenceGrant to namespace shop: `from` HTTPRoute of edge, `to` Service web',
    },
  ]);
  expect(findings(referenceNotGranted, fixed(referenceNotGranted, text))).toEqual([]);
});

test('nothing to say: the own namespace', () => {
  expect(findings(referenceNotGranted, web + gateway + routeYaml('name: web, port: 80'))).toEqual([]);
});
