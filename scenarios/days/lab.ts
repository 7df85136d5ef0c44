import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sleep, TwoHosts, until } from '../harness.ts';

/** What an attack is given: two hosts of its own on a cable, and a folder for its files. */
export interface Lab {
  readonly hosts: TwoHosts;
  readonly folder: string;
  /** Starts a program that goes on until the recording is over, and waits until `isUp` says so. */
  serve(side: 'left' | 'right', program: string, args: readonly string[], isUp: () => boolean): Promise<void>;
  /** Runs a program to its end, and returns what it printed. */
  run(side: 'left' | 'right', program: string, ...args: string[]): Promise<string>;
}

/**
 * Has somebody attack in namespaces of its own, and returns the capture of all packets of IPv4 that went over the cable. `folder` is to be
 * empty; nothing but it is left behind.
 */
export async function record(folder: string, attack: (lab: Lab) => Promise<void>): Promise<string> {
  const path = join(folder, 'attack.pcap');
  const servers: ChildProcess[] = [];
  using hosts = new TwoHosts();
  const lab: Lab = {
    hosts,
    folder,
    serve: async (side, program, args, isUp) => {
      const server = hosts.spawn(side, program, ...args);
      server.stdout?.resume();
      let said = '';
      server.stderr?.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-1000);
      });
      servers.push(server);
      await until(`${program} serves (${said})`, () => isUp() || undefined, 30_000);
    },
    run: (side, program, ...args) => outputOf(hosts.spawn(side, program, ...args)),
  };
  const dump = hosts.spawn(
    'left',
    'tcpdump',
    '-i',
    'eth0',
    '-s',
    '1600',
    '-U',
    '--immediate-mode',
    '-B',
    '16384',
    '-Z',
    'root',
    '-w',
    path,
    'ip',
  );
  try {
    await until('tcpdump listens', () => existsSync(path) || undefined, 30_000);
    await attack(lab);
    await settled(path);
  } finally {
    for (const child of [...servers, dump]) await end(child);
  }
  return path;
}

/** Waits until tcpdump has written what it has been given: nothing more for a moment. */
async function settled(path: string): Promise<void> {
  for (let [known, size] = [-1, statSync(path).size]; size !== known; size = statSync(path).size) {
    known = size;
    await sleep(300);
  }
}

/** Whether somebody listens on a port in a namespace. */
export function listens(hosts: TwoHosts, kind: 'tcp' | 'udp', port: number): boolean {
  return hosts.run('right', 'ss', '-Hln', kind === 'tcp' ? '-t' : '-u', `sport = :${port}`).out !== '';
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  const hard = setTimeout(() => child.kill('SIGKILL'), 3000);
  await closed;
  clearTimeout(hard);
}

/** A tool that takes longer has lost its way: nobody waits for it, and nothing of it stays. */
const mostMs = 180_000;

async function outputOf(child: ChildProcess): Promise<string> {
  let said = '';
  const late = setTimeout(() => child.kill('SIGKILL'), mostMs);
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      if (said.length < 1e6) said += chunk.toString();
    });
  child.stdin?.end();
  await once(child, 'close');
  clearTimeout(late);
  if (child.signalCode !== null)
    throw new Error(`${child.spawnargs.join(' ')} was ended by ${child.signalCode}: ${said}`);
  return said;
}
