import { describe, expect, test } from 'vitest';
import type { ContainerRecord } from './container.ts';
import { HeldEvents, held } from './held-events.ts';

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
  const events = new HeldEvents(engine);
  const decide = (id: string, now: number, isPressed = false) =>
    events.decide(() => events.container(id)?.image ?? 'unknown', now, isPressed);
  return { engine, events, decide };
}

describe('an event of a container that is awaited', () => {
  test('waits until the engine has told', () => {
    const { engine, events, decide } = start('a');
    expect(decide('a', 1000)).toBe(held);
    expect(decide('a', 1004)).toBe(held);
    engine.answer('a', { id: 'a', image: 'nginx' });
    expect(decide('a', 1007)).toBe('nginx');
    expect(decide('a', 1008)).toBe('nginx');
    expect(events).toMatchObject({ waited: 1, waitedMs: 7, incomplete: 0 });
  });

  test('waits no longer than it may, and the next of that container not at all', () => {
    const { events, decide } = start('a');
    expect(decide('a', 1000)).toBe(held);
    expect(decide('a', 1499)).toBe(held);
    expect(decide('a', 1500)).toBe('unknown');
    expect(events.incomplete).toBe(1);
    expect(decide('a', 1501)).toBe('unknown');
    expect(events).toMatchObject({ waited: 1, waitedMs: 500, incomplete: 2 });
  });

  test('goes on at once when the engine does not know the container, and it is not waited for again', () => {
    const { engine, events, decide } = start('a');
    expect(decide('a', 1000)).toBe(held);
    engine.answer('a');
    expect(decide('a', 1010)).toBe('unknown');
    expect(events.incomplete).toBe(0);
    engine.awaited.add('a');
    expect(decide('a', 40_000)).toBe('unknown');
    expect(events).toMatchObject({ waited: 1, incomplete: 1 });
  });

  test('does not wait while the buffer fills', () => {
    const { events, decide } = start('a', 'b');
    expect(decide('a', 1000, true)).toBe('unknown');
    expect(decide('b', 1000)).toBe(held);
    expect(decide('b', 1001, true)).toBe('unknown');
    expect(events).toMatchObject({ waited: 1, incomplete: 2 });
  });

  test('does not wait when nobody asks for the container', () => {
    const { engine, events } = start('a');
    expect(events.decide(() => 'host', 1000, false)).toBe('host');
    engine.answer('a');
    expect(events).toMatchObject({ waited: 0, incomplete: 0 });
  });
});

test('containers that nobody knows take no more than a tenth of the time', () => {
  const ids = Array.from({ length: 10_000 }, (_, index) => `c${index}`);
  const { events, decide } = start(...ids);
  let now = 0;
  for (const id of ids) {
    while (decide(id, now) === held) now += 5;
    // Work between two of them.
    now += 20;
  }
  const duration = now;
  expect(events.waitedMs).toBeGreaterThan(2000);
  expect(events.waitedMs).toBeLessThan(2000 + 500 + duration / 10);
  expect(events.incomplete).toBe(10_000);
});
