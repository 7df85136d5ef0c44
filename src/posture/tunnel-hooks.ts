import { readFirewallScript } from '../firewall/script.ts';
import { workloadName } from '../segmentation/model.ts';
import type { Controls } from './controls/controls.ts';
import type { MachineFirewall } from './machine-firewall.ts';
import { readTunnels } from './tunnels.ts';

/** Returns the packet filters in `PreUp` and `PostUp` of WireGuard configurations on the host's network (wg-quick(8)). */
export function hookFirewalls(controls: Controls): MachineFirewall[] {
  return readTunnels(controls).flatMap((tunnel): MachineFirewall[] => {
    const container = tunnel.containers.find(({ pod }) => pod.hostNetwork);
    const hooks = tunnel.config.interface?.hooks.filter(({ phase }) => phase.endsWith('Up')) ?? [];
    const [first, last] = [hooks[0], hooks.at(-1)];
    if (container === undefined || first === undefined || last === undefined) return [];
    const script = hooks.map(({ command }) => command.replaceAll('%i', tunnel.interfaceName)).join('\n');
    const read = readFirewallScript(script);
    if (read.calls.length === 0) return [];
    const whole = { start: first.at.start, end: last.at.end };
    const { workload } = container;
    return [
      {
        name: `${tunnel.interfaceName} of ${workload.kind} ${workloadName(workload)}`,
        workload,
        container,
        ...read,
        script: undefined,
        follow: (options) => readFirewallScript(script, undefined, options),
        // The name of the interface moves what stands behind it, so that the hooks are one place.
        span: () => tunnel.span(whole),
        text: (at) => script.slice(at.start, at.end),
      },
    ];
  });
}
