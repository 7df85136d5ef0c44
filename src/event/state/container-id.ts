/** What the last part of a cgroup's path is called for containers of the usual engines, with the 64 digits of the id. */
const patterns: readonly RegExp[] = [
  // docker-ID.scope, cri-containerd-ID.scope, crio-ID.scope, libpod-ID.scope, and the bare id below docker/ or kubepods/
  /(?:^|[/:-])([0-9a-f]{64})(?:\.scope)?(?:\/[^/]*)?$/,
  // containerd with systemd: …:cri-containerd:ID
  /:cri-containerd:([0-9a-f]{64})$/,
];

const lxc = /\/(?:lxc\.payload|lxc)[/.]([\w.-]+)/;

/**
 * Returns the id by which containers are named (the first 12 digits), going by the paths of a process's cgroups as engines make them;
 * `host` for a process in none.
 */
export function containerId(cgroups: readonly string[]): string {
  for (const entry of cgroups) {
    const path = entry.slice(entry.indexOf('=') + 1).replace(/\/+$/, '');
    if (path === '') continue;
    for (const pattern of patterns) {
      const id = pattern.exec(path)?.[1];
      if (id !== undefined) return id.slice(0, 12);
    }
    const name = lxc.exec(path)?.[1];
    if (name !== undefined) return name;
  }
  return 'host';
}
