import { expect, test } from 'vitest';
import { decodeAudit } from './audit-event.ts';
import { auditSource } from './audit-source.ts';

const event = (more: object = {}) => ({
  kind: 'Event',
  auditID: 'a',
  stage: 'ResponseComplete',
  stageTimestamp: '2026-01-02T03:04:05.123456Z',
  ...more,
});

test.each([
  ['one event', JSON.stringify(event())],
  ['an event over several lines', JSON.stringify(event(), null, 2)],
  ['a list', JSON.stringify({ kind: 'EventList', items: [event()] })],
  ['an array', JSON.stringify([event()])],
  ['lines', `${JSON.stringify(event())}\n\n`],
])('%s', (_, text) => {
  expect(decodeAudit(text)).toMatchObject({
    events: [{ number: 1, time: 1767323045123456000n }],
    faults: [],
  });
});

test.each([
  ['no JSON', '{', /JSON/],
  ['another kind', '{"kind": "Pod"}', /an object of kind "Pod", not Event/],
  ['no event', '{"a": 1}', /neither auditID nor stage/],
  ['no object', '3', /no JSON object/],
  [
    'too deep',
    JSON.stringify(event({ requestObject: JSON.parse('['.repeat(150) + ']'.repeat(150)) })),
    /nested deeper than 100/,
  ],
])('%s is told', (_, text, message) => {
  expect(decodeAudit(text)).toMatchObject({
    events: [],
    faults: [{ item: 1, message: expect.stringMatching(message) }],
  });
});

test('what is sound is kept beside what is not', () => {
  const { events, faults } = decodeAudit(
    `${JSON.stringify(event())}\nnothing\n${JSON.stringify(event())}`,
    7,
  );
  expect(events.map(({ number }) => number)).toEqual([7, 8]);
  expect(faults).toMatchObject([{ item: 2 }]);
});

const pod = event({
  user: { username: 'alice', groups: ['dev', 'ops'] },
  requestURI: '/api/v1/namespaces/x/pods/p/exec?command=sh&command=-c',
  objectRef: { resource: 'pods', name: 'p' },
  requestObject: {
    spec: {
      hostNetwork: true,
      volumes: [
        { name: 'v', hostPath: { path: '/etc/x' } },
        { name: 'w', emptyDir: {} },
      ],
      containers: [
        {
          image: 'registry:5000/a/b:1.2',
          ports: [{ hostPort: 80 }],
          securityContext: { privileged: true, runAsUser: 5 },
        },
        { image: 'c@sha256:0' },
      ],
    },
  },
});

test.each([
  ['ka.user.name', undefined, 'alice'],
  ['ka.user.groups', undefined, ['dev', 'ops']],
  ['ka.uri.param', 'command', 'sh'],
  ['ka.target.pod.name', undefined, 'p'],
  ['ka.req.pod.containers.image', undefined, ['registry:5000/a/b:1.2', 'c@sha256:0']],
  ['ka.req.pod.containers.image', '1', ['c@sha256:0']],
  ['ka.req.pod.containers.image.repository', undefined, ['registry:5000/a/b', 'c']],
  ['ka.req.pod.containers.privileged', undefined, ['true', 'false']],
  ['ka.req.pod.containers.host_port', undefined, ['80']],
  ['ka.req.pod.containers.eff_run_as_user', undefined, ['5', '0']],
  ['ka.req.pod.host_network', undefined, ['true']],
  ['ka.req.pod.volumes.hostpath', undefined, ['/etc/x']],
  ['ka.req.pod.volumes.volume_type', undefined, ['hostPath', 'emptyDir']],
  ['ka.req.volume.hostpath', '/etc*', true],
  ['ka.req.volume.hostpath', '/etc', false],
  ['ka.req.role.rules.verbs', undefined, undefined],
  ['jevt.value', '/objectRef/name', 'p'],
  ['jevt.value', '/nothing', undefined],
  ['jevt.time.iso8601', undefined, '2026-01-02T03:04:05.123456000Z'],
])('%s[%s]', (name, argument, wanted) => {
  const [one] = decodeAudit(JSON.stringify(pod)).events;
  const bound = auditSource.fields.get(name)?.bind(argument);
  expect(typeof bound === 'function' && bound(one!)).toEqual(wanted);
});
