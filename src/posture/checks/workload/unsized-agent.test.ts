import { expect, test } from 'vitest';
import { workloadYaml } from '../../controls/controls.fixture.ts';
import { findings } from '../checks.fixture.ts';
import { unsizedAgent } from './unsized-agent.ts';
import { daemonSetYaml } from './workload-checks.fixture.ts';

const find = (text: string) => findings(unsizedAgent, text);
const onHost = 'hostNetwork: true';
const resources = 'resources: {requests: {cpu: 5m, memory: 16Mi}, limits: {memory: 64Mi}}';
const probe = 'readinessProbe: {exec: {command: [wg, show, wg0]}}';
const onDelete = (text: string) => text.replace('spec:\n', 'spec:\n  updateStrategy: {type: OnDelete}\n');

test('nothing of all', () => {
  expect(find(daemonSetYaml('image: a', onHost))).toEqual([
    {
      at: 'main',
      message:
        'container main of DaemonSet shop/web has no resources and no readiness probe: it is killed first when memory is short, and an update that cuts machines off goes on to all of them',
      help: 'write `resources: {requests: {cpu: 5m, memory: 16Mi}, limits: {memory: 64Mi}}`, as measured, and `readinessProbe: {exec: {command: […]}}` that asks for the effect',
    },
  ]);
});

test.each([
  [resources, 'has no readiness probe: an update that cuts machines off goes on to all of them'],
  [probe, 'has no resources: it is killed first when memory is short'],
])('the other half: %s', (given, message) => {
  expect(find(daemonSetYaml(given, onHost))).toMatchObject([
    { message: `container main of DaemonSet shop/web ${message}` },
  ]);
});

test.each([
  ['both', daemonSetYaml(`${resources}\n${probe}`, onHost)],
  ['updates wait for somebody', onDelete(daemonSetYaml(resources, onHost))],
  ['a network of its own', daemonSetYaml('image: a')],
  ['a Deployment', workloadYaml('image: a', onHost)],
])('silent: %s', (_, text) => expect(find(text)).toEqual([]));
