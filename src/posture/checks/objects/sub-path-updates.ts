import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { linuxserverWireguard } from '../../../product/images.ts';
import { type Workload, workloadName } from '../../../segmentation/model.ts';
import { fieldAt } from '../../../segmentation/values.ts';
import type { PodFacts } from '../../controls/container-facts.ts';
import type { Controls } from '../../controls/controls.ts';
import { type DataKey, dataObjectName } from '../../controls/data-object.ts';
import type { MountedFile } from '../../controls/uses.ts';
import type { Check } from '../definition.ts';

/** A control mounted by subPath, which never follows changes of its Secret or ConfigMap. */
export const subPathUpdates: Check = {
  code: 'PKT1335',
  title: 'Control mounted by subPath',
  class: 'product',
  severity: 'note',
  since: '0.2.0',
  doc: `A file that is mounted by \`subPath\` is made when the container starts and never changes after that, while files of a volume
that is mounted whole follow the Secret or ConfigMap within a minute or two (Kubernetes, volumes). A rotated key, a new rule
or a closed port reaches the program only when the pods are restarted, and nothing tells.

Mount the volume at a directory of its own, or restart the pods at every change: by hand, by a controller, or by a hash of
the contents among the annotations of the pod template (\`checksum/config\`), which counts as said here. So does an object
that is \`immutable\`. Jobs are left out.`,
  example: {
    bad: 'mountPath: /etc/falco/falco.yaml\nsubPath: falco.yaml',
    good: 'mountPath: /etc/falco/config.d',
  },
  run({ controls }) {
    const isControl = controlKeys(controls);
    const told = new Set<string>();
    return controls.consumption.files.flatMap((file) => {
      const { container, key, subPath, span } = file;
      const { pod, workload } = container;
      if (!subPath || !(key.object.kind === 'Secret' || isControl.has(key)) || restarts(pod, key)) return [];
      const place = `${span.file} ${span.start.offset}`;
      if (told.has(place)) return [];
      told.add(place);
      const mount = container.mounts.find((one) => one.span.start.offset === span.start.offset);
      const what = key.object.kind === 'Secret' ? 'a rotated key' : 'what is changed there';
      return [
        diagnose(subPathUpdates, {
          message: `${key.name} of ${dataObjectName(key.object)} is mounted by subPath: ${what} reaches ${workload.kind} ${workloadName(workload)} only when its pods are restarted`,
          span: mount ? container.source.at([...mount.path, 'subPath']) : span,
          help: `mount the volume at ${directoryFor(file)} without \`subPath\`, or restart the pods at every change${rollout(workload)}`,
        }),
      ];
    });
  },
};

function controlKeys(controls: Controls): ReadonlySet<DataKey> {
  return new Set([
    ...controls.wireguardConfigs.map(({ key }) => key),
    ...controls.falcoConfigs.map(({ key }) => key),
    ...controls.falcoRules.map(({ key }) => key),
    ...controls.prometheusConfigs.map(({ key }) => key),
    ...controls.nginxFiles.map(({ key }) => key),
    ...controls.scripts.flatMap(({ file }) => (file ? [file.key] : [])),
  ]);
}

/** Annotations by which pods are replaced when their configuration changes. */
const RESTARTING = /checksum|hash|reloader/i;

/** Whether the pods start anew at each change, or there is none. */
function restarts({ workload, source }: PodFacts, { object }: DataKey): boolean {
  return (
    fieldAt(object.source.value, 'immutable') === true ||
    workload.kind === 'Job' ||
    workload.kind === 'CronJob' ||
    [...workload.annotations.keys(), ...Object.keys(source.annotations)].some((name) => RESTARTING.test(name))
  );
}

function rollout({ kind, name, namespace }: Workload): string {
  if (!['Deployment', 'DaemonSet', 'StatefulSet'].includes(kind)) return '';
  return `: \`kubectl rollout restart ${kind.toLowerCase()}/${name} -n ${namespace.name}\``;
}

function directoryFor({ container, path }: MountedFile): string {
  const { repository, configDirectory } = linuxserverWireguard;
  return container.image?.repository === repository && path.startsWith('/config/')
    ? `\`${configDirectory}\``
    : 'a directory of its own';
}
