import { describe, expect, test } from 'vitest';
import { type VolumeOptions, VolumeSeries } from './volume-series.ts';

const settings: VolumeOptions = {
  tail: { risk: 1e-4, level: 0.98, learn: 1380, drift: 60 },
  least: 100,
  timesHour: 1.5,
  minutes: 3,
  calmMinutes: 10,
  acceptMinutes: 10_080,
};

/** A series, and values that go up and down by a third in a way that is the same each time. */
function start(changes: Partial<VolumeOptions> = {}) {
  const series = new VolumeSeries({ ...settings, ...changes });
  let state = 1;
  let minute = 0;
  const states: string[] = [];
  return {
    series,
    states,
    add(value: number, minutes = 1) {
      for (let n = 0; n < minutes; n++) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        const got = series.add(value * (0.67 + (0.66 * state) / 2 ** 32), Math.floor(minute++ / 60));
        if (got !== 'usual' && got !== states.at(-1)) states.push(got);
      }
    },
  };
}

test('three minutes far above are unusual, two are not, and ten usual ones end it', () => {
  const run = start();
  run.add(1000, 1500);
  run.add(9000, 2);
  run.add(1000, 30);
  expect(run.states).toEqual([]);
  run.add(9000, 30);
  expect(run.states).toEqual(['began', 'lasts']);
  run.add(1000, 9);
  expect(run.series.isTold).toBe(true);
  run.add(1000, 1);
  expect(run.states).toEqual(['began', 'lasts', 'over']);
});

test('nothing is learned while it is unusual', () => {
  const run = start();
  run.add(1000, 1500);
  run.add(9000, 3);
  const { limit } = run.series;
  run.add(9000, 1000);
  // Until the same hour of the next day.
  run.add(9000, 1440 - 1000);
  expect(run.series.limit).toBe(limit);
});

test('what goes on for long is learned afresh', () => {
  const run = start({ acceptMinutes: 500 });
  run.add(1000, 1500);
  run.add(9000, 600);
  expect(run.states).toEqual(['began', 'lasts', 'over']);
  expect(run.series.isLearning).toBe(true);
});

describe('the same hour of earlier days', () => {
  const night = (run: ReturnType<typeof start>, days: number) => {
    for (let day = 0; day < days; day++) {
      run.add(100, 120);
      run.add(20_000, 30);
      run.add(100, 1440 - 150);
    }
  };

  test('is what a backup each night is held against', () => {
    const run = start();
    night(run, 6);
    expect(run.states).toEqual([]);
  });

  test('and not one at another time', () => {
    const run = start();
    night(run, 3);
    run.add(100, 600);
    run.add(60_000, 5);
    expect(run.states).toEqual(['began', 'lasts']);
  });
});

test('below the least nothing is unusual, whatever is usual', () => {
  const run = start();
  run.add(0, 1500);
  run.add(90, 30);
  expect(run.states).toEqual([]);
  run.add(0, 1500);
  run.add(5000, 5);
  expect(run.states).toEqual(['began', 'lasts']);
});

test('while learning nothing is told', () => {
  const run = start();
  run.add(100, 700);
  run.add(100_000, 10);
  run.add(100, 700);
  expect(run.states).toEqual([]);
});
