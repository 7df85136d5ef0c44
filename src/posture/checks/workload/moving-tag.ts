import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { workloadName } from '../../../segmentation/model.ts';
import type { Check } from '../definition.ts';
import { powerOverNode } from './node-power.ts';

/** An image that may be another one tomorrow, in a container with power over its machine. */
export const movingTag: Check = {
  code: 'PKT1342',
  title: 'Moving image tag with power over the machine',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `\`latest\`, or no tag at all, names whatever was pushed last: machines that start the pod on different days run different
programs, a restart is an upgrade that nobody chose, and whoever can push the tag can run code in the container. Told only
of containers that are privileged, or that share their machine's network and have a capability to change it: there the tag
decides over the machine.

Name a release and its digest; a digest cannot be moved.`,
  example: {
    bad: 'image: linuxserver/wireguard:latest\nsecurityContext: {privileged: true}',
    good: 'image: registry.example.com/edge/wireguard:1.0.20250521@sha256:…',
  },
  run({ controls }) {
    return controls.containers.flatMap((container) => {
      const { image, workload } = container;
      const power = powerOverNode(container);
      const moves = image !== undefined && image.digest === undefined && (image.tag ?? 'latest') === 'latest';
      if (!moves || power === undefined) return [];
      return [
        diagnose(movingTag, {
          message: `whoever moves the tag of ${image.text} gets ${power} of ${workload.kind} ${workloadName(workload)}, at the next start of a pod`,
          span: container.at('image'),
          help: `name a release and its digest: \`image: ${image.text.replace(/:[^:/]*$/, '')}:RELEASE@sha256:…\``,
        }),
      ];
    });
  },
};
