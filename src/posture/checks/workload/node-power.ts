import type { ContainerFacts } from '../../controls/container-facts.ts';

/** Capabilities with which a container on the host's network changes the network of its machine. */
const networkCapabilities = new Set(['NET_ADMIN', 'SYS_ADMIN', 'SYS_MODULE', 'BPF', 'ALL']);

/**
 * Returns what a container may do to its machine, in words; undefined when it is confined as containers are by default:
 * privileged ones own the machine, others its network when they share it and have the capability (capabilities(7)).
 */
export function powerOverNode({
  pod,
  security,
}: ContainerFacts): 'the machine' | 'the network of the machine' | undefined {
  if (security.privileged) return 'the machine';
  const has = security.addedCapabilities.some(({ value }) => networkCapabilities.has(value));
  return pod.hostNetwork && has ? 'the network of the machine' : undefined;
}
