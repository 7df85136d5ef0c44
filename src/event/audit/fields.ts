import type { Field, FieldArgument } from '../field.ts';
import { clockText, dateText, isoText } from '../fields/time-text.ts';
import { type AuditEvent, isObject, type JsonObject } from './audit-event.ts';
import { atPointer, jsonText, pointerTo } from './json-pointer.ts';

type AuditField = Field<AuditEvent>;

function one(
  name: string,
  doc: string,
  get: (value: JsonObject) => string | undefined,
  type: 'string' | 'integer' = 'string',
): AuditField {
  const extract = ({ value }: AuditEvent) => {
    const text = get(value);
    return text === undefined || type === 'string' ? text : Number(text);
  };
  return { name, type, doc, values: 'one', onRight: true, bind: () => extract };
}

/** A text at a place of the event. */
function at(name: string, pointer: string, doc: string): AuditField {
  const get = pointerTo(pointer);
  return one(name, doc, (value) => jsonText(get(value)));
}

/** Any number of texts; with an index the one at that place, where `argument` allows it. */
function many(
  name: string,
  doc: string,
  get: (value: JsonObject) => readonly unknown[] | undefined,
  argument?: FieldArgument,
): AuditField {
  const texts = (value: JsonObject) => get(value)?.flatMap((item) => jsonText(item) ?? []);
  return {
    name,
    type: 'string',
    doc,
    values: 'list',
    onRight: true,
    ...(argument && { argument }),
    bind: (index) => {
      if (index === undefined) {
        return ({ value }) => {
          const list = texts(value);
          return list === undefined || list.length === 0 ? undefined : list;
        };
      }
      return ({ value }) => {
        const text = texts(value)?.[Number(index)];
        return text === undefined ? undefined : [text];
      };
    },
  };
}

const index: FieldArgument = { required: false, kind: 'index' };

function request(value: JsonObject): JsonObject {
  return isObject(value.requestObject) ? value.requestObject : {};
}

/** The pod's spec, also inside the template of a workload. */
function podSpec(value: JsonObject): JsonObject {
  const spec = request(value).spec;
  const inner = isObject(spec) && isObject(spec.template) ? spec.template.spec : spec;
  return isObject(inner) ? inner : {};
}

function listAt(value: unknown, pointer: string): readonly unknown[] {
  const found = atPointer(value, pointer);
  return Array.isArray(found) ? found : [];
}

type ContainerList = 'containers' | 'initContainers' | 'ephemeralContainers';

function containers(value: JsonObject, list: ContainerList): readonly unknown[] {
  return listAt(podSpec(value), `/${list}`);
}

/** A field of each container's, as many as say something. */
function ofContainers(list: ContainerList, pointer: string, missing?: unknown) {
  return (value: JsonObject) =>
    containers(value, list).map((container) => atPointer(container, pointer) ?? missing);
}

/** An image without its tag and digest. */
function repository(image: unknown): string | undefined {
  if (typeof image !== 'string') return undefined;
  const name = image.split('@')[0] as string;
  const colon = name.lastIndexOf(':');
  return colon > name.lastIndexOf('/') ? name.slice(0, colon) : name;
}

function queryOf(value: JsonObject): URLSearchParams {
  const uri = typeof value.requestURI === 'string' ? value.requestURI : '';
  const mark = uri.indexOf('?');
  return new URLSearchParams(mark < 0 ? '' : uri.slice(mark + 1));
}

/** Names of the sources of volumes: every key beside the name. */
function volumeTypes(value: JsonObject): readonly string[] {
  return listAt(podSpec(value), '/volumes').flatMap((volume) =>
    isObject(volume) ? Object.keys(volume).filter((key) => key !== 'name') : [],
  );
}

function hostPaths(value: JsonObject): readonly unknown[] {
  return listAt(podSpec(value), '/volumes').map((volume) => atPointer(volume, '/hostPath/path'));
}

/** Whether a path is the one of a pattern with `*` at its end. */
function isPath(path: unknown, wanted: string): boolean {
  if (typeof path !== 'string') return false;
  return wanted.endsWith('*') ? path.startsWith(wanted.slice(0, -1)) : path === wanted;
}

function rules(value: JsonObject, pointer: string): readonly unknown[] {
  return listAt(request(value), '/rules').flatMap((rule) => {
    const found = atPointer(rule, pointer);
    return Array.isArray(found) ? found : found === undefined ? [] : [found];
  });
}

function effective(value: JsonObject, pointer: string, whole: string): readonly unknown[] {
  const ofPod = atPointer(podSpec(value), whole);
  return containers(value, 'containers').map((container) => atPointer(container, pointer) ?? ofPod ?? 0);
}

const containerFields = (['containers', 'initContainers', 'ephemeralContainers'] as const).flatMap((list) => {
  const prefix = `ka.req.pod.${list}`;
  return [
    many(`${prefix}.image`, 'Images of the containers.', ofContainers(list, '/image'), index),
    many(
      `${prefix}.image.repository`,
      'Images without tags.',
      (value) => containers(value, list).map((container) => repository(atPointer(container, '/image'))),
      index,
    ),
    many(
      `${prefix}.host_port`,
      'Ports on the node.',
      (value) =>
        containers(value, list).flatMap((container) =>
          listAt(container, '/ports').map((port) => atPointer(port, '/hostPort')),
        ),
      index,
    ),
    many(
      `${prefix}.privileged`,
      'Whether each is privileged.',
      ofContainers(list, '/securityContext/privileged', false),
      index,
    ),
    many(
      `${prefix}.allow_privilege_escalation`,
      'Whether each may gain privileges.',
      ofContainers(list, '/securityContext/allowPrivilegeEscalation', true),
      index,
    ),
    many(
      `${prefix}.read_only_fs`,
      'Whether the root file system of each is read-only.',
      ofContainers(list, '/securityContext/readOnlyRootFilesystem', false),
      index,
    ),
    many(`${prefix}.run_as_user`, 'User of each.', ofContainers(list, '/securityContext/runAsUser'), index),
    many(
      `${prefix}.run_as_group`,
      'Group of each.',
      ofContainers(list, '/securityContext/runAsGroup'),
      index,
    ),
    many(
      `${prefix}.proc_mount`,
      'How /proc is mounted in each.',
      ofContainers(list, '/securityContext/procMount'),
      index,
    ),
    many(
      `${prefix}.add_capabilities`,
      'Capabilities that are added.',
      (value) =>
        containers(value, list).flatMap((container) =>
          listAt(container, '/securityContext/capabilities/add'),
        ),
      index,
    ),
  ];
});

/** Fields of Kubernetes audit events, named as those of Falco's plugin `k8saudit` 0.18. */
export const auditFields: readonly AuditField[] = [
  at('ka.auditid', '/auditID', 'Id of the request.'),
  at('ka.stage', '/stage', 'Stage of the request.'),
  at('ka.auth.decision', '/annotations/authorization.k8s.io~1decision', 'Decision of the authorization.'),
  at('ka.auth.reason', '/annotations/authorization.k8s.io~1reason', 'Reason of the decision.'),
  at(
    'ka.auth.openshift.decision',
    '/annotations/authentication.openshift.io~1decision',
    'Decision of OpenShift’s authentication.',
  ),
  at(
    'ka.auth.openshift.username',
    '/annotations/authentication.openshift.io~1username',
    'User of OpenShift’s authentication.',
  ),
  at('ka.user.name', '/user/username', 'User who made the request.'),
  many('ka.user.groups', 'Groups of the user.', (value) => listAt(value, '/user/groups')),
  at('ka.impuser.name', '/impersonatedUser/username', 'User who was impersonated.'),
  at('ka.verb', '/verb', 'What was done.'),
  at('ka.uri', '/requestURI', 'Address that was asked for.'),
  {
    name: 'ka.uri.param',
    type: 'string',
    doc: 'A parameter of the address.',
    values: 'one',
    onRight: true,
    argument: { required: true, kind: 'key' },
    bind:
      (key) =>
      ({ value }) =>
        queryOf(value).get(key as string) ?? undefined,
  },
  at('ka.target.name', '/objectRef/name', 'Name of the object.'),
  at('ka.target.namespace', '/objectRef/namespace', 'Namespace of the object.'),
  at('ka.target.resource', '/objectRef/resource', 'Resource of the object.'),
  at('ka.target.subresource', '/objectRef/subresource', 'Part of the object.'),
  one('ka.target.pod.name', 'Name of the pod, where the object is one.', (value) =>
    atPointer(value, '/objectRef/resource') === 'pods'
      ? jsonText(atPointer(value, '/objectRef/name'))
      : undefined,
  ),
  many('ka.req.binding.subjects', 'Subjects of a binding.', (value) => listAt(request(value), '/subjects')),
  at('ka.req.binding.role', '/requestObject/roleRef/name', 'Role of a binding.'),
  {
    name: 'ka.req.binding.subject.has_name',
    type: 'boolean',
    doc: 'Whether a subject has this name.',
    values: 'one',
    onRight: true,
    deprecated: 'ask `ka.req.binding.subjects`',
    argument: { required: true, kind: 'key' },
    bind:
      (key) =>
      ({ value }) =>
        listAt(request(value), '/subjects').some((subject) => atPointer(subject, '/name') === key),
  },
  one('ka.req.configmap.name', 'Name of the ConfigMap.', (value) =>
    atPointer(value, '/objectRef/resource') === 'configmaps'
      ? jsonText(atPointer(value, '/objectRef/name') ?? atPointer(request(value), '/metadata/name'))
      : undefined,
  ),
  at('ka.req.configmap.obj', '/requestObject/data', 'Data of the ConfigMap.'),
  one('ka.req.container.image', 'Image of the first container.', (value) =>
    jsonText(atPointer(containers(value, 'containers')[0], '/image')),
  ),
  one('ka.req.container.image.repository', 'That image without its tag.', (value) =>
    repository(atPointer(containers(value, 'containers')[0], '/image')),
  ),
  one('ka.req.container.host_network', 'Whether the pod is on the network of its host.', (value) =>
    String(podSpec(value).hostNetwork === true),
  ),
  one('ka.req.container.privileged', 'Whether a container is privileged.', (value) =>
    String(
      containers(value, 'containers').some(
        (container) => atPointer(container, '/securityContext/privileged') === true,
      ),
    ),
  ),
  many(
    'ka.req.pod.host_ipc',
    'Whether the pod shares its host’s IPC.',
    (value) => [podSpec(value).hostIPC ?? false],
    index,
  ),
  many(
    'ka.req.pod.host_network',
    'Whether the pod is on the network of its host.',
    (value) => [podSpec(value).hostNetwork ?? false],
    index,
  ),
  many(
    'ka.req.pod.host_pid',
    'Whether the pod sees the processes of its host.',
    (value) => [podSpec(value).hostPID ?? false],
    index,
  ),
  ...containerFields,
  many(
    'ka.req.pod.containers.eff_run_as_user',
    'User of each container, with what the pod says.',
    (value) => effective(value, '/securityContext/runAsUser', '/securityContext/runAsUser'),
    index,
  ),
  many(
    'ka.req.pod.containers.eff_run_as_group',
    'Group of each container, with what the pod says.',
    (value) => effective(value, '/securityContext/runAsGroup', '/securityContext/runAsGroup'),
    index,
  ),
  one('ka.req.pod.run_as_user', 'User of the pod.', (value) =>
    jsonText(atPointer(podSpec(value), '/securityContext/runAsUser')),
  ),
  one('ka.req.pod.run_as_group', 'Group of the pod.', (value) =>
    jsonText(atPointer(podSpec(value), '/securityContext/runAsGroup')),
  ),
  one('ka.req.pod.fs_group', 'Group of its volumes.', (value) =>
    jsonText(atPointer(podSpec(value), '/securityContext/fsGroup')),
  ),
  many('ka.req.pod.supplemental_groups', 'Further groups of the pod.', (value) =>
    listAt(podSpec(value), '/securityContext/supplementalGroups'),
  ),
  many('ka.req.pod.volumes.hostpath', 'Paths of the host that the pod mounts.', hostPaths, index),
  many(
    'ka.req.pod.volumes.flexvolume_driver',
    'Drivers of flex volumes.',
    (value) => listAt(podSpec(value), '/volumes').map((volume) => atPointer(volume, '/flexVolume/driver')),
    index,
  ),
  many('ka.req.pod.volumes.volume_type', 'Kinds of the volumes.', volumeTypes, index),
  {
    name: 'ka.req.volume.hostpath',
    type: 'boolean',
    doc: 'Whether the pod mounts this path of the host; a `*` at its end stands for any rest.',
    values: 'one',
    onRight: true,
    argument: { required: true, kind: 'key' },
    bind:
      (key) =>
      ({ value }) =>
        hostPaths(value).some((path) => isPath(path, key as string)),
  },
  at('ka.req.role.rules', '/requestObject/rules', 'Rules of a role.'),
  many(
    'ka.req.role.rules.apiGroups',
    'API groups of the rules.',
    (value) => rules(value, '/apiGroups'),
    index,
  ),
  many(
    'ka.req.role.rules.nonResourceURLs',
    'Addresses of the rules.',
    (value) => rules(value, '/nonResourceURLs'),
    index,
  ),
  many('ka.req.role.rules.verbs', 'Verbs of the rules.', (value) => rules(value, '/verbs'), index),
  many(
    'ka.req.role.rules.resources',
    'Resources of the rules.',
    (value) => rules(value, '/resources'),
    index,
  ),
  at('ka.req.service.type', '/requestObject/spec/type', 'Type of a Service.'),
  at('ka.req.service.ports', '/requestObject/spec/ports', 'Ports of a Service.'),
  at('ka.resp.name', '/responseObject/metadata/name', 'Name of the object in the answer.'),
  at('ka.response.code', '/responseStatus/code', 'Status of the answer.'),
  at('ka.response.reason', '/responseStatus/reason', 'Reason of the status.'),
  at('ka.useragent', '/userAgent', 'Program that made the request.'),
  many(
    'ka.sourceips',
    'Addresses from which the request came.',
    (value) => listAt(value, '/sourceIPs'),
    index,
  ),
  one('ka.cluster.name', 'Name of the cluster, where a managed service tells it.', (value) =>
    jsonText(atPointer(value, '/annotations/cluster_name')),
  ),
];

function json(name: string, doc: string, get: (event: AuditEvent) => string): AuditField {
  return { name, type: 'string', doc, values: 'one', onRight: true, bind: () => get };
}

/** Fields of any JSON event; `jevt` and `json` mean the same. */
export const jsonFields: readonly AuditField[] = ['jevt', 'json'].flatMap((prefix): AuditField[] => [
  {
    name: `${prefix}.value`,
    type: 'string',
    doc: 'The value at a JSON pointer.',
    values: 'one',
    onRight: true,
    argument: { required: true, kind: 'key' },
    bind: (pointer) => {
      const get = pointerTo(pointer as string);
      return ({ value }) => jsonText(get(value));
    },
  },
  json(`${prefix}.obj`, 'The whole event.', ({ value }) => JSON.stringify(value)),
  json(`${prefix}.rawtime`, 'Nanoseconds since the epoch.', ({ time }) => String(time)),
  json(`${prefix}.time`, 'Time of day with nanoseconds.', ({ time }) => clockText(time)),
  json(`${prefix}.time.iso8601`, 'Time as in RFC 3339.', ({ time }) => isoText(time)),
]);

/** Fields that events of every source have. */
export const eventFields: readonly AuditField[] = [
  {
    name: 'evt.num',
    type: 'integer',
    doc: 'Number of the event, from 1.',
    values: 'one',
    onRight: true,
    bind:
      () =>
      ({ number }) =>
        number,
  },
  {
    name: 'evt.rawtime',
    type: 'time',
    doc: 'Nanoseconds since the epoch.',
    values: 'one',
    onRight: true,
    bind:
      () =>
      ({ time }) =>
        time,
  },
  json('evt.time', 'Time of day with nanoseconds.', ({ time }) => clockText(time)),
  json('evt.time.iso8601', 'Time as in RFC 3339.', ({ time }) => isoText(time)),
  json('evt.datetime', 'Date and time with nanoseconds.', ({ time }) => dateText(time)),
  json('evt.type', 'Type of the event: `pluginevent`.', () => 'pluginevent'),
  json('evt.source', 'Name of the source: `k8s_audit`.', () => 'k8s_audit'),
];
