import { expect } from 'vitest';
import { beacon } from './beacon.ts';
import type { Alert, Finding } from './detector.ts';
import { AlertFolder } from './fold.ts';
import { detect, readLog, readLogs } from './recorded.fixture.ts';
import { recorded } from './recorded-test.fixture.ts';

const days = ['rita-missing-host/2024-04-19', 'rita-missing-host/2024-04-20'] as const;

/** What was told, each with its repeats as one. */
function alertsOf(findings: readonly Finding[]): Alert[] {
  let ids = 0;
  const folder = new AlertFolder({ newId: () => `${++ids}`, lostBetween: () => 0 });
  return [
    ...new Map(findings.map((finding) => folder.fold(finding).alert).map((one) => [one.id, one])).values(),
  ];
}

recorded("RITA's missing host: its beacon is found on both days, and one other a day at most", days, () => {
  const { findings, evicted } = detect(
    beacon,
    days.flatMap((day) => readLogs(day, 'conn.')),
  );
  const isIt = (title: string) => title.startsWith('Beacon: 73.54.23.243 calls 64.225.56.201:80 ');
  const alerts = alertsOf(findings);
  const found = alerts.filter(({ title }) => isIt(title));
  const others = alerts.filter(({ title }) => !isIt(title));
  console.info(
    `missing host: found ${found.map(({ firstAt, lastAt }) => `${new Date(firstAt).toISOString()} to ${new Date(lastAt).toISOString()}`).join(' and ')}; in 2 days ${others.length} others: ${others.map(({ title }) => title).join('; ')}; ${evicted} pairs evicted`,
  );
  expect(
    found.map(({ firstAt, lastAt }) => [firstAt, lastAt].map((at) => new Date(at).getUTCDate())),
  ).toEqual([[19, 20]]);
  expect(others.length).toBeLessThanOrEqual(days.length);
});

const desktops = [
  '008-zeek-mixed__data__conn.log.labeled',
  '010-zeek-mixed__data__conn.log.labeled',
] as const;

recorded(
  'two desktops for a day each: no more than two services of makers of software are named',
  desktops,
  () => {
    const titles = desktops.flatMap((file) =>
      alertsOf(detect(beacon, readLog(file)).findings).map(({ title }) => title),
    );
    console.info(`desktops: ${titles.length} false in 2 host-days: ${titles.join('; ')}`);
    expect(titles.length).toBeLessThanOrEqual(2);
  },
);
