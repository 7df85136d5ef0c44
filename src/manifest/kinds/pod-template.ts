import type { Path, Resource } from '../resource.ts';
import { cronJobKind } from './cron-job.ts';
import { daemonSetKind } from './daemon-set.ts';
import { isKind } from './definition.ts';
import { deploymentKind } from './deployment.ts';
import { jobKind } from './job.ts';
import { podKind } from './pod.ts';
import type { PodSpec } from './pod-spec.ts';
import { replicaSetKind } from './replica-set.ts';
import { replicationControllerKind } from './replication-controller.ts';
import { statefulSetKind } from './stateful-set.ts';

/** The pods that a workload makes, or the pod that a Pod is. */
export interface PodTemplateOf {
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
  /** Where in the resource the template's labels and spec stand. */
  readonly labelsPath: Path;
  readonly specPath: Path;
}

const WORKLOADS = [
  deploymentKind,
  statefulSetKind,
  daemonSetKind,
  replicaSetKind,
  replicationControllerKind,
  jobKind,
];

/** The pod template of a valid Pod or workload resource; undefined for any other resource. */
export function podTemplateOf(resource: Resource): PodTemplateOf | undefined {
  if (isKind(resource, podKind)) {
    return {
      labels: resource.labels,
      spec: resource.value.spec,
      labelsPath: ['metadata', 'labels'],
      specPath: ['spec'],
    };
  }
  if (isKind(resource, cronJobKind)) {
    return at(['spec', 'jobTemplate', 'spec', 'template'], resource.value.spec.jobTemplate.spec.template);
  }
  for (const kind of WORKLOADS) {
    if (isKind<{ spec: { template: Template } }>(resource, kind)) {
      return at(['spec', 'template'], resource.value.spec.template);
    }
  }
  return undefined;
}

interface Template {
  readonly metadata?:
    | { readonly labels?: Readonly<Record<string, string>> | null | undefined }
    | null
    | undefined;
  readonly spec: PodSpec;
}

function at(path: Path, { metadata, spec }: Template): PodTemplateOf {
  return {
    labels: metadata?.labels ?? {},
    spec,
    labelsPath: [...path, 'metadata', 'labels'],
    specPath: [...path, 'spec'],
  };
}
