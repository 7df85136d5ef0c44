import type { Span } from '../../diagnostic/diagnostic.ts';
import { PortSet } from '../../net/port-set.ts';
import { type Workload, workloadName } from '../model.ts';
import { fieldAt, fieldsOf, listOf, textOf } from '../values.ts';

/**
 * How the pods of a workload are in the Istio mesh: with a proxy of their own, by the node's ztunnel, as a gateway, or
 * not at all; `unknown` when the labels of the namespace decide and no manifest declares it.
 */
export type MeshMode = 'sidecar' | 'ambient' | 'gateway' | 'none' | 'unknown';

/** A mode that is known. */
export type ProxyMode = Exclude<MeshMode, 'unknown'>;

/** TCP ports on which a proxy certainly, and possibly, stands before the container. */
export interface Capture {
  readonly certain: PortSet;
  readonly possible: PortSet;
}

/** Whether and how the pods of a workload are in the mesh. */
export interface Membership {
  readonly mode: MeshMode;
  /** Why, as the end of a sentence about the pods, e.g. `has a sidecar by the label … of its namespace`. */
  readonly text: string;
  readonly span: Span;
  /** The ways it may be in the mesh: several when the mode is not known. */
  readonly candidates: readonly ProxyMode[];
  /** TCP ports before which the sidecar stands, and those before which ztunnel does. */
  readonly captured: { readonly sidecar: Capture; readonly ambient: Capture };
  /** Name of the Gateway (gateway.networking.k8s.io) whose proxy this is. */
  readonly gateway: string | undefined;
}

/** Namespaces whose pods the injector leaves alone, whatever their labels (`IgnoredNamespaces`). */
const neverInjected: ReadonlySet<string> = new Set([
  'kube-system',
  'kube-public',
  'kube-node-lease',
  'local-path-storage',
]);

const gatewayLabels: ReadonlySet<string> = new Set(['ingressgateway', 'egressgateway', 'eastwestgateway']);
const gatewayNameLabel = 'gateway.networking.k8s.io/gateway-name';
const injectLabel = 'sidecar.istio.io/inject';
const modeLabel = 'istio.io/dataplane-mode';
const revisionLabel = 'istio.io/rev';
const all: Capture = { certain: PortSet.all, possible: PortSet.all };
/** Ports of the proxy itself, which never lead to the container behind it (istio-iptables). */
const ownPorts = PortSet.parse('15020,15021,15090') as PortSet;

/**
 * Returns how the pods of a workload are in the mesh: what the injection webhook does (istio.io/docs, "Installing the
 * sidecar", "Controlling the injection policy"), else what the ambient node agent does ("Add workloads to an ambient
 * mesh"). Pods on their host's network never are.
 */
export function membershipOf(workload: Workload): Membership {
  const { hostNetwork, source, podPath } = workload;
  if (hostNetwork) {
    const span = source.at([...podPath, 'spec', 'hostNetwork']);
    return memberAs('none', "is on its host's network and so never in the mesh", span, workload);
  }
  return gatewayMembership(workload) ?? sidecarMembership(workload) ?? ambientMembership(workload);
}

function memberAs(mode: MeshMode, text: string, span: Span, { annotations }: Workload): Membership {
  // Pods that capture outgoing traffic only still answer tunnelled connections.
  const bypass = annotations.get('ambient.istio.io/bypass-inbound-capture') === 'true';
  const ambient = bypass ? { certain: PortSet.empty, possible: PortSet.all } : all;
  const candidates = mode === 'unknown' ? (['none', 'sidecar', 'ambient'] as const) : [mode];
  return {
    mode,
    text,
    span,
    candidates,
    captured: { sidecar: capturedPorts(annotations), ambient },
    gateway: undefined,
  };
}

function gatewayMembership(workload: Workload): Membership | undefined {
  const { labels, annotations, source, podPath } = workload;
  const name = labels.known.get(gatewayNameLabel) ?? labels.known.get('istio.io/gateway-name');
  const templates = (annotations.get('inject.istio.io/templates') ?? '').split(',').map((one) => one.trim());
  const kind = labels.known.get('istio');
  const isGateway =
    name !== undefined ||
    templates.includes('gateway') ||
    (kind !== undefined && gatewayLabels.has(kind)) ||
    proxyContainers(workload).some((container) => listOf(container.args).includes('router'));
  if (!isGateway) return undefined;
  const span = source.at([...podPath, 'metadata', 'labels']);
  return { ...memberAs('gateway', 'is an Istio gateway', span, workload), gateway: name };
}

function proxyContainers({ source, podPath }: Workload) {
  const spec = fieldAt(source.value, ...(podPath as string[]), 'spec');
  return ['containers', 'initContainers']
    .flatMap((key) => listOf(fieldAt(spec, key)))
    .map(fieldsOf)
    .filter(({ name }) => name === 'istio-proxy');
}

/** Undefined when the pods certainly get no sidecar: then ambient decides. */
function sidecarMembership(workload: Workload): Membership | undefined {
  const { labels, annotations, namespace, source, podPath } = workload;
  const found = (text: string, span: Span) => memberAs('sidecar', text, span, workload);
  if (proxyContainers(workload).length > 0 || annotations.has('sidecar.istio.io/status')) {
    return found('has a sidecar in its manifest', source.at([...podPath, 'spec']));
  }
  if (neverInjected.has(namespace.name)) return undefined;
  const label = labels.known.get(injectLabel);
  // The label goes before the older annotation; any other value counts as absent.
  const wish = label ?? annotations.get(injectLabel);
  if (wish === 'false') return undefined;
  const podSpan = source.at([...podPath, 'metadata', 'labels', injectLabel]);
  const revision = labels.known.get(revisionLabel);
  const asked = label === 'true' || revision !== undefined;
  const askedText = `has a sidecar by its label ${label === 'true' ? `${injectLabel}=true` : `${revisionLabel}=${revision}`}`;
  if (namespace.source === undefined) {
    // Only `istio-injection: disabled` on the namespace could still keep the webhook away.
    return asked ? found(askedText, podSpan) : undefined;
  }
  const injection = namespace.labels.known.get('istio-injection');
  const where = (key: string) => namespace.source?.at(['metadata', 'labels', key]) ?? source.span;
  if (injection !== undefined) {
    if (injection !== 'enabled') return undefined;
    return found(
      'has a sidecar by the label istio-injection=enabled of its namespace',
      where('istio-injection'),
    );
  }
  const ofNamespace = namespace.labels.known.get(revisionLabel);
  if (ofNamespace !== undefined) {
    return found(
      `has a sidecar by the label ${revisionLabel}=${ofNamespace} of its namespace`,
      where(revisionLabel),
    );
  }
  return asked ? found(askedText, podSpan) : undefined;
}

/**
 * What the sidecar's redirection takes: all ports, or those of the annotation `includeInboundPorts`, without those of
 * `excludeInboundPorts` (istio.io/docs, "Resource Annotations").
 */
function capturedPorts(annotations: ReadonlyMap<string, string>): Capture {
  const read = (key: string): PortSet | 'faulty' | undefined => {
    const text = annotations.get(`traffic.sidecar.istio.io/${key}`);
    if (text === undefined || text.trim() === '*') return undefined;
    return text.trim() === '' ? PortSet.empty : (PortSet.parse(text) ?? 'faulty');
  };
  const [only, but] = [read('includeInboundPorts') ?? PortSet.all, read('excludeInboundPorts')];
  if (only === 'faulty' || but === 'faulty') return { certain: PortSet.empty, possible: PortSet.all };
  const ports = only.subtract(but ?? PortSet.empty).subtract(ownPorts);
  return { certain: ports, possible: ports };
}

function ambientMembership(workload: Workload): Membership {
  const { labels, annotations, namespace, source, podPath } = workload;
  const own = labels.known.get(modeLabel);
  const span = source.at([...podPath, 'metadata', 'labels', modeLabel]);
  const found = (text: string, at: Span) => memberAs('ambient', text, at, workload);
  const outside = (text: string, at: Span) => memberAs('none', text, at, workload);
  if (own === 'ambient') return found(`is in ambient mode by its label ${modeLabel}=ambient`, span);
  if (own === 'none') return outside(`is out of the mesh by its label ${modeLabel}=none`, span);
  if (namespace.source === undefined) {
    if (neverInjected.has(namespace.name) && namespace.name !== 'local-path-storage') {
      return outside('is in a namespace of Kubernetes itself, which has no part in the mesh', source.span);
    }
    const text = `may be in the mesh or not: no manifest declares namespace ${namespace.name}, so its labels are not known`;
    const unknown = memberAs('unknown', text, source.span, workload);
    const refuses = (labels.known.get(injectLabel) ?? annotations.get(injectLabel)) === 'false';
    return refuses ? { ...unknown, candidates: ['none', 'ambient'] } : unknown;
  }
  if (namespace.labels.known.get(modeLabel) === 'ambient') {
    const at = namespace.source.at(['metadata', 'labels', modeLabel]);
    return found(`is in ambient mode by the label ${modeLabel}=ambient of its namespace`, at);
  }
  return outside(
    'is not in the mesh: neither its labels nor those of its namespace ask for it',
    namespace.source.span,
  );
}

/** Who a workload is to its peers in the mesh. */
export interface Identity {
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** Returns the identity that the pods of a workload get: `spec.serviceAccountName` (or the old name of the field), else `default`. */
export function identityOf({ source, podPath, namespace }: Workload): Identity {
  const spec = fieldsOf(fieldAt(source.value, ...(podPath as string[]), 'spec'));
  const serviceAccount = textOf(spec.serviceAccountName) ?? textOf(spec.serviceAccount) ?? 'default';
  return { namespace: namespace.name, serviceAccount };
}

/** Returns e.g. `shop/web has a sidecar by …`. */
export function membershipText(workload: Workload, { text }: Membership): string {
  return `${workloadName(workload)} ${text}`;
}
