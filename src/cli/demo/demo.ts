import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { FailedError } from '../command.ts';
import type { Role } from './actor.ts';
import { createDemoNetwork, type Machine, machines } from './network.ts';

/** The manifests that the demo is judged by. */
export const demoManifests: string = fileURLToPath(new URL('../../../examples/demo-shop', import.meta.url));

const actor = fileURLToPath(new URL('./actor.ts', import.meta.url));

/** A shop that is alive, and attacks on it. */
export interface Demo {
  /** Runs the attacks one after another, telling of each before it starts. Ends early after {@link stop}. */
  attack(tell: (text: string) => void): Promise<void>;
  /** Ends every process and removes every namespace. Idempotent. */
  stop(): Promise<void>;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Starts the shop. Throws FailedError when this machine or user cannot make network namespaces. */
export function startDemo(): Demo {
  for (const tool of ['ip', 'nsenter']) {
    if (spawnSync(tool, ['--version'], { stdio: 'ignore' }).error) {
      throw new FailedError(`the demo needs the command ${tool}`, 'apt-get install iproute2 util-linux');
    }
  }
  if (process.getuid?.() !== 0) {
    throw new FailedError(
      'the demo makes network namespaces, for which it must be root',
      'sudo ./picket run --demo',
    );
  }
  let network: ReturnType<typeof createDemoNetwork>;
  try {
    network = createDemoNetwork();
  } catch (error) {
    throw new FailedError(`the demo cannot make network namespaces: ${(error as Error).message.trim()}`);
  }
  const running = new Set<ChildProcess>();
  let stopped = false;

  const play = (machine: Machine, role: Role): Promise<void> => {
    if (stopped) return Promise.resolve();
    const child = spawn(
      'nsenter',
      [`--net=${network.path(machine)}`, process.execPath, actor, JSON.stringify(role)],
      { stdio: ['pipe', 'ignore', 'inherit'] },
    );
    running.add(child);
    return new Promise((resolve) => {
      child.on('error', () => resolve());
      child.on('close', () => {
        running.delete(child);
        resolve();
      });
    });
  };

  void play('backend', { name: 'backend', serve: [3000, 5432] });
  void play('frontend', { name: 'frontend', serve: [8080], upstream: [machines.backend, 3000] });
  void play('ingress', { name: 'ingress', visit: { to: [machines.frontend, 8080], everyMs: 1_500 } });

  return {
    async attack(tell) {
      tell('guest-laptop scans 200 ports of the frontend');
      await play('laptop', { name: 'scanner', scan: { host: machines.frontend, from: 1, to: 200 } });
      await pause(2_000);
      tell('the frontend, taken over, connects to the database port of the backend, which no policy allows');
      await play('frontend', { name: 'implant', visit: { to: [machines.backend, 5432], everyMs: 0 } });
    },
    async stop() {
      if (stopped) return;
      stopped = true;
      const ended = [...running].map((child) => new Promise((resolve) => child.once('close', resolve)));
      for (const child of running) {
        child.stdin?.end();
        child.kill('SIGTERM');
      }
      await Promise.all(ended);
      network.remove();
    },
  };
}
