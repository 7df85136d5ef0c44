import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';

/** The machines of the demo: one network namespace each, all on one switch, which is a namespace too. */
export const machines = {
  ingress: '198.51.100.10',
  frontend: '198.51.100.20',
  backend: '198.51.100.30',
  laptop: '198.51.100.66',
} as const;

export type Machine = keyof typeof machines;

const prefix = 'picket-demo-';
const folder = '/run/netns';

/** A network of the demo's own, apart from the machine's: no route leads out of it. */
export interface DemoNetwork {
  /** Path of a machine's network namespace, for nsenter. */
  path(machine: Machine): string;
  /** Deletes every namespace of this network. Idempotent. */
  remove(): void;
}

/** Builds the network. Throws when `ip` is missing or the user may not create namespaces; leaves nothing then. */
export function createDemoNetwork(): DemoNetwork {
  sweepDemoNetworks();
  const name = (part: string) => `${prefix}${process.pid}-${part}`;
  const remove = () => removeNamespaces((found) => found.startsWith(name('')));
  try {
    const lan = name('lan');
    ip('netns', 'add', lan);
    ip('-n', lan, 'link', 'add', 'switch', 'type', 'bridge');
    ip('-n', lan, 'link', 'set', 'switch', 'up');
    for (const [machine, address] of Object.entries(machines)) {
      const own = name(machine);
      ip('netns', 'add', own);
      ip('-n', lan, 'link', 'add', `to-${machine}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', own);
      ip('-n', lan, 'link', 'set', `to-${machine}`, 'master', 'switch', 'up');
      ip('-n', own, 'address', 'add', `${address}/24`, 'dev', 'eth0');
      ip('-n', own, 'link', 'set', 'lo', 'up');
      ip('-n', own, 'link', 'set', 'eth0', 'up');
    }
  } catch (error) {
    remove();
    throw error;
  }
  return { path: (machine) => `${folder}/${name(machine)}`, remove };
}

/** Removes the networks of demos whose process is gone, for example after `kill -9`. */
export function sweepDemoNetworks(): void {
  removeNamespaces((found) => {
    const pid = /^picket-demo-(\d+)-/.exec(found)?.[1];
    return pid !== undefined && !existsSync(`/proc/${pid}`);
  });
}

function removeNamespaces(chosen: (name: string) => boolean): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    if (name.startsWith(prefix) && chosen(name)) ip('netns', 'delete', name);
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 10_000 });
}
