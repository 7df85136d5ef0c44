import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { Check } from '../definition.ts';

/** A resource of Istio under a version that is served for old manifests' sake. */
export const oldApiVersion: Check = {
  code: 'PKT1044',
  title: 'Older version of an Istio API',
  class: 'product',
  severity: 'note',
  since: '0.2.0',
  doc: `Istio serves its security and networking APIs as \`v1\` since release 1.22. The older versions are still served and mean
the same; new fields and documentation go to \`v1\`.`,
  example: { bad: 'apiVersion: security.istio.io/v1beta1', good: 'apiVersion: security.istio.io/v1' },
  run({ manifests }) {
    return manifests.resources.flatMap((resource) => {
      const { apiVersion, kind } = resource;
      const [group, version] = apiVersion.split('/');
      const current =
        group === 'security.istio.io'
          ? security.has(kind)
          : group === 'networking.istio.io' && networking.has(kind);
      if (!current || (version !== 'v1beta1' && version !== 'v1alpha3')) return [];
      const span = resource.at(['apiVersion']);
      const text = manifests.sources.get(resource.file)?.slice(span.start.offset, span.end.offset);
      const now = `${group}/v1`;
      return [
        diagnose(oldApiVersion, {
          message: `\`${apiVersion}\` is an older version of ${kind}`,
          span,
          help: `write \`${now}\``,
          ...(text === apiVersion && {
            fix: { title: `write \`${now}\``, safe: true, edits: [{ span, text: now }] },
          }),
        }),
      ];
    });
  },
};

const security: ReadonlySet<string> = new Set([
  'PeerAuthentication',
  'AuthorizationPolicy',
  'RequestAuthentication',
]);
const networking: ReadonlySet<string> = new Set([
  'Gateway',
  'VirtualService',
  'DestinationRule',
  'ServiceEntry',
  'Sidecar',
  'WorkloadEntry',
  'WorkloadGroup',
]);
