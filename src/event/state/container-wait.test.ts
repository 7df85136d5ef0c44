import { describe, expect, test } from 'vitest';
import type { ContainerRecord } from './container.ts';
import { ContainerWait } from './container-wait.ts';

/** An engine that answers when the test says so. */
class Engine {
  readonly known = new Map<string, ContainerRecord>();
  readonly awaited = new Set<string>();

  lookup(id: string): ContainerRecord | undefined {
    return this.known.get(id);
  }

  isAwaited(id: string): boolean {
    return this.awaited.has(id);
  }

  answer(id: string, record?: ContainerRecord): void {
    this.awaited.delete(id);
    if (record !== undefined) this.known.set(id, record);
  }
}

function start(...awaited: string[]) {
  const engine = new Engine();
  for (const id of awaited) engine.awaited.add(id);
  const wait = new ContainerWait(engine);
  const mustWait = (id: string, now: number, isPressed = false) => wait.mustWait(id, now, isPressed);
  return { engine, wait, mustWait };
}

describe('an event of a container that is awaited', () => {
  test('waits until the engine has told', () => {
    const { engine, wait, mustWait } = start('a');
    expect(mustWait('a', 1000)).toBe(true);
    expect(mustWait('a', 1004)).toBe(true);
    engine.answer('a', { id: 'a' });
    expect(mustWait('a', 1007)).toBe(false);
    expect(mustWait('a', 1008)).toBe(false);
    expect(wait).toMatchObject({ waited: 1, waitedMs: 7, incomplete: 0 });
  });

  test('waits no longer than it may, and the next of that container not at all', () => {
    const { wait, mustWait } = start('a');
    expect(mustWait('a', 1000)).toBe(true);
    expect(mustWait('a', 1499)).toBe(true);
    expect(mustWait('a', 1500)).toBe(false);
    expect(wait.incomplete).toBe(1);
    expect(mustWait('a', 1501)).toBe(false);
    expect(wait).toMatchObject({ waited: 1, waitedMs: 500, incomplete: 2 });
  });

  test('goes on at once when the engine does not know the container, and it is not waited for again', () => {
    const { engine, wait, mustWait } = start('a');
    expect(mustWait('a', 1000)).toBe(true);
    engine.answer('a');
    expect(mustWait('a', 1010)).toBe(false);
    expect(wait.incomplete).toBe(0);
    engine.awaited.add('a');
    expect(mustWait('a', 40_000)).toBe(false);
    expect(wait).toMatchObject({ waited: 1, incomplete: 1 });
  });

  test('does not wait while the buffer fills', () => {
    const { wait, mustWait } = start('a', 'b');
    expect(mustWait('a', 1000, true)).toBe(false);
    expect(mustWait('b', 1000)).toBe(true);
    expect(mustWait('b', 1001, true)).toBe(false);
    expect(wait).toMatchObject({ waited: 1, incomplete: 2 });
  });
});

test('events of containers that are known, that nobody knows, and of the machine do not wait', () => {
  const { engine, wait, mustWait } = start();
  engine.answer('a', { id: 'a' });
  expect(['a', 'b', 'host'].map((id) => mustWait(id, 1000))).toEqual([false, false, false]);
  expect(wait).toMatchObject({ waited: 0, incomplete: 0 });
});

test('containers that nobody knows take no more than a tenth of the time', () => {
  const ids = Array.from({ length: 10_000 }, (_, index) => `c${index}`);
  const { wait, mustWait } = start(...ids);
  let now = 0;
  for (const id of ids) {
    while (mustWait(id, now)) now += 5;
    // Work between two of them.
    now += 20;
  }
  expect(wait.waitedMs).toBeGreaterThan(2000);
  expect(wait.waitedMs).toBeLessThan(2000 + 500 + now / 10);
  expect(wait.incomplete).toBe(10_000);
});
