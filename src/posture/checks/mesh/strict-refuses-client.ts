import { type Diagnostic, diagnose } from '../../../diagnostic/diagnostic.ts';
import { PortSet } from '../../../net/port-set.ts';
import { members } from '../../../segmentation/bitset.ts';
import type { Selector } from '../../../segmentation/label-selector.ts';
import { membershipOf } from '../../../segmentation/mesh/membership.ts';
import type { PeerAuthentication } from '../../../segmentation/mesh/peer-authentication.ts';
import { type Workload, workloadName } from '../../../segmentation/model.ts';
import type { NetworkPolicy, PolicyPeer } from '../../../segmentation/network-policy.ts';
import type { CompiledPolicy } from '../../../segmentation/plan.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { authenticationsOf, isMeshedNamespace, meshNamespaces, rootNamespace } from './declared-mesh.ts';

/** Namespaces whose components stand outside the mesh unless someone puts them in. */
const usuallyOutside: ReadonlySet<string> = new Set([
  'ingress-nginx',
  'traefik',
  'haproxy-ingress',
  'monitoring',
  'prometheus',
  'kube-system',
]);

/** The metrics port of the sidecar itself, which is served outside mutual TLS. */
const sidecarMetrics: PortSet = PortSet.of(15_020);

/** A client that a NetworkPolicy lets in and that strict mutual TLS turns away. */
export const strictRefusesClient: Check = {
  code: 'PKT1042',
  title: 'Strict mutual TLS against a client outside the mesh',
  class: 'product',
  severity: 'error',
  since: '0.2.0',
  doc: `A NetworkPolicy lets clients in, and a PeerAuthentication with mode STRICT holds for the pods. STRICT refuses every
connection that is not mutual TLS of the mesh, before any authorization is looked at. The client has no proxy, so all it
can send is plain text: ingress controllers and Prometheus are outside the mesh unless someone puts them in.

Put the client into the mesh (and authorize its principal), use a gateway of the mesh or of the Gateway API, or make the one
port PERMISSIVE with a PeerAuthentication that has a \`selector\`.`,
  example: {
    bad: 'kind: PeerAuthentication\nspec: {mtls: {mode: STRICT}}\n---\nkind: NetworkPolicy\nspec:\n  ingress:\n  - from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress-nginx}}}]',
    good: 'kind: PeerAuthentication\nspec:\n  selector: {matchLabels: {tier: frontend}}\n  mtls: {mode: STRICT}\n  portLevelMtls: {8080: {mode: PERMISSIVE}}',
  },
  run(declared) {
    const strict = authenticationsOf(declared).filter(({ mode }) => mode === 'STRICT');
    const open = authenticationsOf(declared).filter(({ ports }) =>
      [...ports.values()].some((mode) => mode !== 'STRICT'),
    );
    if (strict.length === 0) return [];
    return declared.segmentation.policies.flatMap((compiled) => {
      const { policy } = compiled;
      if (policy.fault !== undefined) return [];
      const authentication = isMeshed(compiled, declared) ? holdsFor(policy, strict) : undefined;
      if (authentication === undefined || open.some(({ namespace }) => namespace === policy.namespace))
        return [];
      return (policy.rules.ingress ?? []).flatMap(({ peers, ports }) => {
        const numbers = [...(ports?.numeric.values() ?? [])];
        if (ports !== undefined && numbers.every((set) => set.equals(sidecarMetrics))) return [];
        return (peers ?? []).flatMap((peer) => {
          const client = clientOutside(peer, compiled, declared);
          return client === undefined ? [] : [finding(policy, peer, client, authentication)];
        });
      });
    });
  },
};

/** Whether mutual TLS can hold for the pods at all: by what is declared of them, else of their namespace. */
function isMeshed({ policy, selects }: CompiledPolicy, declared: Declared): boolean {
  const { inventory } = declared;
  const workloads = [...members(selects.yes)].map((index) => inventory.workloads[index] as Workload);
  if (workloads.length > 0) return workloads.some((workload) => membershipOf(workload).mode !== 'none');
  return meshNamespaces(declared).has(policy.namespace);
}

/** The strict policy that holds for the pods of a NetworkPolicy: of their namespace, else of the whole mesh. */
function holdsFor(
  { namespace }: NetworkPolicy,
  strict: readonly PeerAuthentication[],
): PeerAuthentication | undefined {
  return (
    strict.find((one) => one.namespace === namespace) ??
    strict.find((one) => one.namespace === rootNamespace && one.selector.length === 0)
  );
}

/** Who of a peer has no proxy: a declared workload, or a namespace whose components usually have none. */
function clientOutside(
  { podSelector, namespaceSelector }: PolicyPeer,
  { policy }: CompiledPolicy,
  { inventory, segmentation }: Declared,
): string | undefined {
  if (namespaceSelector === undefined && podSelector === undefined) return undefined;
  const { yes } = segmentation.population.select(podSelector, namespaceSelector ?? policy.namespace);
  const workloads = [...members(yes)].map((index) => inventory.workloads[index] as Workload);
  if (workloads.length > 0) {
    const outside = workloads.find((workload) => membershipOf(workload).mode === 'none');
    return outside && `${workloadName(outside)} has no proxy`;
  }
  if (namespaceSelector === undefined) return undefined;
  const name = nameAsked(namespaceSelector);
  if (name === undefined || !usuallyOutside.has(name)) return undefined;
  const declared = inventory.namespaces.find((namespace) => namespace.name === name);
  if (declared?.source !== undefined && isMeshedNamespace(declared.labels.known)) return undefined;
  return `the pods of ${name} have no proxy unless someone put them into the mesh`;
}

/** The one namespace name that a selector asks for, by the label that the API server sets or the one people write. */
function nameAsked(selector: Selector): string | undefined {
  const asked = selector.find(
    ({ key, operator }) => /^(?:kubernetes\.io\/metadata\.)?name$/.test(key) && operator === 'In',
  );
  return asked?.values.size === 1 ? [...asked.values][0] : undefined;
}

function finding(
  { source }: NetworkPolicy,
  { path }: PolicyPeer,
  client: string,
  authentication: PeerAuthentication,
): Diagnostic {
  return diagnose(strictRefusesClient, {
    message: `${client}, and STRICT refuses all that is not mutual TLS: what is allowed here never arrives`,
    span: source.at(path),
    related: [
      {
        span: authentication.source.at(['spec', 'mtls', 'mode']),
        message: 'only mutual TLS of the mesh from here on',
      },
    ],
    help: 'put the client into the mesh and authorize its principal, let a gateway of the mesh take its place, or make that port PERMISSIVE (`portLevelMtls` with a `selector`)',
  });
}
