import { readFileSync } from 'node:fs';

/** What the kernel's connection tracking is set to in the network namespace of the process; undefined where the kernel does not say. */
export interface ConntrackSettings {
  /** nf_conntrack_acct: whether entries that are made from now on count packets and bytes. */
  readonly counts: boolean | undefined;
  /** nf_conntrack_timestamp: whether they know when they were made and when they ended. */
  readonly timestamps: boolean | undefined;
  /** nf_conntrack_events: 0 never, 1 always, 2 for entries that are made while somebody listens. */
  readonly events: number | undefined;
  /** Entries that there are, and how many there may be. */
  readonly entries: number | undefined;
  readonly most: number | undefined;
}

/** Returns the settings as they are now. Never throws. */
export function readConntrackSettings(): ConntrackSettings {
  const [counts, timestamps] = [setting('acct'), setting('timestamp')];
  return {
    counts: counts === undefined ? undefined : counts !== 0,
    timestamps: timestamps === undefined ? undefined : timestamps !== 0,
    events: setting('events'),
    entries: setting('count'),
    most: setting('max'),
  };
}

function setting(name: string): number | undefined {
  try {
    const value = Number(readFileSync(`/proc/sys/net/netfilter/nf_conntrack_${name}`, 'latin1'));
    return Number.isSafeInteger(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Returns how many messages the kernel has thrown away for want of room at the socket with this inode (/proc/net/netlink), or
 * undefined where it does not say.
 */
export function lostAt(inode: number): number | undefined {
  try {
    for (const line of readFileSync('/proc/net/netlink', 'latin1').split('\n')) {
      const fields = line.trim().split(/\s+/);
      if (Number(fields[9]) === inode) return Number(fields[8]);
    }
  } catch {
    // Not mounted, or hidden.
  }
  return undefined;
}
