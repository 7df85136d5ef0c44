import type { Path, Resource } from '../../manifest/resource.ts';
import type { Selector } from '../label-selector.ts';
import { matches } from '../label-selector.ts';
import type { Workload } from '../model.ts';
import { Ternary } from '../ternary.ts';
import { fieldAt, fieldsOf, textOf } from '../values.ts';
import { groupOf, namespaceOf } from '../workloads.ts';
import { portOf } from './attributes.ts';
import { readSelector } from './authorization-policy.ts';

export type MtlsMode = 'STRICT' | 'PERMISSIVE' | 'DISABLE';

/** A PeerAuthentication as read. */
export interface PeerAuthentication {
  readonly source: Resource;
  readonly namespace: string;
  /** `namespace/name`. */
  readonly name: string;
  readonly fault: string | undefined;
  /** Empty: for the whole namespace, or from the root namespace for the mesh. */
  readonly selector: Selector;
  /** Undefined: inherited. */
  readonly mode: MtlsMode | undefined;
  readonly ports: ReadonlyMap<number, MtlsMode | undefined>;
}

/** A mode that a port may have, and where it is set; the mesh's default when nowhere. */
export interface ModeSetting {
  readonly mode: MtlsMode;
  readonly policy: PeerAuthentication | undefined;
  readonly path: Path;
}

const modes: ReadonlySet<unknown> = new Set<MtlsMode>(['STRICT', 'PERMISSIVE', 'DISABLE']);

/** Returns whether this is a PeerAuthentication of Istio. */
export function isPeerAuthentication(resource: Resource): boolean {
  return resource.kind === 'PeerAuthentication' && groupOf(resource) === 'security.istio.io';
}

/** Returns what a security.istio.io/v1 PeerAuthentication declares (istio.io/docs, "PeerAuthentication"). */
export function readPeerAuthentication(source: Resource): PeerAuthentication {
  const spec = fieldsOf(fieldAt(source.value, 'spec'));
  const namespace = namespaceOf(source);
  const selector = readSelector(spec.selector);
  const ports = new Map<number, MtlsMode | undefined>();
  for (const [key, value] of Object.entries(fieldsOf(spec.portLevelMtls))) {
    const port = portOf(key);
    if (port !== undefined) ports.set(port, modeOf(value));
  }
  const fault =
    typeof selector === 'string'
      ? selector
      : source.schema === 'valid'
        ? undefined
        : 'it does not fit the schema of a PeerAuthentication';
  return {
    source,
    namespace,
    name: `${namespace}/${source.name}`,
    fault,
    selector: typeof selector === 'string' ? [] : selector,
    mode: modeOf(spec.mtls),
    ports,
  };
}

function modeOf(value: unknown): MtlsMode | undefined {
  const mode = fieldAt(value, 'mode');
  return modes.has(mode) ? (mode as MtlsMode) : undefined;
}

/** Orders policies of one scope: the oldest counts; without times, which manifests rarely have, the first by name. */
function byAge(a: PeerAuthentication, b: PeerAuthentication): number {
  // Objects without a time are not in the cluster yet.
  return compareTexts(timeOf(a), timeOf(b)) || compareTexts(a.name, b.name);
}

function timeOf({ source }: PeerAuthentication): string {
  return textOf(fieldAt(source.value, 'metadata', 'creationTimestamp')) ?? '\u{10ffff}';
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** All PeerAuthentications of a mesh: which modes a port of a workload may have. */
export class MtlsModes {
  readonly #mesh: readonly PeerAuthentication[];
  readonly #byNamespace: ReadonlyMap<string, readonly PeerAuthentication[]>;
  readonly #byWorkload: ReadonlyMap<string, readonly PeerAuthentication[]>;

  constructor(policies: readonly PeerAuthentication[], rootNamespace: string) {
    const sorted = policies.toSorted(byAge);
    const isWide = ({ selector, fault }: PeerAuthentication) => selector.length === 0 || fault !== undefined;
    const outsideRoot = sorted.filter(({ namespace }) => namespace !== rootNamespace);
    this.#mesh = sorted.filter((policy) => policy.namespace === rootNamespace && isWide(policy));
    this.#byNamespace = Map.groupBy(outsideRoot.filter(isWide), ({ namespace }) => namespace);
    // Selectors of the root namespace select nothing.
    this.#byWorkload = Map.groupBy(
      outsideRoot.filter((policy) => !isWide(policy)),
      ({ namespace }) => namespace,
    );
  }

  /** Returns the PeerAuthentications that may set the mode of the workload's ports: the workload's own, widest last. */
  scopesOf(workload: Workload): ModeScopes {
    const name = workload.namespace.name;
    const own: (PeerAuthentication | undefined)[] = [];
    for (const policy of this.#byWorkload.get(name) ?? []) {
      const selects = matches(policy.selector, workload.labels);
      if (selects !== Ternary.No) own.push(policy);
      if (selects === Ternary.Yes) return { own, wide: [this.#byNamespace.get(name) ?? [], this.#mesh] };
    }
    return { own: [...own, undefined], wide: [this.#byNamespace.get(name) ?? [], this.#mesh] };
  }
}

/** What decides on the modes of one workload. */
export interface ModeScopes {
  /** One of these is the workload's own policy (undefined: none is); several when labels are not known. */
  readonly own: readonly (PeerAuthentication | undefined)[];
  /** Policies of the namespace and of the mesh, the oldest first. */
  readonly wide: readonly (readonly PeerAuthentication[])[];
}

const unset: readonly ModeSetting[] = [{ mode: 'PERMISSIVE', policy: undefined, path: [] }];

/**
 * Returns the modes that a port may have: that of the port, else of the workload, of the namespace, of the mesh, else
 * PERMISSIVE. More than one when labels are not known or a policy that would count is faulty.
 */
export function modesAt({ own, wide }: ModeScopes, port: number): readonly ModeSetting[] {
  if (own.length === 1 && own[0] === undefined && wide.every((scope) => scope.length === 0)) return unset;
  const found = new Map<MtlsMode, ModeSetting>();
  for (const policy of own) {
    for (const setting of settingsOf(policy, wide, port)) {
      if (!found.has(setting.mode)) found.set(setting.mode, setting);
    }
  }
  return [...found.values()];
}

function settingsOf(
  own: PeerAuthentication | undefined,
  wide: ModeScopes['wide'],
  port: number,
): readonly ModeSetting[] {
  if (own !== undefined && !wide[0]?.some(({ fault }) => fault !== undefined)) {
    const atPort = own.ports.get(port);
    const portPath = ['spec', 'portLevelMtls', String(port), 'mode'];
    if (atPort !== undefined) return [{ mode: atPort, policy: own, path: portPath }];
    if (own.mode !== undefined) return [{ mode: own.mode, policy: own, path: ['spec', 'mtls', 'mode'] }];
  }
  for (const scope of wide) {
    const faulty = scope.find(({ fault }) => fault !== undefined);
    if (faulty !== undefined) {
      return (['STRICT', 'PERMISSIVE', 'DISABLE'] as const).map((mode) => ({
        mode,
        policy: faulty,
        path: [],
      }));
    }
    const [first] = scope;
    if (first?.mode !== undefined)
      return [{ mode: first.mode, policy: first, path: ['spec', 'mtls', 'mode'] }];
  }
  return unset;
}
