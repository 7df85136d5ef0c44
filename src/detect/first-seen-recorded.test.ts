import { expect } from 'vitest';
import { detect, readLog, readLogs } from './recorded.fixture.ts';
import { recorded } from './recorded-test.fixture.ts';
import { detectors } from './registry.ts';

const hour = 3_600_000;
const days = ['rita-missing-host/2024-04-19', 'rita-missing-host/2024-04-20'] as const;
const desktops = [
  ['008-zeek-mixed__data__conn.log.labeled', '147.32.81.167/32'],
  ['010-zeek-mixed__data__conn.log.labeled', '147.32.83.234/32'],
] as const;

/** Recordings with how long of each is learned, which is too short, and how many host-days are left. */
const quiet = () => [
  ...desktops.map(([file, inside]) => ({ flows: readLog(file), inside: [inside], learnMs: 12 * hour })),
  {
    flows: days.flatMap((day) => readLogs(day, 'conn.')),
    inside: ['64.225.56.201/32'],
    learnMs: 24 * hour,
  },
];
const hostDays = 0.5 + 0.5 + 1;

const ids = ['new-peer', 'new-service', 'new-listening-port'];

for (const definition of detectors.filter(({ id }) => ids.includes(id))) {
  recorded(
    `${definition.id}: two desktops and a server on public addresses, of which half the time is learned`,
    [...desktops.map(([file]) => file), ...days],
    () => {
      const titles = quiet().flatMap(({ flows, inside, learnMs }) =>
        detect(definition, flows, { inside, learnMs }).findings.map(({ title }) => title),
      );
      console.info(`${definition.id}: ${titles.length} told in ${hostDays} host-days: ${titles.join('; ')}`);
      expect(titles.length).toBeLessThanOrEqual(3);
    },
  );
}
