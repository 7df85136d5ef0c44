import { expect, test } from 'vitest';
import { ratioOf, Upload, UploadHistory } from './upload.ts';

const hour = 3_600_000;
const day = 24 * hour;

test('the ratio goes from -1, all received, to 1, all sent', () => {
  expect([ratioOf(0, 5), ratioOf(5, 5), ratioOf(3, 1), ratioOf(5, 0), ratioOf(0, 0)]).toEqual([
    -1, 0, 0.5, 1, 0,
  ]);
});

test('an hour and a day begin with the first upload after the last has passed', () => {
  const upload = new Upload();
  for (const at of [0, hour - 1, hour, 25 * hour]) upload.add(at, 10, 1);
  expect(upload.hour).toMatchObject({ start: 25 * hour, sent: 10 });
  expect(upload.day).toMatchObject({ start: 25 * hour, sent: 10, received: 1 });
});

test('history is the most of the seven days before today, and forgets the eighth', () => {
  const upload = new Upload();
  const history = new UploadHistory(0);
  const learn = (at: number, sent: number, received: number) => {
    upload.add(at, sent, received);
    history.learn(at, upload, sent, received);
  };
  learn(hour, 500, 1500);
  expect(history.mostInHour).toBe(0);
  expect(history.usualRatio).toBeUndefined();
  learn(2 * day, 100, 0);
  expect([history.mostInHour, history.mostInDay, history.usualRatio]).toEqual([500, 500, -0.5]);
  history.turn(7 * day);
  expect(history.mostInHour).toBe(500);
  history.turn(8 * day);
  expect(history.mostInHour).toBe(100);
  history.turn(100 * day);
  expect([history.mostInHour, history.mostInDay]).toEqual([0, 0]);
});

test('what was learned of one place is taken back, and what another sent stands', () => {
  const history = new UploadHistory(0);
  const [one, other] = [new Upload(), new Upload()];
  const learn = (at: number, upload: Upload, sent: number) => {
    upload.add(at, sent, 0);
    history.learn(at, upload, sent, 0);
  };
  learn(20 * hour, one, 500);
  learn(20 * hour, other, 200);
  learn(21 * hour, one, 300);
  learn(25 * hour, one, 100);
  expect([history.mostInHour, history.mostInDay]).toEqual([500, 800]);
  history.forget(one);
  expect([history.mostInHour, history.mostInDay]).toEqual([200, 200]);
  history.turn(3 * day);
  expect([history.mostInHour, history.mostInDay]).toEqual([200, 200]);
});
