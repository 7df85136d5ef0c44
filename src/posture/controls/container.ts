import type { Span } from '../../diagnostic/diagnostic.ts';
import type { Path, Resource } from '../../manifest/resource.ts';
import type { Workload } from '../../segmentation/model.ts';
import { type Fields, fieldAt, fieldsOf, listOf, textOf } from '../../segmentation/values.ts';
import type {
  ContainerFacts,
  MountFacts,
  PodFacts,
  PortFacts,
  SecurityFacts,
  Toleration,
} from './container-facts.ts';
import { type ImageReference, parseImage } from './image.ts';
import { type Placed, placed } from './placed.ts';

/** Returns what each workload says of its pods. */
export function readPods(workloads: readonly Workload[]): PodFacts[] {
  return workloads.map(podOf);
}

function podOf(workload: Workload): PodFacts {
  const { source } = workload;
  const path: Path = [...workload.podPath, 'spec'];
  const spec = fieldsOf(fieldAt(source.value, ...(path as string[])));
  const containers: ContainerFacts[] = [];
  const pod: PodFacts = {
    workload,
    source,
    path,
    fields: spec,
    hostNetwork: spec.hostNetwork === true,
    hostPID: spec.hostPID === true,
    hostIPC: spec.hostIPC === true,
    serviceAccount: textOf(spec.serviceAccountName) ?? textOf(spec.serviceAccount),
    get tolerations() {
      return listOf(spec.tolerations).map((item, index) =>
        placed(source, [...path, 'tolerations', index], tolerationOf(fieldsOf(item))),
      );
    },
    containers,
    at: (...inner) => source.at([...path, ...inner]),
    keyAt: (...inner) => source.keyAt([...path, ...inner]),
  };
  for (const list of ['initContainers', 'containers']) {
    for (const [index, item] of listOf(spec[list]).entries()) {
      const fields = fieldsOf(item);
      const sidecar = fields.restartPolicy === 'Always';
      const role = list === 'containers' ? 'main' : sidecar ? 'sidecar' : 'init';
      containers.push(new Container(pod, [...path, list, index], fields, role));
    }
  }
  return pod;
}

function tolerationOf({ key, operator, value, effect }: Fields): Toleration {
  return {
    key: textOf(key),
    operator: textOf(operator) ?? 'Equal',
    value: textOf(value),
    effect: textOf(effect),
  };
}

/** Lists are made when asked for, so that a large set of manifests costs nothing until then. */
class Container implements ContainerFacts {
  readonly pod: PodFacts;
  readonly path: Path;
  readonly role: ContainerFacts['role'];
  readonly fields: Fields;

  constructor(pod: PodFacts, path: Path, fields: Fields, role: ContainerFacts['role']) {
    this.pod = pod;
    this.path = path;
    this.role = role;
    this.fields = fields;
  }

  get workload(): Workload {
    return this.pod.workload;
  }

  get source(): Resource {
    return this.pod.source;
  }

  get name(): string {
    return textOf(this.fields.name) ?? '';
  }

  get image(): ImageReference | undefined {
    const text = textOf(this.fields.image);
    return text === undefined ? undefined : parseImage(text);
  }

  get security(): SecurityFacts {
    const own = fieldsOf(this.fields.securityContext);
    const inherited = fieldsOf(this.pod.fields.securityContext);
    const { runAsNonRoot, runAsUser, seccompProfile } = { ...inherited, ...own };
    const { allowPrivilegeEscalation } = own;
    return {
      privileged: own.privileged === true,
      allowPrivilegeEscalation:
        typeof allowPrivilegeEscalation === 'boolean' ? allowPrivilegeEscalation : undefined,
      readOnlyRootFilesystem: own.readOnlyRootFilesystem === true,
      runAsNonRoot: runAsNonRoot === true,
      runAsUser: typeof runAsUser === 'number' ? runAsUser : undefined,
      addedCapabilities: this.#capabilities('add'),
      droppedCapabilities: this.#capabilities('drop'),
      seccompProfile: textOf(fieldsOf(seccompProfile).type),
    };
  }

  #capabilities(which: 'add' | 'drop'): Placed<string>[] {
    const list = fieldAt(this.fields, 'securityContext', 'capabilities', which);
    return this.#texts(list, ['securityContext', 'capabilities', which]).map((capability) => ({
      ...capability,
      value: capability.value.toUpperCase().replace(/^CAP_/, ''),
    }));
  }

  get ports(): readonly Placed<PortFacts>[] {
    return listOf(this.fields.ports).flatMap((item, index) => {
      const { name, containerPort, hostPort, protocol } = fieldsOf(item);
      if (typeof containerPort !== 'number') return [];
      const port: PortFacts = {
        name: textOf(name),
        containerPort,
        hostPort: typeof hostPort === 'number' && hostPort > 0 ? hostPort : undefined,
        protocol: textOf(protocol) ?? 'TCP',
      };
      return [placed(this.source, [...this.path, 'ports', index], port)];
    });
  }

  get mounts(): readonly Placed<MountFacts>[] {
    const volumes = listOf(this.pod.fields.volumes).map(fieldsOf);
    return listOf(this.fields.volumeMounts).flatMap((item, index) => {
      const { name, mountPath, subPath, subPathExpr, readOnly } = fieldsOf(item);
      if (typeof name !== 'string' || typeof mountPath !== 'string') return [];
      const volume = volumes.find((one) => one.name === name);
      const mount: MountFacts = {
        volume: name,
        mountPath,
        subPath: textOf(subPath),
        subPathExpr: textOf(subPathExpr),
        readOnly: readOnly === true,
        hostPath: textOf(fieldAt(volume, 'hostPath', 'path')),
      };
      return [placed(this.source, [...this.path, 'volumeMounts', index], mount)];
    });
  }

  get environment(): ReadonlyMap<string, Placed<string>> {
    const found = new Map<string, Placed<string>>();
    for (const [index, item] of listOf(this.fields.env).entries()) {
      const { name, value } = fieldsOf(item);
      if (typeof name !== 'string' || typeof value !== 'string') continue;
      found.set(name, placed(this.source, [...this.path, 'env', index, 'value'], value));
    }
    return found;
  }

  get argv(): readonly Placed<string>[] {
    const { command, args } = this.fields;
    return [...this.#texts(command, ['command']), ...this.#texts(args, ['args'])];
  }

  get hasCommand(): boolean {
    return listOf(this.fields.command).length > 0;
  }

  get resources(): ContainerFacts['resources'] {
    const { requests, limits } = fieldsOf(this.fields.resources);
    const given = (value: unknown) => Object.keys(fieldsOf(value)).length > 0;
    return { requests: given(requests), limits: given(limits) };
  }

  get probes(): ContainerFacts['probes'] {
    const given = (field: string) => Object.keys(fieldsOf(this.fields[field])).length > 0;
    return {
      liveness: given('livenessProbe'),
      readiness: given('readinessProbe'),
      startup: given('startupProbe'),
    };
  }

  at(...path: Path): Span {
    return this.source.at([...this.path, ...path]);
  }

  keyAt(...path: Path): Span {
    return this.source.keyAt([...this.path, ...path]);
  }

  #texts(list: unknown, path: Path): Placed<string>[] {
    return listOf(list).flatMap((value, index) =>
      typeof value === 'string' ? [placed(this.source, [...this.path, ...path, index], value)] : [],
    );
  }
}
