import { type Diagnostic, diagnose } from '../../../diagnostic/diagnostic.ts';
import { fieldAt } from '../../../segmentation/values.ts';
import type { PodFacts } from '../../controls/container-facts.ts';
import { type DataObject, dataObjectName } from '../../controls/data-object.ts';
import { keyMaterialOf } from '../../controls/key-material.ts';
import type { MountedFile } from '../../controls/uses.ts';
import { volumeSources } from '../../controls/volumes.ts';
import type { Declared } from '../../posture.ts';
import type { Check } from '../definition.ts';
import { appendFields } from '../yaml-edit.ts';

/** Bits that let users other than owner and group at a file. */
const OTHERS = 0o007;

/** A private key in a file that every user of the container may read. */
export const keyFileMode: Check = {
  code: 'PKT1337',
  title: 'Private key readable by every user',
  class: 'provable',
  severity: 'note',
  since: '0.2.0',
  doc: `Files from Secrets and ConfigMaps have mode 0644 unless the volume says otherwise: every user in the container may read
the private key. Tools such as wg-quick and ssh complain about it or refuse the file.

Write \`defaultMode: 0400\` into the volume (as decimal in JSON: 256). The files belong to root; for a program that runs as
another user give the pod an \`fsGroup\`, which makes it 0440 for that group.`,
  example: {
    bad: 'secret:\n  secretName: wireguard-key',
    good: 'secret:\n  secretName: wireguard-key\n  defaultMode: 0400',
  },
  run(declared) {
    const open = declared.controls.consumption.files.filter(({ mode }) => (mode & OTHERS) !== 0);
    const byPod = Map.groupBy(open, ({ container }) => container.pod);
    return [...byPod].flatMap(([pod, files]) =>
      [...Map.groupBy(files, ({ key }) => key.object)].flatMap(([object, ofObject]) => {
        const file = ofObject.find(({ key }) => keyMaterialOf(key) !== undefined);
        return file === undefined ? [] : [findingOf(declared, pod, object, file)];
      }),
    );
  },
};

function findingOf(
  { manifests }: Declared,
  pod: PodFacts,
  object: DataObject,
  { key, mode, container }: MountedFile,
): Diagnostic {
  const volume = volumeSources(pod).find(({ kind, name }) => kind === object.kind && name === object.name);
  const field = object.kind === 'Secret' ? 'secret' : 'configMap';
  const path = volume?.how === 'volume' ? [...volume.volumePath, field] : undefined;
  const hasMode =
    path !== undefined && fieldAt(pod.source.value, ...[...pod.path, ...path, 'defaultMode'].map(String));
  const { runAsNonRoot, runAsUser = 0 } = container.security;
  const hasGroup = fieldAt(pod.fields, 'securityContext', 'fsGroup') !== undefined;
  const isOther = (runAsNonRoot || runAsUser > 0) && !hasGroup;
  const edit =
    path === undefined || hasMode !== undefined || isOther
      ? undefined
      : appendFields(manifests.sources, pod.source, [...pod.path, ...path], ['defaultMode: 0400']);
  return diagnose(keyFileMode, {
    message: `the private key in ${key.name} of ${dataObjectName(object)} is a file that every user of container ${container.name} may read (mode 0${mode.toString(8)})`,
    span: path === undefined ? pod.at(...(volume?.volumePath ?? [])) : pod.keyAt(...path),
    help: isOther
      ? 'write `defaultMode: 0440` into the volume and `fsGroup` into the securityContext of the pod, since its user is not root'
      : 'write `defaultMode: 0400` into the volume',
    ...(edit && { fix: { title: 'let only root read it', safe: false, edits: [edit] } }),
  });
}
