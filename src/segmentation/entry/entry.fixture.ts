import { readInventory } from '../inventory.ts';
import { manifests } from '../manifests.fixture.ts';
import { workloadName } from '../model.ts';
import { protocolText } from '../protocol.ts';
import { entryEdges } from './edges.ts';
import { readEntries } from './entries.ts';
import type { Entry } from './model.ts';

/** Pods and Services of a small shop, in namespace shop. */
export const shop = `---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: main, image: example.test/web, ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
spec: {containers: [{name: main, image: example.test/api, ports: [{name: http, containerPort: 3000}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: main, port: 80, targetPort: http}, {name: admin, port: 81, targetPort: 9000}]}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{port: 80, targetPort: 3000}]}
`;

/** Returns one object as YAML; `spec` is a flow mapping's content. */
export function objectYaml(apiVersion: string, kind: string, name: string, spec: string): string {
  const [namespace, own] = name.includes('/') ? name.split('/') : ['shop', name];
  return `---
apiVersion: ${apiVersion}
kind: ${kind}
metadata: {name: ${own}, namespace: ${namespace}}
spec: {${spec}}
`;
}

/** Returns the entries of a YAML text. */
export function entriesOf(text: string): Entry[] {
  const { resources } = manifests(text);
  return readEntries(resources, readInventory(resources));
}

/** Returns the edges as `Ingress shop/web => shop/web TCP 8080`, doubtful ones with a question mark. */
export function edgesOf(text: string): string[] {
  return entryEdges(entriesOf(text)).map(({ entry, workload, protocol, port, doubt }) => {
    const mark = doubt === undefined ? '' : ' ?';
    return `${entry.text} => ${workloadName(workload)} ${protocolText(protocol)} ${port}${mark}`;
  });
}

/** Returns why targets lead nowhere. */
export function problemsOf(text: string): (string | undefined)[] {
  return entriesOf(text).flatMap(({ targets }) => targets.map(({ problem }) => problem));
}
