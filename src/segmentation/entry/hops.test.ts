import { expect, test } from 'vitest';
import { workloadName } from '../model.ts';
import { entryEdges } from './edges.ts';
import { edgesOf, entriesOf, objectYaml, shop } from './entry.fixture.ts';
import { EntryWays, forwarders, type HopSource, proxyText } from './hops.ts';

const controller = `---
apiVersion: v1
kind: Pod
metadata: {name: nginx, namespace: edge, labels: {app.kubernetes.io/name: ingress-nginx, app.kubernetes.io/component: controller}}
spec: {containers: [{name: m, image: e.test/m, ports: [{name: http, containerPort: 8000}]}]}
${objectYaml('v1', 'Service', 'edge/nginx', 'type: LoadBalancer, externalTrafficPolicy: Local, selector: {app.kubernetes.io/name: ingress-nginx}, ports: [{port: 80, targetPort: http}]')}`;
const ingress = (className = 'nginx') =>
  objectYaml(
    'networking.k8s.io/v1',
    'Ingress',
    'in',
    `${className && `ingressClassName: ${className}, `}defaultBackend: {service: {name: web, port: {number: 80}}}`,
  );

function hops(text: string): string[] {
  const entries = entriesOf(shop + text);
  const ways = new EntryWays(entries);
  const source = (from: HopSource) =>
    from.kind === 'workload'
      ? workloadName(from.workload)
      : from.kind === 'client'
        ? `client ${from.keepsAddress}`
        : from.text;
  return entryEdges(entries).flatMap((edge) =>
    ways
      .lastHops(edge)
      .map(
        (hop) => `${hop.entry.text}: ${source(hop.source)} => ${workloadName(hop.destination)} ${hop.port}`,
      ),
  );
}

test('a declared controller forwards; its own way in is the load balancer', () => {
  expect(hops(controller + ingress())).toEqual([
    'Ingress shop/in: edge/nginx => shop/web 8080',
    'LoadBalancer edge/nginx: client true => edge/nginx 8000',
    'NodePort edge/nginx: client true => edge/nginx 8000',
  ]);
  const entries = entriesOf(shop + controller + ingress());
  const [forwarder] = forwarders(entries[0]!) ?? [];
  expect(new EntryWays(entries).directTo(forwarder!).map(({ entry }) => entry.kind)).toEqual([
    'LoadBalancer',
    'NodePort',
  ]);
});

test('no declared controller', () => {
  expect(hops(ingress())).toEqual(['Ingress shop/in: the proxy of class nginx => shop/web 8080']);
  expect(hops(ingress(''))).toEqual(['Ingress shop/in: a proxy that no manifest names => shop/web 8080']);
  expect(entriesOf(shop + ingress()).map(forwarders)).toEqual([undefined]);
});

test('the proxy of an OpenShift Route by its controller', () => {
  const [route] = entriesOf(
    shop + objectYaml('route.openshift.io/v1', 'Route', 'r', 'to: {kind: Service, name: web}'),
  );
  expect(proxyText(route!)).toBe('the proxy of openshift.io/ingress-to-route');
});

test('of a certain and a doubtful way to the same port the certain one counts', () => {
  const group = 'gateway.networking.k8s.io/v1';
  const text =
    shop +
    objectYaml('v1', 'Service', 'also', 'selector: {app: web}, ports: [{port: 80, targetPort: 8080}]') +
    objectYaml(
      group,
      'Gateway',
      'edge',
      'gatewayClassName: any, listeners: [{name: l, protocol: HTTP, port: 80}]',
    ) +
    objectYaml(
      group,
      'HTTPRoute',
      'r',
      'parentRefs: [{name: edge}], rules: [{backendRefs: [{name: also, port: 80}, {name: web, port: 80}]}]',
    );
  expect(edgesOf(text)).toEqual(['HTTPRoute shop/r => shop/web TCP 8080']);
});
