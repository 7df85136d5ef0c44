import { z } from 'zod';
import { flag, integer, listOf, opaque, optional, quantity, text, textThat } from './fields.ts';
import { dnsLabelProblem } from './syntax.ts';

const item = () => z.object({ key: z.string(), path: z.string(), mode: integer() });

/** Sources that Picket does not look into (core/v1 VolumeSource). */
const OPAQUE_SOURCES = [
  'awsElasticBlockStore',
  'azureDisk',
  'azureFile',
  'cephfs',
  'cinder',
  'csi',
  'ephemeral',
  'fc',
  'flexVolume',
  'flocker',
  'gcePersistentDisk',
  'gitRepo',
  'glusterfs',
  'image',
  'iscsi',
  'photonPersistentDisk',
  'portworxVolume',
  'projected',
  'quobyte',
  'rbd',
  'scaleIO',
  'storageos',
  'vsphereVolume',
] as const;

type Opaque = Record<(typeof OPAQUE_SOURCES)[number], ReturnType<typeof opaque>>;

/** A pod's volume: checked are the sources that say what a pod may see of its host and of Secrets and ConfigMaps. */
export const volume = () =>
  z.object({
    name: textThat(dnsLabelProblem),
    configMap: optional(
      z.object({ name: text(), items: listOf(item()), defaultMode: integer(), optional: flag() }),
    ),
    secret: optional(
      z.object({ secretName: text(), items: listOf(item()), defaultMode: integer(), optional: flag() }),
    ),
    hostPath: optional(z.object({ path: z.string(), type: text() })),
    emptyDir: optional(z.object({ medium: text(), sizeLimit: optional(quantity()) })),
    persistentVolumeClaim: optional(z.object({ claimName: z.string(), readOnly: flag() })),
    nfs: optional(z.object({ server: z.string(), path: z.string(), readOnly: flag() })),
    downwardAPI: optional(z.object({ defaultMode: integer(), items: listOf(z.looseObject({})) })),
    ...(Object.fromEntries(OPAQUE_SOURCES.map((source) => [source, opaque()])) as Opaque),
  });
