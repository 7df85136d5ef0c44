/** What is known of a container image without pulling it. */
export interface ImageFact {
  /** Repository without the registry, `library/` included. */
  readonly repository: string;
  /** Programs that network controls use and the image has not. */
  readonly lacks: readonly string[];
  readonly notes?: readonly ImageNote[];
}

/** One behaviour of an image that a manifest must reckon with. */
export interface ImageNote {
  readonly id: 'config-path' | 'replaces-default-route';
  readonly text: string;
  /** Day from which on it is so, when that matters. */
  readonly since?: string;
}

const netfilterTools = ['iptables', 'ip6tables', 'iptables-restore', 'nft', 'ipset'];
const wireguardTools = ['wg', 'wg-quick'];

export const images: readonly ImageFact[] = [
  { repository: 'library/alpine', lacks: [...netfilterTools, ...wireguardTools, 'bash', 'curl', 'tc'] },
  { repository: 'library/busybox', lacks: [...netfilterTools, ...wireguardTools, 'bash', 'curl', 'tc'] },
  {
    repository: 'library/debian',
    lacks: [...netfilterTools, ...wireguardTools, 'curl', 'ip', 'tc'],
  },
  {
    repository: 'library/ubuntu',
    lacks: [...netfilterTools, ...wireguardTools, 'curl', 'ip', 'tc'],
  },
  {
    repository: 'linuxserver/wireguard',
    lacks: [],
    notes: [
      {
        id: 'config-path',
        text: 'reads tunnels from /config/wg_confs/*.conf; /config/wg0.conf is copied there and then deleted, which fails on a read-only mount',
        since: '2023-10-03',
      },
      {
        id: 'replaces-default-route',
        text: 'removes the default route of its network namespace when it finds no tunnel or one does not come up; on the host network that is the route of the node',
      },
    ],
  },
];

/** Where linuxserver/wireguard reads its tunnels. */
export const linuxserverWireguard = {
  repository: 'linuxserver/wireguard',
  configDirectory: '/config/wg_confs',
  legacyConfig: '/config/wg0.conf',
  since: '2023-10-03',
} as const;

/** Kernel release that has WireGuard built in: no module to load with SYS_MODULE. */
export const wireguardInKernel = '5.6';

/** Returns what is known of the image of a repository (registry left out). */
export function imageFact(repository: string): ImageFact | undefined {
  return images.find((image) => image.repository === repository);
}

/** Returns whether images of the repository are known to lack the program. */
export function lacksProgram(repository: string, program: string): boolean {
  return imageFact(repository)?.lacks.includes(program) ?? false;
}
