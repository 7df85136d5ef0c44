import { expect, test } from 'vitest';
import { parseAddress } from '../net/address.ts';
import {
  authenticationYaml,
  authorizationYaml,
  meshPodYaml,
  namespaceYaml,
} from '../segmentation/mesh/mesh.fixture.ts';
import { postureOf } from './posture.fixture.ts';

const pod = (name: string, ip: string) => `${meshPodYaml(name)}status: {podIP: ${ip}}\n`;

const world = (more: string) =>
  postureOf(namespaceYaml('shop', 'istio-injection: enabled') + pod('shop/api', '10.1.0.3') + more);

const ask = (posture: ReturnType<typeof world>, port = 8080, protocol = 6, destination = '10.1.0.3') =>
  posture.encryptionOf({
    source: parseAddress('10.1.0.9')!,
    destination: parseAddress(destination)!,
    protocol,
    port,
  });

test('mode STRICT wants it, with the place that says so', () => {
  const strict = ask(world(authenticationYaml('shop/default', '{mtls: {mode: STRICT}}')));
  expect(strict).toMatchObject({
    layer: 'mesh',
    object: { kind: 'PeerAuthentication', name: 'default', namespace: 'shop' },
    span: { file: 'shop.yaml' },
  });
});

test('other modes, ports that are excepted, UDP, and ends that are not in the mesh do not', () => {
  const strict = authenticationYaml('shop/default', '{mtls: {mode: STRICT}}');
  expect(ask(world(''))).toBeUndefined();
  expect(ask(world(authenticationYaml('shop/default', '{mtls: {mode: PERMISSIVE}}')))).toBeUndefined();
  expect(ask(world(strict), 8080, 17)).toBeUndefined();
  expect(ask(world(strict), 8080, 6, '198.51.100.7')).toBeUndefined();
  const excepted = authenticationYaml(
    'shop/api',
    '{selector: {matchLabels: {app: api}}, mtls: {mode: STRICT}, portLevelMtls: {8080: {mode: PERMISSIVE}}}',
  );
  expect(ask(world(excepted))).toBeUndefined();
});

test('an AuthorizationPolicy that denies as well hides nothing', () => {
  const strict = authenticationYaml('shop/default', '{mtls: {mode: STRICT}}');
  expect(ask(world(strict + authorizationYaml('shop/none', '{}')))?.object?.kind).toBe('PeerAuthentication');
});
