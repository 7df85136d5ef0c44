import type { Code, CodeDefinition, Severity } from '../diagnostic/diagnostic.ts';
import { hostFirewallCodes } from './host-firewall/codes.ts';
import { respondSchemaCodes } from './respond/codes.ts';

type Example = NonNullable<CodeDefinition['example']>;

function schemaCode(
  code: Code,
  severity: Severity,
  title: string,
  doc: string,
  example?: Example,
): CodeDefinition {
  return { code, title, class: 'schema', severity, since: '0.1.0', doc, ...(example ? { example } : {}) };
}

export const binaryFile = schemaCode(
  'PKT0001',
  'error',
  'Binary file',
  `The file has NUL bytes, so it is neither YAML nor JSON nor Markdown. Nothing of it was read.

Leave the file out, or convert it: manifests are UTF-8 text.`,
);

export const invalidEncoding = schemaCode(
  'PKT0002',
  'error',
  'Invalid text encoding',
  `The file has bytes that are no valid UTF-8 (or no valid UTF-16, when it begins with a UTF-16 byte order mark). What
such bytes mean is a guess, and a guess may change a name that a policy selects by. Nothing of the file was read.

Save the file as UTF-8, e.g. \`iconv -f latin1 -t utf-8\`.`,
);

export const fileTooLarge = schemaCode(
  'PKT0003',
  'error',
  'File too large',
  `The file is larger than the limit for one file. Nothing of it was read.

Split the file, or raise the limit.`,
);

export const documentTooLarge = schemaCode(
  'PKT0004',
  'error',
  'Document too large',
  `One YAML or JSON document of the file is larger than the limit for one document. It was not read; the other documents
of the file were. Parsing takes time and memory in proportion to the largest document, not to the file.

Split the document with \`---\` (a \`kind: List\` can be written as one document an item), or raise the limit.`,
);

export const yamlSyntax = schemaCode(
  'PKT0005',
  'error',
  'YAML syntax error',
  `The document is not valid YAML 1.2. Nothing of it was read: half a document may say the opposite of the whole.

Mend the text at the place shown. Common causes are tabs in the indentation, a missing space after a colon, and a
value that begins with \`*\`, \`&\`, \`@\`, \`%\`, \`{\` or \`[\` and is not quoted.`,
  { bad: 'metadata:\n\tname: web', good: 'metadata:\n  name: web' },
);

export const duplicateKey = schemaCode(
  'PKT0006',
  'error',
  'Duplicate key',
  `A mapping gives the same key twice. YAML forbids it, the API server's strict validation refuses it, and lenient readers
silently take the last value, so that a rule someone wrote is gone. Picket goes on with the last value too.

Keep one of the two; when both hold list items, join the lists.`,
  {
    bad: 'spec:\n  ingress: []\n  podSelector: {}\n  ingress: [{}]',
    good: 'spec:\n  podSelector: {}\n  ingress: []',
  },
);

export const aliasProblem = schemaCode(
  'PKT0007',
  'error',
  'Alias cannot be expanded',
  `A YAML alias (\`*name\`) has no anchor (\`&name\`) before it, stands inside its own anchor, or the aliases of the
document stand for more values than the limit allows (an "alias bomb": a few lines that expand to millions of values).
Or a merge key (\`<<\`) is given something else than a mapping or a list of mappings.
The document was not read.

Write the repeated parts out, or move the anchor before its first use.`,
);

export const tooDeep = schemaCode(
  'PKT0008',
  'error',
  'Nested too deeply',
  `Mappings and lists are nested deeper than the limit. No Kubernetes object needs that. The document was not read.`,
);

export const unknownTag = schemaCode(
  'PKT0009',
  'warning',
  'Questionable YAML',
  `The YAML parser could read the document but warns, most often about a tag (\`!name\`) that it does not know. Kubernetes
ignores or refuses such tags; other tools replace them by a value that Picket cannot see.

Resolve the tags before Picket reads the file.`,
);

export const controlCharacter = schemaCode(
  'PKT0010',
  'error',
  'Control character',
  `The document has a control character that YAML does not allow, such as an escape sequence. The document was not read.

Remove the character, or write it as an escape (\`"\\x1b"\`) in double quotes.`,
);

export const complexKey = schemaCode(
  'PKT0011',
  'error',
  'Key is not a text',
  `A key is itself a mapping or a list. YAML allows it, JSON and so Kubernetes do not. An unquoted template expression is a
common cause: YAML reads \`{{ x }}\` as a mapping inside a mapping. The document was not read.`,
  { bad: 'name: {{ .Values.name }}', good: 'name: "{{ .Values.name }}"' },
);

export const unreadBlock = schemaCode(
  'PKT0012',
  'note',
  'Block is not YAML',
  `A fenced yaml or json block in Markdown is not valid YAML and does not look like a Kubernetes object. It was left out.

Nothing needs to be done; give the block another language if it is not meant to be YAML.`,
);

export const misspelledKind = schemaCode(
  'PKT0020',
  'error',
  'Unknown kind in a built-in API group',
  `The API group is one of Kubernetes' own (or Istio's, or the Gateway API's) but it has no such kind, and the name is close
to one it has. The API server refuses the object: "no matches for kind". Whatever it was to protect stays open.`,
  {
    bad: 'apiVersion: networking.k8s.io/v1\nkind: NetworkPolcy',
    good: 'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy',
  },
);

export const wrongApiVersion = schemaCode(
  'PKT0021',
  'error',
  'Wrong apiVersion for the kind',
  `The kind exists, but not under this apiVersion: it never did, or Kubernetes has stopped serving it. The API server
refuses the object: "no matches for kind". A firewall or policy in it is never installed.

Use the apiVersion that the help names. Between versions of one kind fields may have changed; the object is also checked
against the current version's schema.`,
  { bad: 'apiVersion: v1\nkind: DaemonSet', good: 'apiVersion: apps/v1\nkind: DaemonSet' },
);

export const missingApiVersion = schemaCode(
  'PKT0022',
  'error',
  'Missing apiVersion',
  'The object has a kind but no apiVersion, so that the API server cannot tell what it is and refuses it.',
  { bad: 'kind: NetworkPolicy', good: 'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy' },
);

export const missingName = schemaCode(
  'PKT0023',
  'error',
  'Missing name',
  'The object has neither `metadata.name` nor `metadata.generateName`; the API server refuses it.',
  { bad: 'kind: Namespace\nmetadata: {}', good: 'kind: Namespace\nmetadata:\n  name: shop' },
);

export const invalidList = schemaCode(
  'PKT0024',
  'error',
  'Invalid List',
  'An object of kind `List` must have `items`, a list of objects that each have an apiVersion and a kind.',
);

export const missingKind = schemaCode(
  'PKT0025',
  'error',
  'Missing kind',
  'The object has an apiVersion and metadata but no kind, so that the API server cannot tell what it is and refuses it.',
  {
    bad: 'apiVersion: v1\nmetadata: {name: shop}',
    good: 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}',
  },
);

export const unknownField = schemaCode(
  'PKT0030',
  'warning',
  'Unknown field',
  `The kind has no field of this name at this place. The API server drops it (with a warning) or refuses the object,
depending on how it is applied. A selector or rule under a misspelled key is not there at all: a policy may select all
pods, or allow nothing.

In a HostFirewall it is an error, and nothing of the declaration is used: a rule whose \`from\` is misspelled would let in everyone.

Correct the name, or move the field to where it belongs: often the indentation is wrong.`,
  {
    bad: 'spec:\n  podSelecter:\n    matchLabels: {app: web}',
    good: 'spec:\n  podSelector:\n    matchLabels: {app: web}',
  },
);

export const wrongType = schemaCode(
  'PKT0031',
  'error',
  'Value of the wrong type',
  `The value has another type than the field takes; the API server refuses the object. Unquoted \`yes\`, \`on\`, \`1.10\` or
\`8080\` are booleans and numbers; labels, annotations and environment values take texts only.`,
  { bad: 'matchLabels:\n  version: 1.10', good: 'matchLabels:\n  version: "1.10"' },
);

export const missingField = schemaCode(
  'PKT0032',
  'error',
  'Missing field',
  'A field that the kind requires is absent; the API server refuses the object.',
);

export const unknownValue = schemaCode(
  'PKT0033',
  'error',
  'Value is none of those allowed',
  'The field takes one of a few values, in exactly that spelling; the API server refuses any other.',
  { bad: 'policyTypes: [ingress]', good: 'policyTypes: [Ingress]' },
);

export const invalidValue = schemaCode(
  'PKT0034',
  'error',
  'Invalid value',
  'The value has the right type but is out of its range or form; the API server refuses the object.',
  { bad: 'containerPort: 80800', good: 'containerPort: 8080' },
);

export const invalidName = schemaCode(
  'PKT0035',
  'error',
  'Invalid name or label',
  `Names are DNS names (RFC 1123: lower-case letters, digits, \`-\`); label keys and values are at most 63 letters, digits,
\`-\`, \`_\` and \`.\`; a label key may have a DNS name and \`/\` before it. The API server refuses anything else.`,
  { bad: 'name: Deny_All', good: 'name: deny-all' },
);

export const emptyPeer = schemaCode(
  'PKT0040',
  'error',
  'Peer selects nothing',
  `An item of \`from\` or \`to\` has none of \`podSelector\`, \`namespaceSelector\` and \`ipBlock\`. It does not mean "anyone":
the API server refuses the policy, so that the pods it was to isolate stay open.

For anyone leave out \`from\` (or \`to\`) altogether.`,
  { bad: 'ingress:\n- from:\n  - {}', good: 'ingress:\n- from:\n  - podSelector: {}' },
);

export const mixedPeer = schemaCode(
  'PKT0041',
  'error',
  'Address range and selector in one peer',
  `One item of \`from\` or \`to\` has an \`ipBlock\` and a selector. The API server refuses the policy. Items of the list are
alternatives; two parts of one item would both have to hold, and pods have no fixed addresses.`,
  {
    bad: '- from:\n  - ipBlock: {cidr: 192.0.2.0/24}\n    podSelector: {}',
    good: '- from:\n  - ipBlock: {cidr: 192.0.2.0/24}\n  - podSelector: {}',
  },
);

export const ipBlockRule = schemaCode(
  'PKT0042',
  'error',
  'Invalid address range',
  `\`cidr\` and each item of \`except\` are address ranges in CIDR form (RFC 4632, RFC 4291), and every exception lies strictly
inside \`cidr\`. The API server refuses the policy otherwise.`,
  {
    bad: 'ipBlock:\n  cidr: 10.0.0.0/24\n  except: [10.1.0.0/24]',
    good: 'ipBlock:\n  cidr: 10.0.0.0/16\n  except: [10.0.1.0/24]',
  },
);

export const endPortRule = schemaCode(
  'PKT0043',
  'error',
  'Invalid port range',
  '`endPort` makes a range with `port`: `port` must be given, as a number, and not be above `endPort`.',
  { bad: 'ports:\n- port: http\n  endPort: 8090', good: 'ports:\n- port: 8080\n  endPort: 8090' },
);

export const selectorExpression = schemaCode(
  'PKT0044',
  'error',
  'Invalid selector expression',
  '`In` and `NotIn` compare with `values` and need at least one; `Exists` and `DoesNotExist` must have none.',
  {
    bad: 'matchExpressions:\n- {key: tier, operator: In}',
    good: 'matchExpressions:\n- {key: tier, operator: Exists}',
  },
);

export const selectorMismatch = schemaCode(
  'PKT0045',
  'error',
  'Selector does not match the pod template',
  `The workload's selector asks for a label that the pods it makes do not have. The API server refuses the object; no pod
is started.`,
  {
    bad: 'selector:\n  matchLabels: {app: web}\ntemplate:\n  metadata:\n    labels: {app: www}',
    good: 'selector:\n  matchLabels: {app: web}\ntemplate:\n  metadata:\n    labels: {app: web}',
  },
);

export const invalidSite = schemaCode(
  'PKT0060',
  'error',
  'Invalid site file',
  `The site file \`picket.yaml\` names the site, the network plugin of the cluster (\`cni\`) and the hosts that are not in
Kubernetes. \`hosts\` maps a name to an address, a range in CIDR form, or a list of them. The part that is wrong was left out; the rest of the file counts.`,
  {
    bad: 'hosts:\n  plc: 10.0.0.300',
    good: 'site: harbour\nhosts:\n  plc: 10.0.0.30\n  cameras: [10.0.1.0/24, 2001:db8:1::/64]',
  },
);

export const duplicateHost = schemaCode(
  'PKT0061',
  'error',
  'Address given to two hosts',
  `The same address or range belongs to two names, so that a flow could be shown under either. The first name counts.
Ranges inside ranges are fine: the longest match names the host.`,
  { bad: 'hosts:\n  plc: 10.0.0.30\n  pump: 10.0.0.30', good: 'hosts:\n  plc: 10.0.0.30\n  pump: 10.0.0.31' },
);

export const secondSite = schemaCode(
  'PKT0062',
  'error',
  'More than one site file',
  'A set of manifests describes one site. The first site file counts, the others were left out.',
);

/** Codes of Istio's security objects. */
function istioCode(
  code: Code,
  severity: Severity,
  title: string,
  doc: string,
  example: Example,
): CodeDefinition {
  return { ...schemaCode(code, severity, title, doc, example), since: '0.2.0' };
}

export const withoutRules = istioCode(
  'PKT0070',
  'error',
  'DENY or CUSTOM policy without rules',
  `An AuthorizationPolicy with \`action: DENY\` or \`CUSTOM\` and no rules never matches a request: it denies nothing.
Istio refuses it for that reason. Only an ALLOW policy without rules denies everything, as it allows nothing.

To deny every request write \`rules: [{}]\`.`,
  { bad: 'spec:\n  action: DENY', good: 'spec:\n  action: DENY\n  rules: [{}]' },
);

export const customProvider = istioCode(
  'PKT0071',
  'error',
  'CUSTOM policy and provider do not go together',
  `\`action: CUSTOM\` hands the decision to an external authorizer, which \`provider.name\` names; the mesh configuration
lists them under \`extensionProviders\`. One without the other is refused.`,
  {
    bad: 'spec:\n  action: CUSTOM\n  rules: [{}]',
    good: 'spec:\n  action: CUSTOM\n  provider: {name: oauth2-proxy}\n  rules: [{}]',
  },
);

export const selectorAndTarget = istioCode(
  'PKT0072',
  'error',
  'Selector and target in one policy',
  `A policy is either for pods, by \`selector\`, or for a gateway, waypoint or Service, by \`targetRefs\`. Istio refuses
both together: pods and the waypoint before them are judged by different proxies.

Write two policies.`,
  {
    bad: 'spec:\n  selector: {matchLabels: {app: api}}\n  targetRefs: [{kind: Service, group: "", name: api}]',
    good: 'spec:\n  targetRefs: [{kind: Service, group: "", name: api}]',
  },
);

export const emptySource = istioCode(
  'PKT0073',
  'error',
  'Empty source or operation',
  `A \`from\` or \`to\` list without items, or a \`source\` or \`operation\` without fields, reads like "nobody" and would
mean "anybody". Istio refuses the policy.

For any source leave \`from\` out, for any operation \`to\`.`,
  { bad: 'rules:\n- from:\n  - source: {}', good: 'rules:\n- from:\n  - source: {namespaces: [shop]}' },
);

export const conditionRule = istioCode(
  'PKT0074',
  'error',
  'Invalid condition',
  `An item of \`when\` names an attribute of the request or connection and gives \`values\`, \`notValues\` or both. Istio
refuses a policy with an attribute that it does not know or a condition without values.`,
  {
    bad: 'when:\n- key: request.header[x-user]\n  values: [admin]',
    good: 'when:\n- key: request.headers[x-user]\n  values: [admin]',
  },
);

export const policyValue = istioCode(
  'PKT0075',
  'error',
  'Invalid value in an Istio policy',
  `Ports are numbers from 1 to 65535, written as texts in \`ports\`; address blocks are addresses or CIDRs; operators of a
path template, \`{*}\` and \`{**}\`, are whole segments, with \`{**}\` as the last. No value is empty. Istio refuses the
policy otherwise.`,
  { bad: 'operation:\n  ports: [http]', good: 'operation:\n  ports: ["8080"]' },
);

export const mixedIdentities = istioCode(
  'PKT0076',
  'error',
  'Service accounts beside principals or namespaces',
  `\`serviceAccounts\` already says namespace and account of the client. Istio refuses a source that gives \`principals\`
or \`namespaces\` as well, as all fields of one source must hold.`,
  {
    bad: 'source:\n  serviceAccounts: [web]\n  namespaces: [shop]',
    good: 'source:\n  serviceAccounts: [shop/web]',
  },
);

export const portLevelWithoutSelector = istioCode(
  'PKT0077',
  'error',
  'Port-level mutual TLS without a selector',
  `\`portLevelMtls\` counts only in a PeerAuthentication that selects pods by labels. In one for a namespace or the mesh
Istio refuses it or passes it over: the port keeps the mode of the namespace.

Move it into a PeerAuthentication of its own with a \`selector\`.`,
  {
    bad: 'spec:\n  mtls: {mode: STRICT}\n  portLevelMtls:\n    9090: {mode: PERMISSIVE}',
    good: 'spec:\n  selector: {matchLabels: {app: api}}\n  portLevelMtls:\n    9090: {mode: PERMISSIVE}',
  },
);

function dataCode(
  code: Code,
  severity: Severity,
  title: string,
  doc: string,
  example?: Example,
): CodeDefinition {
  return { code, title, class: 'schema', severity, since: '0.2.0', doc, ...(example ? { example } : {}) };
}

export const invalidBase64 = dataCode(
  'PKT0090',
  'error',
  'Value is not base64',
  `\`data\` of a Secret and \`binaryData\` of a ConfigMap take base64 with padding (RFC 4648). Line breaks are ignored, any
other blank is not. The API server refuses the object.

Encode the value (\`base64 -w0\`), or write it as it is under \`stringData\` (Secret) or \`data\` (ConfigMap).`,
  { bad: 'kind: Secret\ndata:\n  user: admin!', good: 'kind: Secret\nstringData:\n  user: admin!' },
);

export const invalidDataKey = dataCode(
  'PKT0091',
  'error',
  'Invalid key of a ConfigMap or Secret',
  `A key is at most 253 letters, digits, \`-\`, \`_\` and \`.\`, since it may become the name of a file; it is not \`.\` and does not
begin with \`..\`. The API server refuses the object.`,
  { bad: 'data:\n  conf/app.yaml: ""', good: 'data:\n  app.yaml: ""' },
);

export const repeatedDataKey = dataCode(
  'PKT0092',
  'error',
  'Key given in two fields',
  `The same key stands in \`data\` and \`binaryData\` of a ConfigMap, which the API server refuses; or in \`data\` and
\`stringData\` of a Secret, where the value in \`stringData\` silently wins.

Keep one of them.`,
  { bad: 'data:\n  user: YQ==\nstringData:\n  user: b', good: 'stringData:\n  user: b' },
);

export const missingSecretKey = dataCode(
  'PKT0093',
  'error',
  'Secret lacks a key that its type needs',
  `Secrets of the types \`kubernetes.io/tls\`, \`kubernetes.io/dockerconfigjson\`, \`kubernetes.io/dockercfg\` and
\`kubernetes.io/ssh-auth\` must have certain keys. The API server refuses the object without them.`,
  {
    bad: 'type: kubernetes.io/tls\ndata:\n  cert.pem: ""',
    good: 'type: kubernetes.io/tls\ndata:\n  tls.crt: ""\n  tls.key: ""',
  },
);

export const dataTooLarge = dataCode(
  'PKT0094',
  'error',
  'ConfigMap or Secret too large',
  `The values of a ConfigMap or Secret have at most 1 MiB together. The API server refuses the object.

Split it, or ship the file in an image or a volume.`,
);

/** Codes of the objects that open ways in: Ingress, Gateway API, OpenShift Route. */
function entryCode(code: Code, title: string, doc: string, example: Example): CodeDefinition {
  return { code, title, class: 'schema', severity: 'error', since: '0.2.0', doc, example };
}

export const requestPath = entryCode(
  'PKT0080',
  'Invalid path of a request',
  `Paths of an Ingress, an HTTPRoute or a Route begin with \`/\` and have no empty or relative parts (\`//\`, \`/./\`, \`/../\`,
\`%2f\`); an Ingress says for each by \`pathType\` how it is compared. The API server refuses the object otherwise: a path
that proxies read differently may open more than it says.

Write the path from the root, and \`pathType: Prefix\` or \`Exact\`.`,
  {
    bad: 'paths:\n- path: shop\n  backend: {service: {name: web, port: {number: 80}}}',
    good: 'paths:\n- path: /shop\n  pathType: Prefix\n  backend: {service: {name: web, port: {number: 80}}}',
  },
);

export const entryBackend = entryCode(
  'PKT0081',
  'Invalid backend',
  `A backend of an Ingress is a \`service\` or a \`resource\`, not both, and the port of a Service is a \`number\` or a \`name\`, not
both. A backend of a Gateway API route that is a Service needs a \`port\`. A Route's backends are Services with weights
from 0 to 256. The API server refuses the object otherwise.`,
  {
    bad: 'backend:\n  service: {name: web, port: {number: 80, name: http}}',
    good: 'backend:\n  service: {name: web, port: {number: 80}}',
  },
);

export const entryHost = entryCode(
  'PKT0082',
  'Invalid host name',
  `Hosts of an Ingress, a route or a listener are DNS names in lower case, without a port and no addresses; a wildcard
stands alone as the first label. The API server refuses the object otherwise.`,
  { bad: 'rules:\n- host: "192.0.2.1:443"', good: 'rules:\n- host: shop.example.com' },
);

export const ingressWithoutBackend = entryCode(
  'PKT0083',
  'Ingress without rules and default backend',
  'An Ingress has `rules` or a `defaultBackend`. The API server refuses it otherwise.',
  {
    bad: 'spec:\n  ingressClassName: nginx',
    good: 'spec:\n  defaultBackend: {service: {name: web, port: {number: 80}}}',
  },
);

export const listenerRule = entryCode(
  'PKT0084',
  'Invalid listener of a Gateway',
  `Listeners have names of their own and differ in port, protocol or host name. \`tls\` belongs to HTTPS and TLS only, HTTPS
always ends TLS at the Gateway, TLS says its \`mode\`, and TCP and UDP know no \`hostname\`. The API server refuses the
Gateway otherwise.`,
  {
    bad: 'listeners:\n- {name: web, port: 443, protocol: HTTPS, tls: {mode: Passthrough}}',
    good: 'listeners:\n- {name: web, port: 443, protocol: TLS, tls: {mode: Passthrough}}',
  },
);

export const routeRule = entryCode(
  'PKT0085',
  'Invalid rule of a route',
  `A rule that redirects has no backends, each filter has the field that its \`type\` names, and several references to one
Gateway name different listeners or ports. The API server refuses the route otherwise.`,
  {
    bad: 'filters:\n- type: RequestMirror',
    good: 'filters:\n- type: RequestMirror\n  requestMirror: {backendRef: {name: copy, port: 80}}',
  },
);

export const routeTls = entryCode(
  'PKT0086',
  'Invalid TLS settings of a Route',
  `With \`termination: passthrough\` the router cannot see inside: no \`path\`, no certificates, and no \`Allow\` for plain
requests. A \`destinationCACertificate\` belongs to \`reencrypt\`. The API server refuses the Route otherwise.`,
  {
    bad: 'path: /shop\ntls: {termination: passthrough}',
    good: 'path: /shop\ntls: {termination: edge}',
  },
);

export const tooManyItems = entryCode(
  'PKT0087',
  'Too many items',
  `The list is longer than the API allows, so the API server refuses the object. Picket does not read what is beyond.

Split the object.`,
  { bad: 'hostnames: [a1.example.com, …, a17.example.com]', good: 'hostnames: ["*.example.com"]' },
);

/** Codes of the cluster-wide policies of the Network Policy API. */
function clusterPolicyCode(code: Code, title: string, doc: string, example: Example): CodeDefinition {
  return { code, title, class: 'schema', severity: 'error', since: '0.2.0', doc, example };
}

export const exactlyOneField = clusterPolicyCode(
  'PKT0063',
  'Not exactly one of the alternatives',
  `The subject, each peer, each item of \`protocols\` or \`ports\` and each \`destinationPort\` of a cluster-wide policy sets
exactly one of its fields. The API server refuses the policy otherwise. List items are alternatives, so two peers make
what two fields in one peer seem to say.`,
  {
    bad: 'from:\n- namespaces: {}\n  pods: {namespaceSelector: {}, podSelector: {}}',
    good: 'from:\n- namespaces: {}',
  },
);

export const policyPortRange = clusterPolicyCode(
  'PKT0064',
  'Invalid range of ports',
  'A range of ports in a cluster-wide policy begins below its end. The API server refuses the policy otherwise.',
  {
    bad: 'protocols:\n- tcp: {destinationPort: {range: {start: 8090, end: 8080}}}',
    good: 'protocols:\n- tcp: {destinationPort: {range: {start: 8080, end: 8090}}}',
  },
);

export const baselineName = clusterPolicyCode(
  'PKT0065',
  'BaselineAdminNetworkPolicy with another name than default',
  `There is one BaselineAdminNetworkPolicy in a cluster, and its name is \`default\`. The API server refuses any other. A
ClusterNetworkPolicy with \`tier: Baseline\` may have any name, and there may be many.`,
  { bad: 'kind: BaselineAdminNetworkPolicy\nmetadata: {name: deny}', good: 'metadata: {name: default}' },
);

export const domainNamesRule = clusterPolicyCode(
  'PKT0066',
  'Domain names in a rule that does not allow',
  `\`domainNames\` are for rules that allow. Nobody knows all addresses of a name, so a rule that denies them would let
some through. To deny all other names put a rule after it that denies \`networks: [0.0.0.0/0, "::/0"]\`.`,
  {
    bad: 'action: Deny\nto: [{domainNames: [evil.example]}]',
    good: 'action: Accept\nto: [{domainNames: [updates.example]}]',
  },
);

export const networkRange = clusterPolicyCode(
  'PKT0067',
  'Invalid network of a peer',
  `Each item of \`networks\` is a range of addresses in CIDR form (RFC 4632, RFC 4291). The API server refuses the policy
otherwise.`,
  { bad: 'to:\n- networks: [10.0.0.1]', good: 'to:\n- networks: [10.0.0.1/32]' },
);

/** The codes of reading manifests and the site file. */
export const manifestCodes: readonly CodeDefinition[] = [
  binaryFile,
  invalidEncoding,
  fileTooLarge,
  documentTooLarge,
  yamlSyntax,
  duplicateKey,
  aliasProblem,
  tooDeep,
  unknownTag,
  controlCharacter,
  complexKey,
  unreadBlock,
  misspelledKind,
  wrongApiVersion,
  missingApiVersion,
  missingName,
  invalidList,
  missingKind,
  unknownField,
  wrongType,
  missingField,
  unknownValue,
  invalidValue,
  invalidName,
  emptyPeer,
  mixedPeer,
  ipBlockRule,
  endPortRule,
  selectorExpression,
  selectorMismatch,
  withoutRules,
  customProvider,
  selectorAndTarget,
  emptySource,
  conditionRule,
  policyValue,
  mixedIdentities,
  portLevelWithoutSelector,
  requestPath,
  entryBackend,
  entryHost,
  ingressWithoutBackend,
  listenerRule,
  routeRule,
  routeTls,
  tooManyItems,
  exactlyOneField,
  policyPortRange,
  baselineName,
  domainNamesRule,
  networkRange,
  invalidSite,
  duplicateHost,
  secondSite,
  ...hostFirewallCodes,
  ...respondSchemaCodes,
  invalidBase64,
  invalidDataKey,
  repeatedDataKey,
  missingSecretKey,
  dataTooLarge,
];
