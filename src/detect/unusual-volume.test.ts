import { expect, test } from 'vitest';
import type { Flow } from '../flow/flow.ts';
import type { Finding } from './detector.ts';
import { flowOf, named } from './flow.fixture.ts';
import { give } from './recorded.fixture.ts';
import { unusualVolume } from './unusual-volume.ts';

const minute = 60_000;
const client = '198.51.100.20';
const service = '10.0.0.80';

function start(settings: object = {}) {
  const detector = unusualVolume.create(unusualVolume.options.parse(settings));
  const findings: Finding[] = [];
  let now = 0;
  let state = 1;
  return {
    detector,
    findings,
    see: (flow: Flow) => findings.push(...give(detector, flow)),
    /** Minutes in which so many flows call the service, with so many bytes each way, up and down by a third. */
    minutes(count: number, flows: number, forth: number, back: number, change = (flow: Flow) => flow) {
      for (let n = 0; n < count; n++) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        const part = 0.67 + (0.66 * state) / 2 ** 32;
        for (let one = 0; one < Math.round(flows * part); one++) {
          const at = now + Math.floor((one / flows) * 30_000);
          this.see(
            change(
              flowOf(client, service, 443, {
                state: 'closed',
                seenBy: 'network',
                openedAt: at,
                closedAt: at,
                sent: { packets: 1, bytes: (forth * part) / flows },
                received: { packets: 1, bytes: (back * part) / flows },
              }),
            ),
          );
        }
        for (const end = now + minute; now < end; ) {
          now += 1000;
          findings.push(...detector.onTick!(now));
        }
      }
    },
  };
}

test('a service that sends much more than ever is told after three minutes, with what is usual', () => {
  const run = start();
  run.minutes(1500, 5, 2e6, 10e6);
  expect(run.findings).toEqual([]);
  run.minutes(2, 5, 2e6, 900e6);
  expect(run.findings).toEqual([]);
  run.minutes(20, 5, 2e6, 900e6);
  expect(run.findings).toHaveLength(1);
  const [finding] = run.findings;
  expect(finding).toMatchObject({ entity: service, severity: 'medium', techniques: [{ id: 'T1048' }] });
  expect(finding!.title).toMatch(/^Unusual volume: 10\.0\.0\.80:443 sends \d+ MB a minute$/);
  expect(finding!.explanation).toMatch(/Usual of late are (9|10|11)\.\d MB; .* probability of 0\.0001/);
  expect(finding!.evidence[1]!.expected).toMatch(/^at most \d/);
});

test('so are bytes that it is sent, and connections to it', () => {
  const bytes = start();
  bytes.minutes(1500, 5, 2e6, 10e6);
  bytes.minutes(4, 5, 300e6, 10e6);
  expect(bytes.findings.map(({ title }) => title.replace(/\d+ MB/, 'N'))).toEqual([
    `Unusual volume: ${service}:443 receives N a minute`,
  ]);
  const flows = start();
  flows.minutes(1500, 5, 2e6, 10e6);
  flows.minutes(4, 3000, 2e6, 10e6);
  expect(flows.findings.map(({ title }) => title.replace(/\d+ c/, 'N c'))).toEqual([
    `Unusual volume: ${service}:443 gets N connections a minute`,
  ]);
});

test('a client of ours is told over all it talks to', () => {
  const run = start();
  let to = 0;
  const fromOurs = (flow: Flow) => ({
    ...flow,
    source: flowOf(service, client, 1).source,
    destination: flowOf(service, `198.51.100.${++to % 250}`, 443).destination,
  });
  run.minutes(1500, 5, 2e6, 10e6, fromOurs);
  run.minutes(4, 50, 400e6, 10e6, fromOurs);
  expect(run.findings.map(({ entity, techniques }) => [entity, techniques[0]!.id])).toEqual([
    [service, 'T1048'],
  ]);
});

test('not: ends of others, what is small, what is busy at all times, and the first day', () => {
  const others = start();
  const foreign = (flow: Flow) => ({ ...flow, destination: flowOf(client, '203.0.113.1', 443).destination });
  others.minutes(1500, 5, 2e6, 10e6, foreign);
  others.minutes(5, 5, 900e6, 900e6, foreign);
  expect(others.findings).toEqual([]);
  const declared = (flow: Flow) => {
    const { destination } = named(foreign(flow), '', 'shop/web');
    return { ...flow, destination };
  };
  others.minutes(1500, 5, 2e6, 10e6, declared);
  others.minutes(5, 5, 900e6, 10e6, declared);
  expect(others.findings.map(({ entity }) => entity)).toEqual(['shop/web']);
  const small = start();
  small.minutes(1500, 1, 2e3, 1e3);
  small.minutes(5, 100, 10e6, 10e6);
  expect(small.findings).toEqual([]);
  const busy = start();
  busy.minutes(3000, 5, 800e6, 900e6);
  expect(busy.findings).toEqual([]);
  const first = start();
  first.minutes(700, 5, 2e6, 1e6);
  first.minutes(30, 5, 900e6, 900e6);
  expect(first.findings).toEqual([]);
});

test('a flood of ends does not push out one that is followed, and memory is what the doc says', () => {
  const run = start({ maxPlaces: 64 });
  run.minutes(1500, 5, 2e6, 10e6);
  const before = run.detector.evicted();
  for (let n = 0; n < 20_000; n++)
    run.see(flowOf(`10.1.${(n >> 8) & 255}.${n & 255}`, client, 443, { openedAt: 1500 * minute }));
  expect(run.detector.evicted() - before).toBeGreaterThan(19_000);
  run.minutes(5, 5, 2e6, 900e6);
  expect(run.findings).toHaveLength(1);
  expect(run.detector.stateBytes()).toBeLessThan(64 * 1000 + 8200);
});
