import { Protocol } from '../../net/protocol.ts';
import type { Packet } from '../packet.ts';
import type { Ruleset } from '../ruleset.ts';
import type { ControlPath } from './control-path.ts';
import type { Machine } from './machine.ts';

/** Interfaces that network plugins and container engines make. */
const podInterface =
  /^(?:cni|flannel|cali|cilium|lxc|veth|docker|br-|podman|virbr|kube-bridge|weave|nodelocaldns)/;
/** Chains and tables in which they, and kube-proxy, say what passes. */
const podRules = /^(?:KUBE-|CNI-|FLANNEL-|cali-|cilium|CILIUM_|DOCKER|kube-proxy|NETAVARK|LIBVIRT_)/;

/** Returns what this machine passes on for pods and containers: nothing where it passes on nothing, or has none. */
export function forwardPaths({ interfaces, uplinks, forwards }: Machine, foreign: Ruleset): ControlPath[] {
  const pods = interfaces.filter(({ name }) => podInterface.test(name));
  const hasRules = foreign.tables.some(
    ({ name, chains }) => podRules.test(name) || [...chains.keys()].some((chain) => podRules.test(chain)),
  );
  if (pods.length === 0 && !hasRules) return [];
  const [uplink] = uplinks;
  const names = pods.length === 0 ? [undefined] : pods.map(({ name }) => name);
  const families = ([4, 6] as const).filter((family) => (family === 4 ? forwards.ipv4 : forwards.ipv6));
  return families.flatMap((family) =>
    names.flatMap((name) => {
      const named = name ?? 'pods';
      const way = (
        title: string,
        ends: Pick<Packet, 'inInterface' | 'outInterface'>,
        state: Packet['state'],
      ): ControlPath => ({
        risk: 'forwarding',
        title: `${title} (IPv${family})`,
        packet: { family, chain: 'FORWARD', protocol: Protocol.Tcp, state, local: false, ...ends },
        standsForMany: true,
      });
      const [from, to] = [
        name === undefined ? {} : { inInterface: name },
        name === undefined ? {} : { outInterface: name },
      ];
      const [out, back] = [
        uplink === undefined ? {} : { outInterface: uplink },
        uplink === undefined ? {} : { inInterface: uplink },
      ];
      return [
        way(`from ${named} outwards`, { ...from, ...out }, 'NEW'),
        way(`answers to ${named}`, { ...to, ...back }, 'ESTABLISHED'),
        way(`to ${named}`, { ...to, ...back }, 'NEW'),
        way(`between ${named}`, { ...from, ...to }, 'NEW'),
      ];
    }),
  );
}
