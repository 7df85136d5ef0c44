import { expect, test } from 'vitest';
import { podYaml, policyYaml } from '../../segmentation/manifests.fixture.ts';
import { postureOf } from '../posture.fixture.ts';
import { parseEndpoint } from '../reach/parse-endpoint.ts';
import { networkPolicyLayer } from './network-policy.ts';

test('one reason per direction, with the place', () => {
  const posture = postureOf(
    podYaml('web', 'app: web') +
      podYaml('api', 'app: api') +
      policyYaml('api', '  podSelector: {matchLabels: {app: api}}'),
  );
  const end = (name: string) => {
    const parsed = parseEndpoint(name, posture);
    if (!('end' in parsed)) throw new Error(parsed.message);
    return parsed.end;
  };
  const question = { source: end('shop/web'), destination: end('shop/api'), protocol: 6, port: 8080 };
  expect(networkPolicyLayer.judge(question, posture)).toMatchObject([
    { direction: 'egress', outcome: 'allow' },
    { direction: 'ingress', outcome: 'deny', object: { name: 'api' }, span: { file: 'shop.yaml' } },
  ]);
});
