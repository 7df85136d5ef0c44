import { connect } from 'node:net';
import type { Machine } from '../../firewall/guard/machine.ts';
import { formatAddress, isLoopback } from '../../net/address.ts';
import type { Runner } from '../runner.ts';
import { connectionState } from './read-machine.ts';

/** An address to be reached by TCP. */
export interface ProbeTarget {
  readonly host: string;
  readonly port: number;
}

/** Something that has to work after a change as it did before. */
export interface Probe {
  /** E.g. `203.0.113.64:6443`. */
  readonly title: string;
  /** Whether it works now; no answer within the time is a no. `mostMs`: milliseconds. */
  works(mostMs?: number): Promise<boolean>;
}

/** What came of looking at all of them. */
export interface ProbeResult {
  readonly title: string;
  readonly works: boolean;
}

/** A SYN is sent again after one second; this is the answer to the second one. */
const connectMs = 2_500;

/** Returns what can be looked at: the declared targets, Picket's own listeners, and the connection that the change comes through. */
export function probesFor(runner: Runner, machine: Machine, targets: readonly ProbeTarget[]): Probe[] {
  const { session, listeners, ownPorts } = machine;
  const own = listeners.filter(
    ({ protocol, port, address }) => protocol === 6 && ownPorts.includes(port) && isLoopback(address),
  );
  return [
    ...targets.map(tcpProbe),
    ...own.map(({ address, port }) => tcpProbe({ host: formatAddress(address), port })),
    ...(session === undefined
      ? []
      : [
          {
            title: `the ssh connection from ${formatAddress(session.remote.address)}`,
            works: async () => (await connectionState(runner, session)) === 'alive',
          },
        ]),
  ];
}

/** Looks at all of them at once, each for at most so long (ms). */
export function lookAt(probes: readonly Probe[], mostMs?: number): Promise<ProbeResult[]> {
  return Promise.all(probes.map(async ({ title, works }) => ({ title, works: await works(mostMs) })));
}

/** Returns a probe that works where a connection can be opened. Changes nothing. */
export function tcpProbe({ host, port }: ProbeTarget): Probe {
  return {
    title: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`,
    works: (mostMs = connectMs) =>
      new Promise((resolve) => {
        const socket = connect({ host, port, timeout: mostMs });
        const end = (works: boolean) => {
          socket.destroy();
          resolve(works);
        };
        socket.once('connect', () => end(true));
        socket.once('error', () => end(false));
        socket.once('timeout', () => end(false));
      }),
  };
}
