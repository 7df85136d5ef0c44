import { expect, test } from 'vitest';
import { AgentClock } from './clock.ts';

function stepped() {
  const state = { wall: 1_000_000, monotonic: 500 };
  const clock = new AgentClock({ wall: () => state.wall, monotonic: () => state.monotonic });
  const pass = (ms: number) => {
    state.wall += ms;
    state.monotonic += ms;
    clock.check();
  };
  return { state, clock, pass };
}

test('runs with the wall clock', () => {
  const { clock, pass } = stepped();
  pass(1_000);
  expect(clock.now()).toBe(1_001_000);
  expect(clock.behind).toBe(0);
});

test('a step forwards is followed', () => {
  const { state, clock, pass } = stepped();
  state.wall += 3_600_000;
  pass(1_000);
  expect(clock.now()).toBe(4_601_000);
});

test('a step backwards never turns time back, and is told', () => {
  const { state, clock, pass } = stepped();
  pass(1_000);
  const before = clock.now();
  state.wall -= 3_600_000;
  pass(1_000);
  expect(clock.now()).toBe(before + 1_000);
  expect(clock.behind).toBe(3_600_000);
  state.wall += 3_600_000;
  pass(1_000);
  expect(clock.behind).toBe(0);
});

test('drift below the threshold is left alone', () => {
  const { state, clock, pass } = stepped();
  state.wall -= 1_500;
  pass(1_000);
  expect(clock.behind).toBe(0);
});
