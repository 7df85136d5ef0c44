import type { Path } from '../../../manifest/resource.ts';
import type { Namespace } from '../../../segmentation/model.ts';
import { fieldAt, fieldsOf, listOf, textOf } from '../../../segmentation/values.ts';
import type { ContainerFacts, PodFacts } from '../../controls/container-facts.ts';

/** Levels of the Pod Security Standards that refuse pods. */
export type RestrictingLevel = 'baseline' | 'restricted';
export type PodSecurityLevel = 'privileged' | RestrictingLevel;

/** The label by which a namespace demands a level (Kubernetes, Pod Security admission). */
export const enforceLabel = 'pod-security.kubernetes.io/enforce';

/** Returns the level that a namespace enforces; undefined when it names none, so that the cluster's default holds. */
export function enforcedLevel({ labels }: Namespace): PodSecurityLevel | undefined {
  const level = labels.known.get(enforceLabel);
  return level === 'privileged' || level === 'baseline' || level === 'restricted' ? level : undefined;
}

/** A field of a pod that a level refuses. */
export interface LevelViolation {
  /** E.g. `hostNetwork` or `container web adds NET_ADMIN`. */
  readonly text: string;
  /** Below the pod's spec. */
  readonly path: Path;
}

/** Capabilities that baseline lets containers add: those that they have anyhow. */
const baselineCapabilities = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]);

/** Sysctls that are kept apart per pod, so that setting them concerns no other one. */
const safeSysctls = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
]);

/** Kinds of volumes that restricted lets pods have. */
const restrictedVolumes = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);

/** Returns what a level refuses of a pod that runs on Linux (Kubernetes, Pod Security Standards, latest version). */
export function violations(pod: PodFacts, level: RestrictingLevel): LevelViolation[] {
  return [...baseline(pod), ...(level === 'restricted' ? restricted(pod) : [])];
}

function* baseline(pod: PodFacts): Generator<LevelViolation> {
  for (const name of ['hostNetwork', 'hostPID', 'hostIPC'] as const) {
    if (pod[name]) yield { text: `\`${name}\``, path: [name] };
  }
  for (const [index, volume] of listOf(pod.fields.volumes).entries()) {
    const path = textOf(fieldAt(volume, 'hostPath', 'path'));
    if (path !== undefined)
      yield { text: `volume of the machine's ${path}`, path: ['volumes', index, 'hostPath'] };
  }
  for (const [index, { name }] of listOf(fieldAt(pod.fields, 'securityContext', 'sysctls'))
    .map(fieldsOf)
    .entries()) {
    if (typeof name === 'string' && !safeSysctls.has(name)) {
      yield { text: `sysctl ${name}`, path: ['securityContext', 'sysctls', index, 'name'] };
    }
  }
  if (isUnconfined(pod.fields))
    yield { text: 'seccomp Unconfined', path: ['securityContext', 'seccompProfile'] };
  for (const container of pod.containers) yield* baselineOf(container, inPod(container));
}

function* baselineOf(container: ContainerFacts, path: Path): Generator<LevelViolation> {
  const { name, security, ports, fields } = container;
  if (security.privileged) {
    yield { text: `container ${name} is privileged`, path: [...path, 'securityContext', 'privileged'] };
  }
  for (const [index, { value }] of security.addedCapabilities.entries()) {
    if (baselineCapabilities.has(value)) continue;
    yield {
      text: `container ${name} adds ${value}`,
      path: [...path, 'securityContext', 'capabilities', 'add', index],
    };
  }
  for (const [index, { value }] of ports.entries()) {
    if (value.hostPort === undefined || container.pod.hostNetwork) continue;
    yield { text: `container ${name} has host port ${value.hostPort}`, path: [...path, 'ports', index] };
  }
  if (isUnconfined(fields)) {
    yield {
      text: `container ${name} has seccomp Unconfined`,
      path: [...path, 'securityContext', 'seccompProfile'],
    };
  }
}

function* restricted(pod: PodFacts): Generator<LevelViolation> {
  for (const [index, volume] of listOf(pod.fields.volumes).map(fieldsOf).entries()) {
    const kind = Object.keys(volume).find((key) => key !== 'name');
    if (kind === undefined || kind === 'hostPath' || restrictedVolumes.has(kind)) continue;
    yield { text: `volume of kind ${kind}`, path: ['volumes', index] };
  }
  for (const container of pod.containers) {
    const { name, security } = container;
    const path = [...inPod(container), 'securityContext'];
    const wanted: readonly (readonly [boolean, string])[] = [
      [security.allowPrivilegeEscalation === false, 'allowPrivilegeEscalation: false'],
      [security.droppedCapabilities.some(({ value }) => value === 'ALL'), 'capabilities: {drop: [ALL]}'],
      [security.runAsNonRoot && security.runAsUser !== 0, 'runAsNonRoot: true'],
      [security.seccompProfile !== undefined, 'seccompProfile: {type: RuntimeDefault}'],
    ];
    for (const [isGiven, field] of wanted) {
      if (!isGiven) yield { text: `container ${name} lacks \`${field}\``, path };
    }
    for (const { value } of security.addedCapabilities) {
      if (value === 'NET_BIND_SERVICE' || !baselineCapabilities.has(value)) continue;
      yield { text: `container ${name} adds ${value}`, path: [...path, 'capabilities', 'add'] };
    }
  }
}

function isUnconfined(fields: unknown): boolean {
  return fieldAt(fields, 'securityContext', 'seccompProfile', 'type') === 'Unconfined';
}

function inPod({ path, pod }: ContainerFacts): Path {
  return path.slice(pod.path.length);
}
