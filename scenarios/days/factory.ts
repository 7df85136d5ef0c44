import {
  asksTime,
  backsUp,
  builds,
  callsHome,
  checks,
  looksAround,
  measures,
  scrapes,
  shipsLogs,
} from './machines.ts';
import { arrives, browses, calls, type Hours, keepsOpen } from './people.ts';
import { day, type Host, hour, minute, Site, second } from './site.ts';

const shift: Hours = [
  [6 * hour, 14 * hour],
  [14.2 * hour, 22 * hour],
];

/** A factory with an edge machine, controllers that tell a broker, a build machine, and a way out that is broken twice that day. */
export function factory(midnight: number, seed: number): Site {
  const site = new Site('factory', '10.20.30.0', midnight, seed);
  const edge = site.host('edge', 1);
  site.partners.push(
    'archive.storage.example',
    'www.company.example',
    'runner.code.example',
    'logs.cloud.example',
    'cloud.meter.example',
  );
  site.resolvesBy(edge);
  const broker = site.host('broker', 5);
  const press = site.host('press', 11);
  const oven = site.host('oven', 12);
  const meter = site.host('meter', 13);
  const panel = site.host('panel', 20);
  const historian = site.host('historian', 21);
  const build = site.host('build', 30);
  const engineer = site.host('engineer', 31);
  const recorder = site.host('recorder', 40);

  site.breaks(9.4 * hour, 9.4 * hour + 4 * minute);
  site.breaks(16.1 * hour, 16.1 * hour + 90 * second);
  for (const host of [edge, broker, press, oven, panel, historian, build, recorder]) asksTime(site, host);
  scrapes(
    site,
    edge,
    [broker, panel, historian, build].map((host) => [host.address, 9100] as const),
  );
  probes(site, edge);
  measures(site, press, broker.address, 10 * second);
  measures(site, oven, broker.address, 30 * second);
  measures(site, meter, broker.address, minute, 20 * minute);
  measures(site, historian, broker.address, 5 * second);
  callsHome(site, meter, 'cloud.meter.example', 15 * minute, { spread: 0.01, up: 900, down: 120 });
  controls(site, panel, [press, oven]);
  looksAround(site, panel, 0, day);
  callsHome(site, panel, 'telemetry.windows.example', 15 * minute, { spread: 0.3 });
  callsHome(site, panel, 'definitions.scanner.example', hour, { spread: 0.1, down: 40_000 });
  for (const at of [9.1, 10.6, 11.2, 13.7, 15.4, 15.9, 17.3, 23.5]) builds(site, build, at * hour);
  callsHome(site, build, 'runner.code.example', 30 * second, { spread: 0.02, up: 500, down: 300 });
  shipsLogs(site, historian, 'logs.cloud.example', [12 * hour, 13.5 * hour]);
  backsUp(site, historian, recorder.address, 1 * hour, 8e8);
  backsUp(site, recorder, 'archive.storage.example', 3 * hour, 1.2e9);
  for (const [from, to] of shift.slice(0, 1)) {
    arrives(site, engineer, from + 1.5 * hour, true);
    browses(site, engineer, [[from + 1.5 * hour, to + 2 * hour]], 14);
    keepsOpen(site, engineer, 'chat.office.example', [[from + 1.5 * hour, to + 2 * hour]], 4 * minute);
    calls(site, engineer, 10 * hour, 45 * minute);
    calls(site, engineer, 14 * hour, 25 * minute);
  }
  return site;
}

/** From outside it is to be seen whether the shop window of the company is up: asked from here, every half minute. */
function probes(site: Site, edge: Host): void {
  for (let at = 7 * second; at < day; at += 30 * second)
    site.secure(edge, 'www.company.example', at, [{ after: 0, up: 200, down: 7000 }]);
  const broker = site.hosts.find(({ name }) => name === 'broker')!;
  checks(
    site,
    edge,
    [
      { to: broker.address, port: 1883 },
      { to: site.inside(99), port: 502, fate: 'silent' },
    ],
    2 * minute,
  );
}

/** A panel asks controllers every few seconds, by Modbus over a connection that stays. */
function controls(site: Site, panel: Host, controllers: readonly Host[]): void {
  for (const { address } of controllers) {
    const exchanges = Array.from({ length: Math.floor(day / (6 * second)) - 2 }, () => ({
      after: 6 * second,
      up: 12,
      down: 29,
    }));
    site.connect({ at: second, from: panel, to: address, port: 502, exchanges, end: 'stays' });
  }
}
