import { describe, expect, test, vi } from 'vitest';
import { defaultAlertOptions } from '../rules/format/alert.ts';
import { alert } from './alert.fixture.ts';
import { MemorySpool } from './memory-spool.ts';
import { Output } from './output.ts';
import type { Spool } from './spool.ts';
import { systemTimers } from './timers.ts';
import type { Transport } from './transport.ts';

/** A receiver of the kind that the transport sends to, for real, and a transport to it. */
export interface Receiver {
  readonly transport: Transport;
  /** What it has so far: numbers of alerts, in the order of their arrival. */
  received(): Promise<readonly number[]> | readonly number[];
  /** Takes it away, so that sending fails. */
  down(): Promise<void> | void;
  /** Brings it back, where it was. */
  up(): Promise<void> | void;
  stop(): Promise<void> | void;
}

/** Returns the number that is in a line of {@link alert}. */
export function numberIn(line: string): number {
  return Number(/shell number (\d+)/.exec(line)?.[1]);
}

/** Returns an output with pauses short enough for tests. */
export function quickOutput(transport: Transport, spool: Spool): Output {
  return new Output({
    transport,
    spool,
    timers: systemTimers,
    hostname: 'edge-1',
    alerts: defaultAlertOptions,
    backoff: { first: 10, longest: 50 },
    timeout: 2_000,
  });
}

/** What every kind of output must do. `open` gives a receiver that is up. */
export function describeOutput(name: string, open: () => Promise<Receiver>): void {
  const numbers = (count: number, from = 1) => Array.from({ length: count }, (_, index) => from + index);
  const spool = () => new MemorySpool('test', 2 ** 20);

  describe(`${name} as an output`, () => {
    test('gives every alert to the receiver, once and in order', async () => {
      const receiver = await open();
      const output = quickOutput(receiver.transport, spool());
      for (const n of numbers(20)) output.offer(alert(n));
      expect(await output.drain(15_000)).toBe(true);
      expect(output.state()).toMatchObject({ delivered: 20, waiting: 0, dropped: 0, retries: 0 });
      expect(output.state()).not.toHaveProperty('downSince');
      await output.close();
      await vi.waitFor(async () => expect(await receiver.received()).toEqual(numbers(20)), 5_000);
      await receiver.stop();
    });

    test('keeps what it cannot send, says so, and goes on where it was', async () => {
      const receiver = await open();
      const output = quickOutput(receiver.transport, spool());
      output.offer(alert(1));
      await output.drain(5_000);
      // Protocols without an answer deliver into the void of a receiver that dies before it reads.
      await vi.waitFor(async () => expect(await receiver.received()).toEqual([1]), 5_000);
      await receiver.down();
      output.reopen();
      for (const n of numbers(5, 2)) output.offer(alert(n));
      await vi.waitFor(() => expect(output.state().retries).toBeGreaterThan(1), 5_000);
      const { waiting, lastError, downSince } = output.state();
      expect({ waiting, downSince: Math.sign(downSince ?? 0) }).toEqual({ waiting: 5, downSince: 1 });
      expect(lastError).toMatch(/\w/);
      await receiver.up();
      expect(await output.drain(10_000)).toBe(true);
      expect(output.state()).toMatchObject({ delivered: 6, waiting: 0, dropped: 0 });
      expect(output.state()).not.toHaveProperty('downSince');
      await output.close();
      await vi.waitFor(async () => expect(await receiver.received()).toEqual(numbers(6)), 5_000);
      await receiver.stop();
    });

    test('ends while the receiver is down, and what waits is there for the next', async () => {
      const receiver = await open();
      await receiver.down();
      const waiting = spool();
      const output = quickOutput(receiver.transport, waiting);
      output.offer(alert(1));
      await vi.waitFor(() => expect(output.state().retries).toBeGreaterThan(0), 5_000);
      await output.close();
      expect(waiting.state().waiting).toBe(1);
      await receiver.stop();
    });

    test('announces at its place what a full spool lost', async () => {
      const receiver = await open();
      await receiver.down();
      const output = quickOutput(receiver.transport, new MemorySpool('test', 2_000));
      for (const n of numbers(20)) output.offer(alert(n));
      const { dropped, waiting } = output.state();
      expect(dropped).toBeGreaterThan(0);
      expect(dropped + waiting).toBe(20);
      await receiver.up();
      expect(await output.drain(10_000)).toBe(true);
      await output.close();
      // The one that was on its way, the announcement (which has no number), and the newest.
      const newest = numbers(waiting - 1, 20 - waiting + 2);
      await vi.waitFor(
        async () => expect(await receiver.received()).toEqual([1, Number.NaN, ...newest]),
        5_000,
      );
      await receiver.stop();
    });
  });
}
