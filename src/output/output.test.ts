import { expect, test } from 'vitest';
import { defaultAlertOptions } from '../rules/format/alert.ts';
import { alert } from './alert.fixture.ts';
import type { AlertRecord } from './alert-record.ts';
import { backoff } from './backoff.ts';
import { MemorySpool } from './memory-spool.ts';
import { Output } from './output.ts';
import type { Timers } from './timers.ts';
import { BusyError, RefusedError, type Transport } from './transport.ts';

/** A clock that stands still until it is stepped. */
class SteppedTimers implements Timers {
  time = 1_000;
  readonly #waiting = new Set<{ at: number; run: () => void }>();

  now = () => this.time;
  random = () => 0.5;
  after = (ms: number, run: () => void) => {
    const timer = { at: this.time + ms, run };
    this.#waiting.add(timer);
    return () => void this.#waiting.delete(timer);
  };

  /** Runs what is due within so many ms, and what follows from it. */
  async step(ms: number): Promise<void> {
    this.time += ms;
    await settle();
    for (const timer of this.#waiting) {
      if (timer.at > this.time) continue;
      this.#waiting.delete(timer);
      timer.run();
    }
    await settle();
  }
}

const settle = () => new Promise((done) => setImmediate(done));

function scripted(answers: (Error | 'hang' | undefined)[]) {
  const [timers, sent] = [new SteppedTimers(), [] as string[]];
  const transport: Transport = {
    kind: 'http',
    target: 'x',
    send: (record: AlertRecord) => {
      sent.push(record.id.split('-')[1] as string);
      const answer = answers.shift();
      if (answer === 'hang') return new Promise(() => {});
      return answer === undefined ? Promise.resolve() : Promise.reject(answer);
    },
    reopen() {},
    close: async () => {},
  };
  const spool = new MemorySpool('s', 1e6);
  const output = new Output({
    transport,
    spool,
    timers,
    hostname: 'h',
    alerts: defaultAlertOptions,
    backoff: { first: 100, longest: 1_000 },
    timeout: 5_000,
  });
  return { output, timers, sent, transport, spool };
}

test('pauses double up to the longest, half of each by chance', () => {
  const options = { first: 100, longest: 1_000 };
  expect([1, 2, 3, 4, 5, 99].map((n) => backoff(n, 0, options))).toEqual([50, 100, 200, 400, 500, 500]);
  expect(backoff(2, 0.5, options)).toBe(150);
});

test('nothing overtakes what fails', async () => {
  const { output, timers, sent } = scripted([new Error('a'), new Error('b')]);
  for (const n of [1, 2]) output.offer(alert(n));
  await timers.step(0);
  expect(sent).toEqual(['1']);
  await timers.step(74);
  expect(sent).toEqual(['1']);
  await timers.step(1);
  expect(sent).toEqual(['1', '1']);
  expect(output.state()).toMatchObject({ retries: 2, lastError: 'b', downSince: 1_000, waiting: 2 });
  await timers.step(150);
  expect(sent).toEqual(['1', '1', '1', '2']);
  expect(output.state()).toMatchObject({ delivered: 2, waiting: 0 });
});

test('what is refused for good goes aside, and the rest goes on', async () => {
  const { output, timers, sent } = scripted([new RefusedError('answered 400')]);
  for (const n of [1, 2]) output.offer(alert(n));
  await timers.step(0);
  expect(sent).toEqual(['1', '2']);
  expect(output.state()).toMatchObject({
    delivered: 1,
    deadLettered: 1,
    retries: 0,
    lastError: 'answered 400',
  });
});

test('a receiver that asks for time has it, up to the longest pause', async () => {
  const { output, timers, sent } = scripted([new BusyError('429', 900), new BusyError('429', 9e9)]);
  output.offer(alert(1));
  await timers.step(0);
  await timers.step(800);
  expect(sent).toHaveLength(1);
  await timers.step(100);
  expect(sent).toHaveLength(2);
  await timers.step(1_000);
  expect(output.state()).toMatchObject({ delivered: 1 });
});

test('an attempt that never ends is ended', async () => {
  const { output, timers, sent } = scripted(['hang']);
  output.offer(alert(1));
  await timers.step(5_000);
  expect(output.state()).toMatchObject({ retries: 1, lastError: 'no answer within 5000 ms' });
  await timers.step(75);
  expect(sent).toHaveLength(2);
  expect(output.state()).toMatchObject({ delivered: 1 });
});

test('a transport that does not close well holds up no end', async () => {
  const { output, transport, spool } = scripted([]);
  transport.close = async () => {
    throw new Error('EIO: i/o error, close');
  };
  let isClosed = false;
  const close = spool.close.bind(spool);
  spool.close = () => {
    isClosed = true;
    close();
  };
  await output.close();
  expect(isClosed).toBe(true);
  expect(output.state().lastError).toBe('EIO: i/o error, close');
});
