import { RecordType } from './messages.ts';
import { hashOf, type Random } from './random.ts';
import { day, type Host, hour, minute, type Site, second } from './site.ts';
import { address } from './trace.ts';

/** When somebody is at a machine, ms since midnight. */
export type Hours = readonly (readonly [from: number, to: number])[];

/** Places that people go to, the popular ones first; each with the others that its pages fetch from. */
const places = Array.from({ length: 600 }, (_, number) => ({
  name: `www.${word(number)}.example`,
  parts: Array.from({ length: 3 + (hashOf(`parts ${number}`) % 14) }, (_part, part) => partOf(number, part)),
}));

/** Every hundredth or so of what pages fetch from is gone: its name, or its server. */
const goneNames = 0.004;
const goneServers = 0.006;

/** Somebody who reads the web: sessions come independently, each of a few pages, each page of many parts. */
export function browses(site: Site, host: Host, hours: Hours, pagesAnHour: number): void {
  const random = site.random.fork(`browses ${host.name}`);
  for (const [from, to] of hours) {
    for (let at = from + random.wait(10 * minute); at < to; at += random.wait((8 * hour) / pagesAnHour)) {
      const pages = Math.ceil(random.heavy(3, 40, 1.1));
      let page = at;
      for (let number = 0; number < pages && page < to; number++) {
        readsPage(site, host, random, page);
        page += random.heavy(5 * second, 10 * minute, 1);
      }
    }
  }
}

function readsPage(site: Site, host: Host, random: Random, at: number): void {
  const { name, parts } = random.popular(places);
  const wanted = [name, ...parts.filter(() => random.chance(0.7))];
  for (const part of wanted) fetches(site, host, random, part, at + random.between(0, 1500));
}

function fetches(site: Site, host: Host, random: Random, name: string, at: number): void {
  const fate = hashOf(`gone ${name}`) / 2 ** 32;
  if (fate < goneNames) {
    site.lookup(host, name, at, { code: 3, ttl: minute });
    return;
  }
  if (random.chance(0.3)) site.lookup(host, name, at, { type: RecordType.https, ttl: 5 * minute });
  const requests = Math.ceil(random.heavy(1, 20));
  const exchanges = Array.from({ length: requests }, () => ({
    after: random.wait(200),
    up: random.whole(300, 2500),
    down: Math.ceil(random.heavy(800, 2e7, 0.9)),
    takes: random.wait(150),
  }));
  const isGone = fate < goneNames + goneServers;
  site.secure(
    host,
    name,
    at,
    exchanges,
    isGone ? { fate: 'silent' } : { end: random.chance(0.2) ? 'rst' : 'fin' },
  );
}

/**
 * A call with picture over a server outside: tries the ways that the other side has named, of which the private ones lead nowhere here
 * (RFC 8445), then sends to the one that works. One packet stands for 25.
 */
export function calls(site: Site, host: Host, at: number, lasts: number): void {
  const random = site.random.fork(`calls ${host.name} ${at}`);
  const server = site.outside('media.video.example');
  site.secure(host, 'signal.video.example', at, [
    { after: 300, up: 4000, down: 9000 },
    { after: lasts, up: 800, down: 600 },
  ]);
  const port = 50_000 + random.whole(0, 9_000);
  for (const other of [
    address('192.168.1.23'),
    address('172.17.0.1'),
    address('10.8.0.6'),
    address('192.168.56.1'),
  ]) {
    for (let tries = 0; tries < 7; tries++)
      site.datagram(at + second + tries * 400, host, other, 50_000 + (other % 9_000), 100, undefined, port);
  }
  for (let now = at + 2 * second; now < at + lasts; now += 600)
    site.datagram(now, host, server, 3478, random.whole(12_000, 24_000), random.whole(12_000, 28_000), port);
}

/** A laptop or phone that joins: asks for an address, looks whether it is free to go, and takes up what it was at elsewhere. */
export function arrives(site: Site, host: Host, at: number, isWindows: boolean): void {
  const random = site.random.fork(`arrives ${host.name} ${at}`);
  site.datagram(at, host, address('255.255.255.255'), 67, 300, undefined, 68);
  site.datagram(at + 200, host, site.inside(1), 67, 300, 300, 68);
  const check = isWindows ? 'www.connect.test-page.example' : 'captive.phone.example';
  const ready = site.lookup(host, check, at + second);
  site.connect({
    at: ready,
    from: host,
    to: site.outside(check),
    port: 80,
    http: check,
    exchanges: [{ after: 0, up: 120, down: 180 }],
  });
  // What stands at home, or in another office, is not here.
  for (const [home, port] of [
    ['192.168.1.20', 445],
    ['192.168.1.30', 9100],
  ] as const)
    site.connect({
      at: at + random.between(2, 9) * second,
      from: host,
      to: address(home),
      port,
      fate: 'silent',
      exchanges: [],
    });
  for (let number = 0; number < 12; number++)
    fetches(site, host, random, `sync${number}.apps.example`, at + random.between(2, 20) * second);
}

/** Messages come over one connection that is open as long as somebody is there, with a word now and then. */
export function keepsOpen(site: Site, host: Host, name: string, hours: Hours, every: number): void {
  for (const [from, to] of hours) {
    const words = Math.floor((Math.min(to, day) - from) / every);
    const exchanges = Array.from({ length: words }, () => ({ after: every, up: 64, down: 64 }));
    site.secure(host, name, from, exchanges, to >= day ? { end: 'stays' } : {});
  }
}

/** Name number `part` of those that a page fetches from: content networks with names of their own for each customer, or a few that all use. */
function partOf(number: number, part: number): string {
  const hash = hashOf(`part ${number} ${part}`);
  const kind = hash % 10;
  if (kind < 3) return `static.${word(number)}.example`;
  if (kind < 5) return `d${(hash >>> 4).toString(36).padEnd(7, 'q')}.cloudfront.net`;
  if (kind < 6) return `e${hash % 20_000}.dsc${'abcdefg'[hash % 7]}.akamaiedge.net`;
  if (kind < 7) return `${word(hash % 900)}-${hash % 97}.azureedge.net`;
  return `${['cdn', 'ads', 'tags', 'fonts', 'img', 'api'][hash % 6]}.${word(hash % 120)}-services.example`;
}

/** A made-up word, the same for the same number. */
function word(number: number): string {
  const hash = hashOf(`word ${number}`);
  const syllables = [
    'ba',
    'de',
    'ki',
    'lo',
    'mu',
    'na',
    'po',
    'ra',
    'si',
    'te',
    'vo',
    'wi',
    'za',
    'fe',
    'gu',
    'he',
  ];
  return [0, 4, 8, 12].map((shift) => syllables[(hash >>> shift) & 15]).join('');
}
