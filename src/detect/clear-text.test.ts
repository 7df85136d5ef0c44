import { expect, test } from 'vitest';
import type { Flow } from '../flow/flow.ts';
import { postureOf } from '../posture/posture.fixture.ts';
import { authenticationYaml, meshPodYaml, namespaceYaml } from '../segmentation/mesh/mesh.fixture.ts';
import { clearText } from './clear-text.ts';
import type { Finding } from './detector.ts';
import { flowOf, named } from './flow.fixture.ts';

const pods =
  namespaceYaml('shop', 'istio-injection: enabled') +
  `${meshPodYaml('shop/web')}status: {podIP: 10.1.0.2}\n` +
  `${meshPodYaml('shop/api')}status: {podIP: 10.1.0.3}\n`;
const mode = (text: string) =>
  postureOf(pods + authenticationYaml('shop/default', `{mtls: {mode: ${text}}}`));

const request = (changes: Partial<Flow> = {}) =>
  named(
    flowOf('10.1.0.2', '10.1.0.3', 8080, {
      state: 'closed',
      openedAt: 0,
      closedAt: 500,
      names: { http: 'api.shop' },
      ...changes,
    }),
    'shop/web',
    'shop/api',
  );

function watch(posture = mode('STRICT'), settings: object = {}) {
  const running = clearText.create(clearText.options.parse(settings));
  running.onPosture!(posture);
  return { running, see: (flow: Flow): readonly Finding[] => running.onFlow!(flow, 'closed') };
}

test('HTTP that can be read, where mutual TLS is declared, is told with the place that declares it', () => {
  const { see } = watch();
  const [finding] = see(request());
  expect(finding).toMatchObject({
    detector: 'clear-text',
    severity: 'high',
    at: 500,
    entity: 'shop/web',
    title: 'shop/web speaks to shop/api:8080 in clear text, where mutual TLS is declared',
    techniques: [{ id: 'T1040' }],
  });
  expect(finding!.explanation).toContain(
    'shop/web (10.1.0.2) sent a request of HTTP for api.shop to shop/api (10.1.0.3) on port 8080',
  );
  expect(finding!.explanation).toMatch(/PeerAuthentication .*\(shop\.yaml:\d+\)\./);
  expect(finding!.evidence.find(({ name }) => name === 'seen')).toEqual({
    name: 'seen',
    value: 'HTTP, host api.shop',
    expected: 'TLS, of which no host of HTTP can be seen',
  });
  expect(see(request({ state: 'refused', closedAt: 3_600_501 }))).toMatchObject([{ severity: 'medium' }]);
});

test('once an hour for the same ends and port', () => {
  const { see } = watch();
  const told = [0, 1, 3_599_999, 3_600_000, 3_600_001].filter(
    (at) => see(request({ openedAt: at, closedAt: at })).length > 0,
  );
  expect(told).toEqual([0, 3_600_000]);
});

test('TLS, what says nothing of itself, other modes, other ends, and a proxy with its own workload are not told', () => {
  const { see } = watch();
  expect(see(request({ names: { tls: 'api.shop', alpn: 'istio' } }))).toEqual([]);
  const { names: _, ...silent } = request();
  expect(see(silent)).toEqual([]);
  expect(see(flowOf('10.1.0.2', '198.51.100.7', 80, { names: { http: 'www.example' } }))).toEqual([]);
  expect(see(flowOf('127.0.0.6', '10.1.0.3', 8080, { names: { http: 'api.shop' } }))).toEqual([]);
  expect(see(flowOf('10.1.0.3', '10.1.0.3', 8080, { names: { http: 'api.shop' } }))).toEqual([]);
  expect(watch(mode('PERMISSIVE')).see(request())).toEqual([]);
});

test('of a call to a Service it is the pod that answers, where that is known', () => {
  const { destination } = request();
  const called = request();
  const service = { ...called.destination, address: flowOf('10.96.0.1', '10.96.0.1', 80).source.address };
  expect(watch().see({ ...called, destination: service })).toEqual([]);
  const reached = { address: destination.address, port: 8080 };
  expect(
    watch().see({ ...called, destination: { ...service, port: 80 }, translated: { destination: reached } }),
  ).toHaveLength(1);
});

test('what is declared anew counts at once', () => {
  const { running, see } = watch(mode('PERMISSIVE'));
  expect(see(request())).toEqual([]);
  running.onPosture!(mode('STRICT'));
  expect(see(request())).toHaveLength(1);
});

test('a flood of ends is bounded and counted', () => {
  const { running, see } = watch();
  for (let n = 0; n < 20_000; n++)
    see(flowOf(`10.2.${n >> 8}.${n & 255}`, '10.1.0.3', n % 65_536, { names: { http: 'x' } }));
  expect(running.stateBytes()).toBeLessThan(1_000_000);
  expect(running.evicted()).toBeGreaterThan(10_000);
});
