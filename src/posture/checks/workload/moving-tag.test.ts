import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { movingTag } from './moving-tag.ts';
import { daemonSetYaml } from './workload-checks.fixture.ts';

const find = (image: string, more = 'securityContext: {privileged: true}', pod = '') =>
  findings(movingTag, daemonSetYaml(`image: "${image}"\n${more}`, pod));
const admin = 'securityContext: {capabilities: {add: [NET_ADMIN]}}';

test('latest on a privileged container', () => {
  expect(find('example.com:5000/agent:latest')).toEqual([
    {
      at: '"example.com:5000/agent:latest"',
      message:
        'whoever moves the tag of example.com:5000/agent:latest gets the machine of DaemonSet shop/web, at the next start of a pod',
      help: 'name a release and its digest: `image: example.com:5000/agent:RELEASE@sha256:…`',
    },
  ]);
});

test('no tag is latest', () => {
  expect(find('example.com:5000/agent')).toMatchObject([
    { help: 'name a release and its digest: `image: example.com:5000/agent:RELEASE@sha256:…`' },
  ]);
});

test("with a capability on the machine's network", () => {
  expect(find('agent', admin, 'hostNetwork: true')).toMatchObject([
    { message: expect.stringContaining('gets the network of the machine of DaemonSet') },
  ]);
});

test.each([
  ['a release', find('agent:1.2')],
  ['a digest', find(`agent@sha256:${'0'.repeat(64)}`)],
  ['an ordinary container', find('agent:latest', '')],
  ['a network of its own', find('agent:latest', admin)],
])('silent: %s', (_, found) => expect(found).toEqual([]));
