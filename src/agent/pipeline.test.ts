import { beforeAll, describe, expect, test } from 'vitest';
import { AlertFolder } from '../detect/fold.ts';
import { loadPublicSuffixes } from '../detect/registrable-domain.ts';
import { detectors } from '../detect/registry.ts';
import { readDetectSettings } from '../detect/settings/settings.ts';
import { parseFlowFilter } from '../flow/filter.ts';
import type { Flow, TranslatedEnd } from '../flow/flow.ts';
import { flowToJson } from '../flow/json.ts';
import { readManifests } from '../manifest/read.ts';
import { parseAddress } from '../net/address.ts';
import { postureOf } from '../posture/posture.fixture.ts';
import { podYaml, policyYaml } from '../segmentation/manifests.fixture.ts';
import { openMemoryStore } from '../store/memory.ts';
import { Pipeline } from './pipeline.ts';

beforeAll(loadPublicSuffixes);

/** A Service with two pods behind it, of which a policy lets web reach one, and that at its own port. */
const shop =
  podYaml('web', 'app: web', '', 'podIP: 10.1.0.1') +
  podYaml('old', 'app: api, version: old', '', 'podIP: 10.1.0.2') +
  podYaml('new', 'app: api, version: new', '', 'podIP: 10.1.0.3') +
  `---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {clusterIP: 10.96.0.1, selector: {app: api}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}
` +
  policyYaml('closed', '  podSelector: {matchLabels: {version: old}}\n  policyTypes: [Ingress]') +
  policyYaml(
    'api',
    '  podSelector: {matchLabels: {version: new}}\n  ingress:\n  - from: [{podSelector: {matchLabels: {app: web}}}]\n    ports: [{port: 8080}]',
  );
const site = 'site: edge\nhosts:\n  gateway: 203.0.113.1\n  plc: 198.51.100.7\n';

const end = (address: string, port: number): TranslatedEnd => ({ address: parseAddress(address)!, port });

function judged(source: string, destination: TranslatedEnd, behind?: TranslatedEnd): Flow {
  const store = openMemoryStore();
  const pipeline = new Pipeline({
    posture: postureOf(shop, site),
    detectors,
    folder: new AlertFolder({ newId: () => 'a', lostBetween: () => 0 }),
    store,
    observers: [],
  });
  const flow: Flow = {
    id: 'f',
    protocol: 6,
    source: end(source, 40_000),
    destination,
    state: 'established',
    seenBy: 'network',
    openedAt: 0,
    reachedDestination: true,
    preexisting: false,
    observation: { by: 'conntrack' },
    ...(behind && { translated: { destination: behind } }),
  };
  pipeline.flow(flow, 'decided');
  return store.flows({ limit: 1 })[0]!.value;
}

describe('settings of detectors', () => {
  const scan = (port: number): Flow => ({
    id: `s${port}`,
    protocol: 6,
    source: end('203.0.113.9', 40_000),
    destination: end('10.1.0.3', port),
    state: 'refused',
    seenBy: 'destination',
    openedAt: port,
    reachedDestination: true,
    preexisting: false,
  });
  const siteOf = (detect: string) => {
    const bytes = new TextEncoder().encode(`detect: ${detect}\n`);
    const { site: read } = readManifests([{ name: 'picket.yaml', bytes }]);
    return readDetectSettings(read, detectors, 0).settings;
  };
  const begin = (detect: string) => {
    let ids = 0;
    const store = openMemoryStore();
    const pipeline = new Pipeline({
      posture: postureOf('', site),
      detectors,
      settings: siteOf(detect),
      folder: new AlertFolder({ newId: () => `a${++ids}`, lostBetween: () => 0 }),
      store,
      observers: [],
    });
    const see = (from: number, to: number) => {
      for (let port = from; port < to; port++) pipeline.flow(scan(port), 'decided');
    };
    return { pipeline, store, see };
  };
  const exception = '{detector: port-scan, filter: src=203.0.113.9, reason: r, until: 2027-01-01}';

  test('a detector that is off does not run, one with options runs by them', () => {
    const { pipeline, see } = begin('{beacon: {enabled: false}, port-scan: {maxSources: 16}}');
    const ids = pipeline.detectors.map(({ id }) => id);
    expect(ids).toEqual(detectors.map(({ id }) => id).filter((id) => id !== 'beacon'));
    see(1, 40);
    expect(pipeline.alerts).toBe(1);
    const bytes = (one: Pipeline) => one.detectors.find(({ id }) => id === 'port-scan')!.running.stateBytes();
    expect(bytes(pipeline)).toBeLessThan(bytes(begin('{}').pipeline));
  });

  test('what an exception holds back is no alert, is not kept, and is counted', () => {
    const { pipeline, store, see } = begin(`{exceptions: [${exception}]}`);
    see(1, 40);
    expect(pipeline.alerts).toBe(0);
    expect(store.alerts({ limit: 10 })).toEqual([]);
    expect(pipeline.exceptions(0)).toMatchObject([{ detector: 'port-scan', heldBack: 1 }]);
  });

  test('new settings leave detectors of the same options at work, and the others begin anew', () => {
    const { pipeline, see } = begin(`{exceptions: [${exception}]}`);
    see(1, 40);
    const before = new Map(pipeline.detectors.map(({ id, running }) => [id, running]));
    pipeline.useSettings(siteOf(`{beacon: {maxPairs: 64}, exceptions: [${exception}]}`));
    const changed = pipeline.detectors.filter(({ id, running }) => before.get(id) !== running);
    expect(changed.map(({ id }) => id)).toEqual(['beacon']);
    expect(pipeline.exceptions(0)).toMatchObject([{ heldBack: 1 }]);
    pipeline.useSettings(siteOf('{}'));
    expect(pipeline.exceptions(0)).toEqual([]);
    see(100, 500);
    expect(pipeline.alerts).toBe(1);
  });
});

describe('behind NAT', () => {
  const api = end('10.96.0.1', 80);

  test('the pod that answers is named and judged, and the Service is kept', () => {
    const allowed = judged('10.1.0.1', api, end('10.1.0.3', 8080));
    expect(allowed.destination.identity).toEqual({ kind: 'workload', name: 'shop/new', via: 'shop/api' });
    expect(allowed.destination).toMatchObject(api);
    expect(allowed.verdict?.outcome).toBe('allow');
    expect(allowed.verdict?.reasons.some(({ object }) => object?.name === 'api')).toBe(true);
    const denied = judged('10.1.0.1', api, end('10.1.0.2', 8080));
    expect(denied.destination.identity).toEqual({ kind: 'workload', name: 'shop/old', via: 'shop/api' });
    expect(denied.verdict?.outcome).toBe('deny');
    // It is the port of the pod that the policy speaks of.
    expect(judged('10.1.0.1', api, end('10.1.0.3', 8081)).verdict?.outcome).toBe('deny');
  });

  test('without a word of NAT it is the Service, of which it is not known which pod answers', () => {
    const flow = judged('10.1.0.1', api);
    expect(flow.destination.identity).toEqual({ kind: 'service', name: 'shop/api' });
    expect(flow.verdict).toEqual(
      postureOf(shop, site).judge({
        source: parseAddress('10.1.0.1')!,
        destination: api.address,
        protocol: 6,
        port: 80,
      }),
    );
  });

  test('a port that a node or a gateway gives to another end', () => {
    expect(
      judged('203.0.113.9', end('192.0.2.1', 30_080), end('10.1.0.3', 8080)).destination.identity,
    ).toEqual({
      kind: 'workload',
      name: 'shop/new',
      via: 'n1',
    });
    expect(
      judged('203.0.113.9', end('203.0.113.1', 8080), end('198.51.100.7', 80)).destination.identity,
    ).toEqual({
      kind: 'host',
      name: 'plc',
      via: 'gateway',
    });
    expect(judged('203.0.113.9', end('203.0.113.77', 1), end('10.1.0.3', 8080)).destination.identity).toEqual(
      {
        kind: 'workload',
        name: 'shop/new',
      },
    );
    // Only the port was changed.
    expect(judged('10.1.0.1', end('10.1.0.3', 80), end('10.1.0.3', 8080))).toMatchObject({
      destination: { identity: { kind: 'workload', name: 'shop/new' } },
      verdict: { outcome: 'allow' },
    });
  });

  test('what leads to nothing that is declared, or to a proxy here, is what was called', () => {
    for (const behind of [end('10.1.9.9', 8080), end('127.0.0.1', 15_001)]) {
      const flow = judged('10.1.0.1', api, behind);
      expect(flow.destination.identity).toEqual({ kind: 'service', name: 'shop/api' });
      expect(flow.verdict).toEqual(judged('10.1.0.1', api).verdict);
    }
  });

  test('it is found by both names', () => {
    const flow = flowToJson(judged('10.1.0.1', api, end('10.1.0.3', 8080)));
    const finds = (text: string) => {
      const filter = parseFlowFilter(text);
      return filter.ok && filter.matches(flow);
    };
    for (const text of [
      'dst=shop/new',
      'dst=shop/api',
      'ip=shop/api',
      'identity=shop/api',
      'workload=shop/new',
      'api',
    ])
      expect([text, finds(text)]).toEqual([text, true]);
    for (const text of ['workload=shop/api', 'src=shop/api', 'dst=10.1.0.3'])
      expect([text, finds(text)]).toEqual([text, false]);
  });
});
