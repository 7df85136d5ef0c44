import ipaddr from 'ipaddr.js';

/**
 * A naive evaluator of Istio's policies for tests, written from the AuthorizationPolicy, PeerAuthentication and ambient
 * reference pages on plain manifest values; it shares no code with the compiled one. It tries each way in which what
 * the manifests leave open may turn out and says `maybe` unless all agree.
 */
export type Answer = 'yes' | 'no' | 'maybe';

// biome-ignore lint/suspicious/noExplicitAny: manifest values as they were generated
type Manifest = any;

export interface OracleMeshPod {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly secretLabels: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly account: string;
  readonly address: string | undefined;
  readonly hostNetwork: boolean;
  /** One pod for certain, not one of several replicas. */
  readonly single: boolean;
  readonly id: number;
}

export type OracleSource =
  | { readonly kind: 'pod'; readonly pod: OracleMeshPod }
  | { readonly kind: 'outside'; readonly address: string }
  | { readonly kind: 'node' };

export interface OracleRequest {
  readonly method?: string;
  readonly path?: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface OracleMesh {
  /** Labels of declared namespaces. */
  readonly namespaces: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly policies: readonly Manifest[];
  readonly authentications: readonly Manifest[];
  readonly services: readonly Manifest[];
  readonly waypoints: readonly Manifest[];
  readonly root: string;
  /** Namespaces with a RequestAuthentication for all their pods. */
  readonly tokens: readonly string[];
}

type Mode = 'none' | 'sidecar' | 'ambient';

interface Seen {
  readonly proxy: 'ztunnel' | 'http' | 'tcp';
  readonly id: { readonly namespace: string; readonly account: string } | undefined;
  /** `anything`: may be replaced on the way. */
  readonly address: string | 'anything' | undefined;
  readonly ports: readonly number[];
  readonly destination: string | undefined;
  readonly request: OracleRequest | undefined;
  readonly tokens: boolean;
}

const not = (answer: Answer): Answer => (answer === 'yes' ? 'no' : answer === 'no' ? 'yes' : 'maybe');
const truth = (is: boolean): Answer => (is ? 'yes' : 'no');
const all = (answers: readonly Answer[]): Answer =>
  answers.includes('no') ? 'no' : answers.includes('maybe') ? 'maybe' : 'yes';
const any = (answers: readonly Answer[]): Answer => not(all(answers.map(not)));

function modesOf(mesh: OracleMesh, pod: OracleMeshPod): Mode[] {
  if (pod.hostNetwork) return ['none'];
  const space = mesh.namespaces[pod.namespace];
  const inject = pod.labels['sidecar.istio.io/inject'] ?? pod.annotations['sidecar.istio.io/inject'];
  const own = pod.labels['istio.io/dataplane-mode'];
  if (space === undefined) {
    if (pod.labels['sidecar.istio.io/inject'] === 'true') return ['sidecar'];
    if (own === 'ambient') return ['ambient'];
    if (own === 'none') return ['none'];
    return inject === 'false' ? ['none', 'ambient'] : ['none', 'sidecar', 'ambient'];
  }
  // The webhook is called where the namespace asks for it and the pod does not refuse, or the pod asks for it.
  const enabled =
    space['istio-injection'] === 'enabled' || (!('istio-injection' in space) && 'istio.io/rev' in space);
  const wished = !('istio-injection' in space) && pod.labels['sidecar.istio.io/inject'] === 'true';
  if ((enabled || wished) && inject !== 'false') return ['sidecar'];
  if (own === 'none') return ['none'];
  return own === 'ambient' || space['istio.io/dataplane-mode'] === 'ambient' ? ['ambient'] : ['none'];
}

function selects(selector: Manifest, pod: OracleMeshPod): Answer {
  return all(
    Object.entries(selector?.matchLabels ?? {}).map(([key, value]) =>
      pod.secretLabels.includes(key) ? 'maybe' : truth(pod.labels[key] === value),
    ),
  );
}

/** Every mode of mutual TLS that the port may turn out to have. */
function tlsModes(mesh: OracleMesh, pod: OracleMeshPod, port: number): Set<string> {
  const age = (one: Manifest) =>
    `${one.metadata.creationTimestamp ?? '9999'} ${one.metadata.namespace}/${one.metadata.name}`;
  const sorted = [...mesh.authentications].sort((a, b) => (age(a) < age(b) ? -1 : 1));
  const isWide = (one: Manifest) => Object.keys(one.spec.selector?.matchLabels ?? {}).length === 0;
  const wide = (namespace: string) => {
    const first = sorted.find((one) => one.metadata.namespace === namespace && isWide(one));
    const mode = first?.spec.mtls?.mode;
    return mode === undefined || mode === 'UNSET' ? undefined : mode;
  };
  const inherited =
    (pod.namespace === mesh.root ? undefined : wide(pod.namespace)) ?? wide(mesh.root) ?? 'PERMISSIVE';
  const found = new Set<string>();
  const mine = sorted.filter(
    (one) => one.metadata.namespace === pod.namespace && pod.namespace !== mesh.root && !isWide(one),
  );
  const from = (index: number): void => {
    const one = mine[index];
    if (one === undefined) {
      found.add(inherited);
      return;
    }
    const answer = selects(one.spec.selector, pod);
    if (answer !== 'no') {
      const set = (mode: string | undefined) => (mode === 'UNSET' ? undefined : mode);
      found.add(set(one.spec.portLevelMtls?.[port]?.mode) ?? set(one.spec.mtls?.mode) ?? inherited);
    }
    if (answer !== 'yes') from(index + 1);
  };
  from(0);
  return found;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Exact, prefix, suffix or presence. */
function text(pattern: string, value: string): boolean {
  if (pattern === '*') return value !== '';
  if (pattern.startsWith('*')) return value.endsWith(pattern.slice(1));
  if (pattern.endsWith('*')) return value.startsWith(pattern.slice(0, -1));
  return pattern === value;
}

function template(pattern: string, path: string): boolean {
  const source = pattern
    .split(/(\{\*\*?\})/)
    .map((part) => (part === '{*}' ? '[^/]+' : part === '{**}' ? '.*' : escaped(part)))
    .join('');
  return new RegExp(`^${source}$`).test(path);
}

function inBlocks(blocks: readonly string[], address: string | 'anything' | undefined): Answer {
  if (address === undefined) return 'maybe';
  if (address === 'anything') return 'maybe';
  const parsed = ipaddr.parse(address);
  return truth(
    blocks.some((block) => {
      const [base, length] = ipaddr.parseCIDR(
        block.includes('/') ? block : `${block}/${block.includes(':') ? 128 : 32}`,
      );
      return base.kind() === parsed.kind() && parsed.match([base, length]);
    }),
  );
}

type Attribute = (values: readonly string[], seen: Seen, namespace: string) => Answer;

const principal: Attribute = (values, { id }) => {
  if (id === undefined) return 'no';
  const own = `cluster.local/ns/${id.namespace}/sa/${id.account}`;
  if (values.some((value) => text(value, own))) return 'yes';
  // Another trust domain may be an alias.
  const alias = `old.domain/ns/${id.namespace}/sa/${id.account}`;
  return values.some((value) => text(value, alias)) ? 'maybe' : 'no';
};

const namespaceOf: Attribute = (values, { id, proxy }) => {
  if (id === undefined) return 'no';
  if (proxy === 'ztunnel') return truth(values.some((value) => text(value, id.namespace)));
  const uri = `spiffe://cluster.local/ns/${id.namespace}/sa/${id.account}`;
  return truth(values.some((value) => new RegExp(`^.*/ns/${value.replaceAll('*', '.*')}/.*$`).test(uri)));
};

const account: Attribute = (values, { id }, namespace) =>
  truth(
    id !== undefined &&
      values.some((value) => {
        const [space, name] = value.includes('/') ? value.split('/') : [namespace, value];
        return space === id.namespace && name === id.account;
      }),
  );

const requestField =
  (field: 'method' | 'path' | 'host'): Attribute =>
  (values, { request }) => {
    const value = request?.[field];
    if (values.includes('*')) return 'yes';
    if (value === undefined) return 'maybe';
    if (field === 'host') return truth(values.some((one) => text(one.toLowerCase(), value.toLowerCase())));
    const compared = field === 'path' ? (value.split('?')[0] as string) : value;
    return truth(values.some((one) => (one.includes('{') ? template(one, compared) : text(one, compared))));
  };

const token: Attribute = (_values, { tokens }) => (tokens ? 'maybe' : 'no');
const port: Attribute = (values, { ports }) => {
  const answers = new Set(ports.map((one) => truth(values.includes(String(one)))));
  return answers.size === 1 ? ([...answers][0] as Answer) : 'maybe';
};

const attributes: Record<string, { layer: 'l4' | 'l4 of envoy' | 'http'; test: Attribute }> = {
  principals: { layer: 'l4', test: principal },
  namespaces: { layer: 'l4', test: namespaceOf },
  serviceAccounts: { layer: 'l4', test: account },
  ipBlocks: { layer: 'l4', test: (values, seen) => inBlocks(values, seen.address) },
  remoteIpBlocks: {
    layer: 'l4 of envoy',
    test: (values, seen) => inBlocks(values, seen.proxy === 'http' ? 'anything' : seen.address),
  },
  requestPrincipals: { layer: 'http', test: token },
  ports: { layer: 'l4', test: port },
  methods: { layer: 'http', test: requestField('method') },
  paths: { layer: 'http', test: requestField('path') },
  hosts: { layer: 'http', test: requestField('host') },
};

const whenKeys: Record<string, string> = {
  'source.principal': 'principals',
  'source.namespace': 'namespaces',
  'source.ip': 'ipBlocks',
  'remote.ip': 'remoteIpBlocks',
  'destination.port': 'ports',
  'request.auth.principal': 'requestPrincipals',
};

interface Condition {
  readonly layer: 'l4' | 'l4 of envoy' | 'http';
  answer(seen: Seen): Answer;
}

function conditions(fields: Manifest, namespace: string): Condition[] {
  return Object.entries(fields as Record<string, string[]>).map(([field, values]) => {
    const negative = /^not[A-Z]/.test(field);
    const name = negative ? field.slice(3, 4).toLowerCase() + field.slice(4) : field;
    const { layer, test } = attributes[name]!;
    return {
      layer,
      answer: (seen) => (negative ? not(test(values, seen, namespace)) : test(values, seen, namespace)),
    };
  });
}

function whenCondition({ key, values = [], notValues = [] }: Manifest, namespace: string): Condition {
  const header = /^request\.headers\[(.*)\]$/.exec(key)?.[1];
  const base: { layer: Condition['layer']; test: Attribute } =
    header !== undefined
      ? {
          layer: 'http',
          test: (wanted, { request }) => {
            if (request?.headers === undefined) return 'maybe';
            const value = request.headers[header];
            return truth(value !== undefined && wanted.some((one) => one === '*' || text(one, value)));
          },
        }
      : key === 'connection.sni'
        ? { layer: 'l4 of envoy', test: () => 'maybe' }
        : key === 'destination.ip'
          ? { layer: 'l4', test: (wanted, { destination }) => inBlocks(wanted, destination) }
          : attributes[whenKeys[key]!]!;
  return {
    layer: base.layer,
    answer: (seen) =>
      all([
        values.length === 0 ? 'yes' : base.test(values, seen, namespace),
        notValues.length === 0 ? 'yes' : not(base.test(notValues, seen, namespace)),
      ]),
  };
}

function ruleMatches(rule: Manifest, action: string, seen: Seen, namespace: string): Answer {
  const groups: Condition[][][] = [];
  if (rule.to) groups.push(rule.to.map((to: Manifest) => conditions(to.operation, namespace)));
  if (rule.from) groups.push(rule.from.map((from: Manifest) => conditions(from.source, namespace)));
  for (const item of rule.when ?? []) groups.push([[whenCondition(item, namespace)]]);
  const every = groups.flat(2);
  if (seen.proxy === 'ztunnel') {
    if (action === 'ALLOW' && every.some(({ layer }) => layer !== 'l4')) return 'no';
    return all(
      groups.map((group) =>
        any(
          group.map((part) => {
            const left = part.filter(({ layer }) => layer === 'l4');
            return left.length === 0 ? 'no' : all(left.map((condition) => condition.answer(seen)));
          }),
        ),
      ),
    );
  }
  if (seen.proxy === 'tcp') {
    if (action === 'ALLOW' && every.some(({ layer }) => layer === 'http')) return 'no';
    return all(
      groups.map((group) =>
        any(
          group.map((part) =>
            all(part.filter(({ layer }) => layer !== 'http').map((condition) => condition.answer(seen))),
          ),
        ),
      ),
    );
  }
  return all(
    groups.map((group) => any(group.map((part) => all(part.map((condition) => condition.answer(seen)))))),
  );
}

interface Applied {
  readonly policy: Manifest;
  readonly applies: Answer;
}

/** The four steps of the reference, for every choice of the policies that may or may not apply. */
function authorize(applied: readonly Applied[], seen: Seen): Answer {
  const unsure = applied.filter(({ applies }) => applies === 'maybe').map(({ policy }) => policy);
  const sure = applied.filter(({ applies }) => applies === 'yes').map(({ policy }) => policy);
  const results = new Set<Answer>();
  for (let choice = 0; choice < 1 << unsure.length; choice++) {
    const policies = [...sure, ...unsure.filter((_, i) => (choice >> i) & 1)];
    const matches = (policy: Manifest) =>
      any(
        (policy.spec.rules ?? []).map((rule: Manifest) =>
          ruleMatches(rule, policy.spec.action ?? 'ALLOW', seen, policy.metadata.namespace),
        ),
      );
    const having = (action: string) => policies.filter(({ spec }) => (spec.action ?? 'ALLOW') === action);
    const custom = any(having('CUSTOM').map(matches));
    const deny = any(having('DENY').map(matches));
    const allow = having('ALLOW').length === 0 ? 'yes' : any(having('ALLOW').map(matches));
    // A provider may answer either way.
    results.add(all([custom === 'no' ? 'yes' : 'maybe', not(deny), allow]));
  }
  return results.size === 1 ? ([...results][0] as Answer) : 'maybe';
}

function onPod(mesh: OracleMesh, pod: OracleMeshPod, ambient: boolean): Applied[] {
  return mesh.policies
    .filter(({ metadata }) => metadata.annotations?.['istio.io/dry-run'] !== 'true')
    .filter(({ spec }) => spec.targetRefs === undefined && !(ambient && spec.action === 'CUSTOM'))
    .filter(({ metadata }) => metadata.namespace === pod.namespace || metadata.namespace === mesh.root)
    .map((policy) => ({ policy, applies: selects(policy.spec.selector, pod) }));
}

function portKind(name: string | undefined): 'http' | 'tcp' | 'detected' {
  if (name === undefined) return 'detected';
  if (/^(http|http2|grpc)(-|$)/.test(name)) return 'http';
  return /^(tcp|tls|https)(-|$)/.test(name) ? 'tcp' : 'detected';
}

function kindsOf(kinds: readonly string[], request: OracleRequest | undefined): ('http' | 'tcp')[] {
  const [first] = kinds;
  if (first !== undefined && first !== 'detected' && kinds.every((kind) => kind === first)) {
    return [first as 'http' | 'tcp'];
  }
  return request === undefined ? ['http', 'tcp'] : ['http'];
}

/** Returns whether the mesh lets the connection through. */
export function oracleMeshAnswer(
  mesh: OracleMesh,
  source: OracleSource,
  pod: OracleMeshPod,
  portNumber: number,
  request: OracleRequest | undefined,
): Answer {
  if (source.kind === 'pod' && source.pod.id === pod.id && pod.single) return 'yes';
  const clients = source.kind === 'pod' ? modesOf(mesh, source.pod) : (['none'] as const);
  const results = new Set<Answer>();
  const entrances = mesh.services.flatMap((service) =>
    service.metadata.namespace === pod.namespace &&
    Object.entries(service.spec.selector as Record<string, string>).every(
      ([key, value]) => pod.labels[key] === value,
    )
      ? (service.spec.ports as Manifest[])
          .filter(({ targetPort }) => targetPort === portNumber)
          .map((entry) => ({ service, entry }))
      : [],
  );
  const podKinds = entrances.map(({ entry }) => portKind(entry.name));
  for (const server of modesOf(mesh, pod)) {
    if (server === 'none') {
      results.add('yes');
      continue;
    }
    const excluded =
      pod.annotations['traffic.sidecar.istio.io/excludeInboundPorts']?.split(',').map(Number) ?? [];
    if (server === 'sidecar' && [15020, 15021, 15090, ...excluded].includes(portNumber)) {
      results.add('yes');
      continue;
    }
    for (const client of clients) {
      for (const mode of tlsModes(mesh, pod, portNumber)) {
        if (mode === 'STRICT' && client === 'none') {
          results.add('no');
          continue;
        }
        const hasId =
          client !== 'none' && source.kind === 'pod' && !(server === 'sidecar' && mode === 'DISABLE');
        const outsideAddress =
          source.kind === 'outside' && entrances.some(({ service }) => service.spec.type === 'LoadBalancer')
            ? 'anything'
            : source.kind === 'outside'
              ? source.address
              : source.kind === 'pod'
                ? source.pod.address
                : undefined;
        const seen: Seen = {
          proxy: 'tcp',
          id:
            hasId && source.kind === 'pod'
              ? { namespace: source.pod.namespace, account: source.pod.account }
              : undefined,
          address: outsideAddress,
          ports: [portNumber],
          destination: pod.address,
          request,
          tokens: mesh.tokens.includes(pod.namespace),
        };
        if (server === 'sidecar') {
          for (const proxy of kindsOf(podKinds, request))
            results.add(authorize(onPod(mesh, pod, false), { ...seen, proxy }));
          continue;
        }
        const atPod = (id: Seen['id'], address: Seen['address']) =>
          authorize(onPod(mesh, pod, true), { ...seen, id, address, proxy: 'ztunnel' });
        results.add(atPod(seen.id, seen.address));
        if (client === 'none') continue;
        for (const { service, entry } of entrances) {
          const name =
            service.metadata.labels?.['istio.io/use-waypoint'] ??
            mesh.namespaces[pod.namespace]?.['istio.io/use-waypoint'];
          if (name === undefined || name === 'none') continue;
          const here = mesh.policies.filter(
            ({ metadata, spec }) =>
              metadata.namespace === pod.namespace &&
              metadata.annotations?.['istio.io/dry-run'] !== 'true' &&
              (spec.targetRefs ?? []).some(
                (ref: Manifest) =>
                  (ref.kind === 'Service' && ref.name === service.metadata.name) ||
                  (ref.kind === 'Gateway' && ref.name === name),
              ),
          );
          for (const proxy of kindsOf([portKind(entry.name)], request)) {
            const judged = authorize(
              here.map((policy) => ({ policy, applies: 'yes' })),
              { ...seen, proxy, address: 'anything', ports: [entry.port, portNumber] },
            );
            const behind = atPod({ namespace: pod.namespace, account: name }, 'anything');
            results.add(all([judged, behind]));
          }
        }
      }
    }
  }
  return results.size === 1 ? ([...results][0] as Answer) : 'maybe';
}
