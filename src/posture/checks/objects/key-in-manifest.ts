import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { fieldAt } from '../../../segmentation/values.ts';
import { type DataObject, dataObjectName } from '../../controls/data-object.ts';
import { keyMaterialOf } from '../../controls/key-material.ts';
import type { Check } from '../definition.ts';

/** A private key that stands in a manifest. */
export const keyInManifest: Check = {
  code: 'PKT1336',
  title: 'Private key in a manifest',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `The manifest holds a private key. \`data\` of a Secret is base64, which anyone reads, and \`stringData\` is plain text: whoever
sees the file, or any older state of the repository, has the key. In a ConfigMap it also is open to everybody who may read
ConfigMaps, and is stored in clear text.

Keep the key out of the manifests: let an ExternalSecret fetch it from a secret store, or commit it encrypted (SealedSecret,
SOPS). Encrypt Secrets at rest in the cluster (\`EncryptionConfiguration\` of the API server). A key that has been in a
repository is lost: make a new one.

Values that SOPS has encrypted and variables that a tool fills in (\`\${KEY}\`) are no keys.`,
  example: {
    bad: 'kind: Secret\nstringData:\n  private.key: yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=',
    good: 'kind: ExternalSecret\nspec:\n  target: {name: wireguard-key}\n  data: [{secretKey: private.key, remoteRef: {key: sites/edge-1/wireguard}}]',
  },
  run({ controls }) {
    return controls.objects.flatMap((object) => {
      if (fieldAt(object.source.value, 'sops') !== undefined) return [];
      const found = object.keys.flatMap((key) => {
        const material = keyMaterialOf(key);
        return material === undefined ? [] : [{ key, ...material }];
      });
      const [first, ...others] = found;
      if (first === undefined) return [];
      const name = dataObjectName(object);
      const once = found.every(({ isPlaceholder }) => isPlaceholder) ? ' once it is put in' : '';
      return [
        diagnose(keyInManifest, {
          message: `${first.what} has its place in the manifest of ${name}: ${reason(object, first.key.path[0])}${once}`,
          span: first.key.keySpan,
          related: others.map(({ key, what }) => ({ span: key.keySpan, message: `${what}, too` })),
          help: `keep it out: let an ExternalSecret make ${object.kind === 'Secret' ? name : 'a Secret'}, or commit a SealedSecret or a SOPS file; encrypt Secrets at rest in the cluster`,
        }),
      ];
    });
  },
};

function reason({ kind }: DataObject, field: unknown): string {
  if (kind === 'ConfigMap') return 'whoever may read ConfigMaps or this file has it';
  const plain = field === 'stringData' ? 'stringData is plain text' : 'base64 is no encryption';
  return `${plain}, whoever reads the file or its history in Git has it`;
}
