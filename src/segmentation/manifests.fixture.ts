import { readManifests } from '../manifest/read.ts';
import type { ManifestSet } from '../manifest/resource.ts';

/** Returns the manifests of a YAML text, read as a file of the given name. */
export function manifests(text: string, name = 'shop.yaml'): ManifestSet {
  return readManifests([{ name, bytes: new TextEncoder().encode(text) }]);
}

/** A namespace as YAML; `labels` as a flow mapping's content. */
export function namespaceYaml(name: string, labels = ''): string {
  return `---
apiVersion: v1
kind: Namespace
metadata: {name: ${name}, labels: {${labels}}}
`;
}

/** A pod as YAML. `more` is put into the spec, `status` into the status, each as a flow mapping's content. */
export function podYaml(name: string, labels: string, more = '', status = ''): string {
  const [namespace, pod] = name.includes('/') ? name.split('/') : ['shop', name];
  return `---
apiVersion: v1
kind: Pod
metadata: {name: ${pod}, namespace: ${namespace}, labels: {${labels}}}
spec: {containers: [{name: main, image: example.test/main, ports: [{name: web, containerPort: 8080}]}]${more && `, ${more}`}}
status: {phase: Running${status && `, ${status}`}}
`;
}

/** A policy in namespace shop; `spec` is indented by two. */
export function policyYaml(name: string, spec: string): string {
  return `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: ${name}
  namespace: shop
spec:
${spec}
`;
}
