import { objectYaml } from '../../../segmentation/entry/entry.fixture.ts';

/** A Service `shop/web` with port 80 (`main`) before pods `app: web`, and one such pod. */
export const web = `---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: main, image: example.test/web, ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: main, port: 80, targetPort: http}]}
`;

/** An Ingress `web` of class nginx in namespace shop; `lines` belong to its spec. */
export function ingressYaml(lines: string, metadata = '  namespace: shop\n'): string {
  return `---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
${metadata}spec:
${lines
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => `  ${line}\n`)
  .join('')}`;
}

/** A rule of an Ingress, for a host, to a port of a Service. */
export function ruleYaml(host: string, service = 'web', port = '{number: 80}'): string {
  return `- host: ${host}
  http:
    paths:
    - path: /
      pathType: Prefix
      backend:
        service:
          name: ${service}
          port: ${port}
`;
}

/** A Gateway `infra/edge` with these listeners. */
export function gatewayYaml(...listeners: readonly string[]): string {
  return objectYaml(
    'gateway.networking.k8s.io/v1',
    'Gateway',
    'infra/edge',
    `gatewayClassName: edge, listeners: [${listeners.map((one) => `{${one}}`).join(', ')}]`,
  );
}

/** An HTTPRoute on that Gateway; `backend` are the fields of its backend. */
export function routeYaml(backend: string, name = 'shop/web', parent = ''): string {
  const [namespace, own] = name.split('/');
  return `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: ${own}
  namespace: ${namespace}
spec:
  parentRefs: [{name: edge, namespace: infra${parent}}]
  hostnames: [shop.example.com]
  rules:
  - backendRefs:
    - {${backend}}
`;
}

/** A listener for routes of all namespaces. */
export const open = 'allowedRoutes: {namespaces: {from: All}}';
