import { z } from 'zod';
import { type KindDefinition, once } from './definition.ts';
import { metadata } from './metadata.ts';
import { pathSegmentProblem } from './syntax.ts';

/** Objects whose metadata alone is checked. */
const schema = once(() => z.looseObject({ metadata: metadata(pathSegmentProblem) }));

type Known = z.infer<ReturnType<typeof schema>>;
type ApiVersions = KindDefinition['apiVersions'];

function known(
  namespaced: boolean,
  apiVersions: ApiVersions,
  kinds: readonly string[],
  removed: Readonly<Record<string, string>> = {},
): KindDefinition<Known>[] {
  return kinds.map((kind) => ({ kind, apiVersions, removed, namespaced, schema }));
}

/** Kinds known by name only, so that they count neither as unknown nor as checked (Kubernetes 1.33, Istio 1.27, Gateway API 1.3). */
export const knownKinds: readonly KindDefinition[] = [
  ...known(
    true,
    ['v1'],
    [
      'ServiceAccount',
      'Endpoints',
      'PersistentVolumeClaim',
      'LimitRange',
      'ResourceQuota',
      'PodTemplate',
      'Binding',
    ],
  ),
  ...known(false, ['v1'], ['Node', 'PersistentVolume']),
  ...known(true, ['events.k8s.io/v1', 'v1'], ['Event']),
  ...known(true, ['apps/v1'], ['ControllerRevision']),
  ...known(true, ['autoscaling/v2', 'autoscaling/v1'], ['HorizontalPodAutoscaler'], {
    'autoscaling/v2beta1': '1.25',
    'autoscaling/v2beta2': '1.26',
  }),
  ...known(true, ['policy/v1'], ['PodDisruptionBudget'], { 'policy/v1beta1': '1.25' }),
  ...known(false, ['networking.k8s.io/v1', 'networking.k8s.io/v1beta1'], ['IPAddress', 'ServiceCIDR']),
  ...known(true, ['rbac.authorization.k8s.io/v1'], ['Role', 'RoleBinding'], {
    'rbac.authorization.k8s.io/v1beta1': '1.22',
  }),
  ...known(false, ['rbac.authorization.k8s.io/v1'], ['ClusterRole', 'ClusterRoleBinding'], {
    'rbac.authorization.k8s.io/v1beta1': '1.22',
  }),
  ...known(true, ['discovery.k8s.io/v1'], ['EndpointSlice'], { 'discovery.k8s.io/v1beta1': '1.25' }),
  ...known(true, ['coordination.k8s.io/v1'], ['Lease']),
  ...known(false, ['storage.k8s.io/v1'], ['StorageClass', 'CSIDriver', 'CSINode', 'VolumeAttachment']),
  ...known(true, ['storage.k8s.io/v1'], ['CSIStorageCapacity']),
  ...known(false, ['scheduling.k8s.io/v1'], ['PriorityClass']),
  ...known(false, ['node.k8s.io/v1'], ['RuntimeClass']),
  ...known(false, ['apiextensions.k8s.io/v1'], ['CustomResourceDefinition'], {
    'apiextensions.k8s.io/v1beta1': '1.22',
  }),
  ...known(false, ['apiregistration.k8s.io/v1'], ['APIService']),
  ...known(
    false,
    ['admissionregistration.k8s.io/v1'],
    [
      'MutatingWebhookConfiguration',
      'ValidatingWebhookConfiguration',
      'ValidatingAdmissionPolicy',
      'ValidatingAdmissionPolicyBinding',
    ],
  ),
  ...known(false, ['certificates.k8s.io/v1'], ['CertificateSigningRequest']),
  ...known(false, ['flowcontrol.apiserver.k8s.io/v1'], ['FlowSchema', 'PriorityLevelConfiguration']),
  ...known(true, ['security.istio.io/v1', 'security.istio.io/v1beta1'], ['RequestAuthentication']),
  ...known(
    true,
    ['networking.istio.io/v1', 'networking.istio.io/v1beta1', 'networking.istio.io/v1alpha3'],
    [
      'Gateway',
      'VirtualService',
      'DestinationRule',
      'ServiceEntry',
      'Sidecar',
      'WorkloadEntry',
      'WorkloadGroup',
    ],
  ),
  ...known(true, ['networking.istio.io/v1alpha3'], ['EnvoyFilter']),
  ...known(true, ['telemetry.istio.io/v1', 'telemetry.istio.io/v1alpha1'], ['Telemetry']),
  ...known(
    true,
    ['gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1alpha3'],
    ['BackendTLSPolicy'],
  ),
  ...known(false, ['gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1beta1'], ['GatewayClass']),
];
