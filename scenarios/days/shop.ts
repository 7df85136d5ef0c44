import {
  asksTime,
  backsUp,
  callsHome,
  checks,
  looksAround,
  prints,
  shipsLogs,
  telephones,
} from './machines.ts';
import { arrives, browses, type Hours, keepsOpen } from './people.ts';
import { day, hour, minute, Site, second } from './site.ts';
import { address } from './trace.ts';

const open: Hours = [[8.5 * hour, 19 * hour]];

/** A shop with a web server of its own, two tills, an office, guests behind one address. */
export function shop(midnight: number, seed: number): Site {
  const site = new Site('shop', '192.168.10.0', midnight, seed);
  const router = site.host('router', 1);
  site.partners.push(
    'backup.storage.example',
    'heartbeat.payments.example',
    'authorize.payments.example',
    'sip.telephony.example',
  );
  site.resolvesBy(router);
  const web = site.host('web', 10);
  const tills = [site.host('till-1', 21), site.host('till-2', 22)];
  const office = site.host('office', 30);
  const laptop = site.host('laptop', 31);
  const printer = site.host('printer', 40);
  const nas = site.host('nas', 41);
  const camera = site.host('camera', 42);
  const phone = site.host('phone', 43);
  const guests = site.host('guests', 50);

  for (const host of [router, web, ...tills, nas, camera, phone]) asksTime(site, host);
  visits(site);
  shipsLogs(site, web, 'logs.hosting.example');
  callsHome(site, web, 'ocsp.certificates.example', 3 * hour, { isPlain: true });
  for (const till of tills) {
    callsHome(site, till, 'heartbeat.payments.example', 5 * minute, { spread: 0.01, up: 420, down: 300 });
    sells(site, till.name);
    prints(site, till, printer.address, true, open[0]![0], open[0]![1]);
  }
  browses(
    site,
    office,
    [
      [9 * hour, 12.5 * hour],
      [13.2 * hour, 18 * hour],
    ],
    12,
  );
  keepsOpen(site, office, 'chat.office.example', [[8.8 * hour, 18.2 * hour]], 4 * minute);
  looksAround(site, office, 8.8 * hour, 18.2 * hour);
  prints(site, office, printer.address, true, 8.8 * hour, 18.2 * hour);
  prints(site, office, site.inside(45), false, 8.8 * hour, 18.2 * hour);
  callsHome(site, office, 'update.browser.example', 5 * hour, { from: 8.8 * hour, to: 18.2 * hour });
  callsHome(site, office, 'telemetry.windows.example', 15 * minute, {
    spread: 0.3,
    from: 8.8 * hour,
    to: 18.2 * hour,
  });
  for (const [from, to] of [
    [10 * hour, 11.3 * hour],
    [14 * hour, 16 * hour],
    [20 * hour, 21 * hour],
  ] as const) {
    arrives(site, laptop, from, true);
    browses(site, laptop, [[from, to]], 14);
    looksAround(site, laptop, from, to);
  }
  backsUp(site, office, nas.address, 18 * hour, 6e8);
  backsUp(site, nas, 'backup.storage.example', 2 * hour, 9e8);
  callsHome(site, nas, 'update.nas.example', 6 * hour);
  keepsOpen(site, nas, 'relay.nas.example', [[0, day]], 10 * minute);
  callsHome(site, camera, 'relay.camera.example', 10 * minute, { spread: 0.02, up: 300, down: 200 });
  telephones(site, phone, open[0]![0], open[0]![1]);
  visitors(site, guests.name);
  checks(
    site,
    nas,
    [
      { to: web.address, port: 443 },
      { to: printer.address, port: 0 },
    ],
    5 * minute,
  );
  return site;
}

/** Customers of the web server, from everywhere, and a service that looks every minute whether it is up. */
function visits(site: Site): void {
  const random = site.random.fork('visits');
  const web = site.hosts.find(({ name }) => name === 'web')!;
  const from = (number: number) => ({
    name: '',
    address: site.outside(`visitor ${number}`),
    port: 33_000 + (number % 20_000),
    known: new Map(),
  });
  for (let at = 0, number = 0; at < day; number++) {
    const isDay = at > 7 * hour && at < 23 * hour;
    at += random.wait(isDay ? 40 * second : 5 * minute);
    const exchanges = Array.from({ length: Math.ceil(random.heavy(1, 12)) }, () => ({
      after: random.wait(2 * second),
      up: random.whole(300, 3000),
      down: Math.ceil(random.heavy(2000, 5e6)),
    }));
    // Some give up before the answer comes, as those on the move do.
    const fate = random.chance(0.004) ? 'silent' : 'answered';
    for (let one = 0; one < 1 + (number % 3); one++)
      site.connect({
        at: at + one * 30,
        from: from(number),
        to: web.address,
        port: 443,
        fate,
        exchanges,
        end: random.chance(0.3) ? 'rst' : 'fin',
      });
  }
  const watcher = from(-1);
  for (let at = 0; at < day; at += minute)
    site.connect({
      at,
      from: watcher,
      to: web.address,
      port: 443,
      exchanges: [{ after: 0, up: 400, down: 900 }],
    });
}

/** Each sale asks the bank. */
function sells(site: Site, name: string): void {
  const random = site.random.fork(`sells ${name}`);
  const till = site.hosts.find((host) => host.name === name)!;
  for (let at = open[0]![0]; at < open[0]![1]; at += random.wait(3 * minute))
    site.secure(till, 'authorize.payments.example', at, [
      { after: 0, up: random.whole(900, 1200), down: 700, takes: 600 },
    ]);
}

/** Guests come and go; to the site they are one address. */
function visitors(site: Site, name: string): void {
  const random = site.random.fork('visitors');
  const guests = site.hosts.find((host) => host.name === name)!;
  for (let at = 9 * hour; at < 18.5 * hour; at += random.wait(25 * minute)) {
    const stays = random.heavy(4 * minute, hour, 1);
    arrives(site, guests, at, false);
    browses(site, guests, [[at, at + stays]], 30);
    // Push messages of telephones: one connection while they are here.
    site.connect({
      at: at + 5 * second,
      from: guests,
      to: address('198.19.200.7'),
      port: 5223,
      exchanges: [
        { after: 0, up: 900, down: 4000 },
        { after: stays, up: 60, down: 60 },
      ],
      end: 'rst',
    });
  }
}
