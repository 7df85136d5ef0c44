import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { imageFact } from '../../../product/images.ts';
import { workloadName } from '../../../segmentation/model.ts';
import { readTunnels } from '../../tunnels.ts';
import type { Check } from '../definition.ts';
import { isRefused } from './tunnel-text.ts';

/** An image that takes the default route away when its tunnel fails, on the network of the machine itself. */
export const imageCutsNode: Check = {
  code: 'PKT1252',
  title: "WireGuard image that removes the machine's default route",
  class: 'product',
  severity: 'warning',
  since: '0.2.0',
  doc: `When \`linuxserver/wireguard\` finds no tunnel, or one does not come up, it runs \`ip route del default\`, so that nothing
leaves its container outside the tunnel. With \`hostNetwork: true\` that is the default route of the machine: it is cut off from
everything behind its router, the registry and whoever would mend it included. In a DaemonSet that happens on every machine.

It is an error where the configuration in the same manifests cannot come up, and a warning where it can.

Leave out \`hostNetwork\`, so that the image stays in a network of its own; or run \`wg-quick up\` in an image that leaves the
route alone. A container with a \`command\` of its own is left out: it does not run the image's start.`,
  example: {
    bad: 'hostNetwork: true\ncontainers:\n- image: linuxserver/wireguard:latest',
    good: 'hostNetwork: true\ncontainers:\n- image: registry.example.com/edge/wireguard:1.0.20250521\n  command: [sh, -ec, wg-quick up /etc/wireguard/wg0.conf; exec sleep infinity]',
  },
  run({ controls }) {
    const refused = new Map(
      readTunnels(controls).flatMap((tunnel) =>
        isRefused(tunnel, controls) ? tunnel.containers.map((container) => [container, tunnel]) : [],
      ),
    );
    return controls.containers.flatMap((container) => {
      const { pod, image, workload } = container;
      const notes = image && imageFact(image.repository)?.notes;
      if (!pod.hostNetwork || container.hasCommand) return [];
      if (image === undefined || !notes?.some(({ id }) => id === 'replaces-default-route')) return [];
      const tunnel = refused.get(container);
      const where = workload.kind === 'DaemonSet' ? 'every node' : 'the node';
      const name = `${workload.kind} ${workloadName(workload)}`;
      const route = `${image.repository} deletes the default route, with hostNetwork that of ${where}`;
      return [
        diagnose(imageCutsNode, {
          message:
            tunnel === undefined
              ? `when a tunnel of ${name} does not come up, ${route}`
              : `${tunnel.name} cannot come up, so ${route}`,
          severity: tunnel === undefined ? 'warning' : 'error',
          span: pod.keyAt('hostNetwork'),
          related: [
            { span: container.at('image'), message: 'this image does it' },
            ...(tunnel === undefined
              ? []
              : [{ span: tunnel.file.key.keySpan, message: 'the configuration that wg refuses' }]),
          ],
          help: 'leave out `hostNetwork: true`, or run `wg-quick up` by a `command` of your own in an image that leaves routes alone',
        }),
      ];
    });
  },
};
