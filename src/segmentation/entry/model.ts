import type { Span } from '../../diagnostic/diagnostic.ts';
import type { Path, Resource } from '../../manifest/resource.ts';
import type { Prefix } from '../../net/prefix.ts';
import type { Service, Workload } from '../model.ts';

/** What people call the object that opens a way in. */
export type EntryKind =
  | 'Ingress'
  | 'HTTPRoute'
  | 'GRPCRoute'
  | 'TLSRoute'
  | 'TCPRoute'
  | 'UDPRoute'
  | 'Route'
  | 'LoadBalancer'
  | 'NodePort'
  | 'ExternalIP'
  | 'HostPort';

/** One way in from outside the cluster, out of one object. A Service may open several. */
export interface Entry {
  readonly kind: EntryKind;
  readonly namespace: string;
  readonly name: string;
  /** E.g. `Ingress shop/web`. */
  readonly text: string;
  readonly source: Resource;
  /** The name of the object. */
  readonly span: Span;
  /** Who ends the connection and opens another one to the pods; undefined where the connection itself goes through to them. */
  readonly proxy: EntryProxy | undefined;
  /** Whether it is declared to speak TLS; `passthrough` when only the pods can read it. */
  readonly tls: boolean | 'passthrough';
  /** Host names as the object lists them; empty for any. */
  readonly hosts: readonly string[];
  /** Where it takes connections, as far as it is told. */
  readonly listeners: readonly Listener[];
  /** Whom it lets in; undefined when anyone. */
  readonly sources: readonly Prefix[] | undefined;
  /** Whether the pods see the client's own address: not behind a proxy, nor where a node replaces it. */
  readonly keepsClientAddress: boolean;
  readonly targets: readonly EntryTarget[];
  /** What is wrong with it, or what the manifests leave open, beyond what each target says. */
  readonly faults: readonly Fault[];
  /** Where requests come in, e.g. `Gateway infra/edge`: entries that share a door are matched together. */
  readonly doors: readonly string[];
}

/** One plain sentence and its place. */
export interface Fault {
  /** `refused`: no Gateway takes it this way, for certain; `unclear`: no manifest tells; `unread`: left out of account. */
  readonly kind: 'refused' | 'unclear' | 'unread';
  readonly text: string;
  readonly span: Span;
}

/** The program that takes the connections of an entry. */
export interface EntryProxy {
  /** Ingress class or Gateway class, when one is told. */
  readonly className: string | undefined;
  /** E.g. `k8s.io/ingress-nginx`, when a class tells or its name is that of a well-known one. */
  readonly controller: string | undefined;
  /** The declared pods of which one or all forward; undefined when none is declared. */
  readonly workloads: readonly Workload[] | undefined;
}

export interface Listener {
  /** HTTP, HTTPS, TLS, TCP, UDP, SCTP, or what a Gateway names otherwise. */
  readonly protocol: string;
  /** Undefined when the cluster picks it. */
  readonly port: number | undefined;
  readonly tls: boolean | 'passthrough';
  /** A Gateway's listener takes requests for these host names only; undefined for all. */
  readonly hostname: string | undefined;
  /** Name of a Gateway's listener. */
  readonly name: string | undefined;
  /** One of {@link Entry.doors}. */
  readonly door: string;
  readonly span: Span;
}

/** Where requests that meet a rule are sent: to the pods of one Service. */
export interface EntryTarget {
  /** Host names of the rule; empty for any. A Gateway's listener may narrow them. */
  readonly hosts: readonly string[];
  /** Alternatives; empty for any request. */
  readonly matches: readonly RequestMatch[];
  /** Counts only where no other rule matches. */
  readonly isDefault: boolean;
  /** Gets a copy of the requests; answers are dropped. */
  readonly isMirror: boolean;
  readonly service: Service | undefined;
  /** As written: number or name. Undefined when none is. */
  readonly servicePort: number | string | undefined;
  readonly backends: readonly Backend[];
  /** Why it leads nowhere for certain, in one plain sentence. Then there are no backends. */
  readonly problem: string | undefined;
  readonly cause: NowhereCause | undefined;
  /** What no manifest tells though it decides whether requests get there. */
  readonly doubt: string | undefined;
  readonly path: Path;
  readonly span: Span;
}

/** What kind of problem leaves a target without backends. */
export type NowhereCause =
  /** The manifests have no Service of that name. */
  | 'undeclared-service'
  /** The Service has no such port, or none that its pods have. */
  | 'no-such-port'
  /** The Service selects no declared pod. */
  | 'no-pods'
  /** Meant so: another kind of backend, an ExternalName, weight 0. */
  | 'elsewhere'
  /** The backend says too little to mean anything. */
  | 'incomplete'
  /** No ReferenceGrant in the Service's namespace. */
  | 'not-granted'
  /** No Gateway takes the route; told in the entry's faults too. */
  | 'not-attached';

/** Conditions on a request, all of which must hold. */
export interface RequestMatch {
  readonly path: PathMatch | undefined;
  /** Upper case. */
  readonly method: string | undefined;
  /** Conditions on headers and on the query, which are not modelled. */
  readonly others: number;
}

/** `prefix` compares element by element; `unspecified` is up to the proxy; `regex` is not evaluated. */
export interface PathMatch {
  readonly type: 'exact' | 'prefix' | 'regex' | 'unspecified';
  readonly value: string;
}

/** A port of the pods behind an entry. */
export interface Backend {
  readonly workload: Workload;
  /** IP protocol number. */
  readonly protocol: number;
  /** The pods' own port. */
  readonly port: number;
  /** Why it is not known whether these pods are behind it. */
  readonly doubt: string | undefined;
}
