import { expect, test } from 'vitest';
import { podYaml } from '../../../segmentation/manifests.fixture.ts';
import { findings } from '../checks.fixture.ts';
import { authenticationYaml } from './mesh-checks.fixture.ts';
import { meshCoversPart } from './mesh-covers-part.ts';

const strict = (name: string) => authenticationYaml(name, '{mtls: {mode: STRICT}}');

test('other namespaces are left out', () => {
  expect(findings(meshCoversPart, strict('shop/default') + podYaml('batch/job', 'app: job'))).toEqual([
    {
      at: 'shop',
      message: 'mutual TLS is demanded in shop alone: nothing demands it in batch',
      help: 'move it to namespace istio-system: there it holds for the whole mesh',
    },
  ]);
});

test.each([
  ['the whole mesh is covered', strict('istio-system/default') + podYaml('batch/job', 'app: job')],
  ['there is no other namespace', strict('shop/default') + podYaml('web', 'app: web')],
  ['each has its own', strict('shop/default') + strict('batch/default')],
  ['no mutual TLS at all', podYaml('web', 'app: web')],
])('nothing to say: %s', (_, text) => expect(findings(meshCoversPart, text)).toEqual([]));
