import type { Outcome, Reason } from '../../flow/verdict.ts';
import { parseAddress } from '../../net/address.ts';
import { Protocol } from '../../net/protocol.ts';
import type { Endpoint } from '../endpoint.ts';
import { readInventory } from '../inventory.ts';
import { manifests } from '../manifests.fixture.ts';
import { type Inventory, workloadName } from '../model.ts';
import type { HttpRequest } from '../request.ts';
import { Mesh, type MeshOptions } from './mesh.ts';

/** A mesh of a YAML text with the inventory it was made from. */
export interface TestMesh {
  readonly mesh: Mesh;
  readonly inventory: Inventory;
}

/** Returns the mesh that a YAML text declares. */
export function meshOf(text: string, options?: MeshOptions): TestMesh {
  const { resources } = manifests(text);
  const inventory = readInventory(resources);
  return { mesh: new Mesh(inventory, resources, options), inventory };
}

/** Returns the end of a name: `namespace/workload`, an address, or `node`. */
export function endOf({ inventory }: TestMesh, name: string): Endpoint {
  if (name === 'node') return { kind: 'node' };
  const address = parseAddress(name);
  if (address !== undefined) return { kind: 'external', address };
  const workload = inventory.workloads.find((one) => workloadName(one) === name);
  if (workload === undefined) throw new Error(`no workload ${name}`);
  return { kind: 'workload', workload };
}

/** Returns the reasons for a TCP connection. */
export function reasonsOf(
  test: TestMesh,
  source: string,
  destination: string,
  port: number,
  request?: HttpRequest,
): readonly Reason[] {
  return test.mesh.judge({
    source: endOf(test, source),
    destination: endOf(test, destination),
    protocol: Protocol.Tcp,
    port,
    ...(request && { request }),
  });
}

/** Returns what reasons fold to. */
export function fold(reasons: readonly Reason[]): Outcome {
  const outcomes = reasons.map(({ outcome }) => outcome);
  if (outcomes.includes('deny')) return 'deny';
  return outcomes.includes('unknown') ? 'unknown' : 'allow';
}

/** Returns what the mesh says of a TCP connection. */
export function outcomeOf(
  test: TestMesh,
  source: string,
  destination: string,
  port: number,
  request?: HttpRequest,
): Outcome {
  return fold(reasonsOf(test, source, destination, port, request));
}

/** A Namespace as YAML. */
export function namespaceYaml(name: string, labels = ''): string {
  return `---
apiVersion: v1
kind: Namespace
metadata: {name: ${name}, labels: {${labels}}}
`;
}

/** A Pod as YAML with a service account of its name. */
export function meshPodYaml(name: string, labels = '', more = '', annotations = ''): string {
  const [namespace, pod] = name.split('/') as [string, string];
  return `---
apiVersion: v1
kind: Pod
metadata: {name: ${pod}, namespace: ${namespace}, labels: {app: ${pod}${labels && `, ${labels}`}}, annotations: {${annotations}}}
spec: {serviceAccountName: ${pod}, containers: [{name: main, image: example.test/main, ports: [{name: web, containerPort: 8080}]}]${more && `, ${more}`}}
`;
}

/** An AuthorizationPolicy as YAML; `spec` is a flow mapping. */
export function authorizationYaml(name: string, spec: string, annotations = ''): string {
  const [namespace, own] = name.split('/') as [string, string];
  return `---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: ${own}, namespace: ${namespace}, annotations: {${annotations}}}
spec: ${spec}
`;
}

/** A PeerAuthentication as YAML; `spec` is a flow mapping. */
export function authenticationYaml(name: string, spec: string, created = ''): string {
  const [namespace, own] = name.split('/') as [string, string];
  return `---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: ${own}, namespace: ${namespace}${created && `, creationTimestamp: "${created}"`}}
spec: ${spec}
`;
}

/** A Service as YAML for the pods `app: <name>`; each port is a flow mapping's content. */
export function serviceYaml(name: string, ports: readonly string[], labels = '', more = ''): string {
  const [namespace, own] = name.split('/') as [string, string];
  return `---
apiVersion: v1
kind: Service
metadata: {name: ${own}, namespace: ${namespace}, labels: {${labels}}}
spec: {selector: {app: ${own}}, ports: [${ports.map((port) => `{${port}}`).join(', ')}]${more && `, ${more}`}}
`;
}
