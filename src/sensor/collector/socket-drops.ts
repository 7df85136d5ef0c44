/**
 * Returns for each socket how many datagrams the kernel threw away because its buffer was full: the last column of /proc/net/udp and
 * udp6 (net/ipv4/udp.c). `texts` are the contents of both files, `inodes` the sockets asked for; what is not there is left out.
 */
export function socketDrops(texts: readonly string[], inodes: ReadonlySet<string>): Map<string, number> {
  const drops = new Map<string, number>();
  for (const text of texts) {
    for (const line of text.split('\n')) {
      const columns = line.trim().split(/\s+/);
      const inode = columns[9];
      if (inode !== undefined && inodes.has(inode)) drops.set(inode, Number(columns.at(-1)) || 0);
    }
  }
  return drops;
}
