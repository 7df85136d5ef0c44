import { RecordType } from './messages.ts';
import { hashOf } from './random.ts';
import { day, type Fate, type Host, hour, minute, type Site, second } from './site.ts';
import { address } from './trace.ts';

/** A service inside that is asked at regular times, each time by a connection of its own. */
export interface Checked {
  readonly to: number;
  readonly port: number;
  readonly fate?: Fate;
}

/** Asks four servers for the time, as ntpd and chrony do: less often the longer they agree. One of them is gone. */
export function asksTime(site: Site, host: Host, until = day): void {
  const random = site.random.fork(`time ${host.name}`);
  for (let number = 0; number < 4; number++) {
    const server = site.outside(`${number}.pool.ntp.example`);
    let every = 64 * second;
    for (let at = random.between(0, minute); at < until; at += random.around(every, 0.02)) {
      site.datagram(at, host, server, 123, 48, number === 3 && host.address % 3 === 0 ? undefined : 48, 123);
      every = Math.min(every * 2, 1024 * second);
    }
  }
}

/** A program that calls its maker at regular times: news, licences, measurements. Each call is a connection. */
export function callsHome(
  site: Site,
  host: Host,
  name: string,
  every: number,
  { spread = 0.05, up = 700, down = 900, from = 0, to = day, isPlain = false } = {},
): void {
  const random = site.random.fork(`home ${host.name} ${name}`);
  for (let at = from + random.between(0, every); at < to; at += random.around(every, spread)) {
    const exchanges = [
      { after: 0, up: random.whole(up, up + 60), down: Math.ceil(random.heavy(down, down * 40, 2)) },
    ];
    if (!isPlain) site.secure(host, name, at, exchanges);
    else {
      const ready = site.lookup(host, name, at);
      site.connect({ at: ready, from: host, to: site.outside(name), port: 80, http: name, exchanges });
    }
  }
}

/** Prometheus: one connection for each target, open all day, a page of numbers every 15 s. */
export function scrapes(
  site: Site,
  host: Host,
  targets: readonly (readonly [to: number, port: number])[],
): void {
  const random = site.random.fork(`scrapes ${host.name}`);
  for (const [to, port] of targets) {
    const at = random.between(0, 15 * second);
    const page = random.whole(9_000, 60_000);
    const exchanges = Array.from({ length: Math.floor((day - at) / (15 * second)) }, (_, number) => ({
      after: number === 0 ? 0 : 15 * second - 1.4,
      up: 310,
      down: page + random.whole(0, 200),
    }));
    site.connect({ at, from: host, to, port, http: 'metrics', exchanges, end: 'stays' });
  }
}

/** Monitoring that looks at regular times whether known services answer. */
export function checks(site: Site, host: Host, list: readonly Checked[], every: number): void {
  const random = site.random.fork(`checks ${host.name}`);
  for (const { to, port, fate = 'answered' } of list) {
    for (let at = random.between(0, every); at < day; at += every) {
      if (port === 0) site.ping(at, host, to, fate === 'answered');
      else if (port === 161) site.datagram(at, host, to, port, 90, fate === 'answered' ? 140 : undefined);
      else site.connect({ at, from: host, to, port, fate, exchanges: [{ after: 1, up: 40, down: 200 }] });
    }
  }
}

/** Windows looks who else is there: names by broadcast and multicast, printers, shares. */
export function looksAround(site: Site, host: Host, from: number, to: number): void {
  const random = site.random.fork(`looks ${host.name}`);
  const [netbios, llmnr, ssdp, discovery, mdns] = ['255', '', '', '', ''].map((_, at) =>
    at === 0
      ? site.inside(255)
      : address(['', '224.0.0.252', '239.255.255.250', '239.255.255.250', '224.0.0.251'][at]!),
  );
  for (let at = from; at < to; at += random.wait(6 * minute)) {
    site.datagram(at, host, netbios!, 137, 50, undefined, 137);
    site.datagram(at + 20, host, llmnr!, 5355, 30);
    site.datagram(at + 430, host, llmnr!, 5355, 30);
    site.datagram(at + 900, host, mdns!, 5353, 40, undefined, 5353);
    if (random.chance(0.3)) site.datagram(at + second, host, ssdp!, 1900, 170);
    if (random.chance(0.2)) site.datagram(at + 2 * second, host, discovery!, 3702, 680);
    if (random.chance(0.3)) site.lookup(host, 'wpad.site.local', at + 10, { code: 3, ttl: minute });
    if (random.chance(0.1)) site.datagram(at + 3 * second, host, netbios!, 138, 200, undefined, 138);
  }
}

/** A queue for a printer asks it by SNMP how it does, and sends it what is to be printed. */
export function prints(
  site: Site,
  host: Host,
  printer: number,
  isThere: boolean,
  from: number,
  to: number,
): void {
  const random = site.random.fork(`prints ${host.name} ${printer}`);
  for (let at = from + random.between(0, 10 * minute); at < to; at += 10 * minute)
    site.datagram(at, host, printer, 161, 80, isThere ? 110 : undefined);
  if (!isThere) return;
  for (let at = from + random.wait(hour); at < to; at += random.wait(hour))
    site.connect({
      at,
      from: host,
      to: printer,
      port: 9100,
      exchanges: [{ after: 5, up: Math.ceil(random.heavy(40_000, 2e7)), down: 20 }],
    });
}

/** A telephone: registers with the provider every two minutes, and speaks now and then. One packet stands for 25. */
export function telephones(site: Site, host: Host, from: number, to: number): void {
  const random = site.random.fork(`telephones ${host.name}`);
  const provider = site.outside('sip.telephony.example');
  for (let at = random.between(0, minute); at < day; at += 2 * minute)
    site.datagram(at, host, provider, 5060, 620, 410, 5060);
  for (let at = from + random.wait(20 * minute); at < to; at += random.wait(20 * minute)) {
    const end = at + random.heavy(30 * second, hour, 1.1);
    const port = 16_384 + 2 * random.whole(0, 4000);
    const media = site.outside(`media${random.whole(0, 5)}.telephony.example`);
    for (let now = at; now < end; now += 500)
      site.datagram(now, host, media, 20_000 + (port % 9000), 4300, 4300, port);
  }
}

/** A copy of everything at night: to a store inside, or one outside. */
export function backsUp(site: Site, host: Host, to: number | string, at: number, bytes: number): void {
  const random = site.random.fork(`backup ${host.name}`);
  const parts = Math.ceil(bytes / 50e6);
  const exchanges = Array.from({ length: parts }, () => ({
    after: random.wait(3 * second),
    up: Math.ceil(bytes / parts),
    down: 900,
  }));
  if (typeof to === 'string') site.secure(host, to, at, exchanges);
  else site.connect({ at, from: host, to, port: 445, exchanges });
}

/** Sensors tell a broker what they measure; one with bad reception loses its connection every so often. */
export function measures(site: Site, host: Host, broker: number, every: number, lostEvery = day): void {
  const random = site.random.fork(`measures ${host.name}`);
  for (let at = random.between(0, minute); at < day; ) {
    const stays = lostEvery === day ? day : random.wait(lostEvery);
    const exchanges = Array.from({ length: Math.max(1, Math.floor(stays / every)) }, () => ({
      after: random.around(every, 0.02),
      up: random.whole(60, 90),
      down: 4,
    }));
    at =
      site.connect({ at, from: host, to: broker, port: 1883, exchanges, end: 'rst' }) +
      random.between(1, 8) * second;
  }
}

/** A build that fetches what it is made of: hundreds of connections to a few registries in minutes. */
export function builds(site: Site, host: Host, at: number): void {
  const random = site.random.fork(`builds ${host.name} ${at}`);
  const registries = [
    'registry.packages.example',
    'files.packages.example',
    'proxy.modules.example',
    'images.registry.example',
    'git.code.example',
  ];
  for (let number = 0; number < random.whole(60, 260); number++) {
    const exchanges = [
      {
        after: 0,
        up: random.whole(300, 800),
        down: Math.ceil(random.heavy(2_000, 5e7, 0.8)),
        takes: random.wait(300),
      },
    ];
    site.secure(host, random.popular(registries), at + random.between(0, 4 * minute), exchanges);
  }
}

/**
 * Sends what it logs to a service outside over one connection. While that is away it tries again, waiting twice as long each time, a minute
 * at most.
 */
export function shipsLogs(
  site: Site,
  host: Host,
  name: string,
  away?: readonly [from: number, to: number],
): void {
  const random = site.random.fork(`ships ${host.name}`);
  const part = (from: number, to: number) => {
    const exchanges = Array.from({ length: Math.floor((to - from) / (20 * second)) }, () => ({
      after: 20 * second,
      up: Math.ceil(random.heavy(900, 2e5)),
      down: 60,
    }));
    site.secure(host, name, from, exchanges, to >= day ? { end: 'stays' } : { end: 'rst' });
  };
  if (away === undefined) {
    part(0, day);
    return;
  }
  part(0, away[0]);
  let wait = second;
  for (let at = away[0] + second; at < away[1]; at += random.around(wait, 0.1)) {
    site.connect({ at, from: host, to: site.outside(name), port: 443, fate: 'refused', exchanges: [] });
    wait = Math.min(wait * 2, minute);
  }
  part(away[1], day);
}

/** A mail server: who comes, is looked up in lists of senders (RFC 5782), by name and by what their domain says; some is sent. */
export function carriesMail(site: Site, host: Host, mailsAnHour: number, spamAt: number): void {
  const random = site.random.fork(`mail ${host.name}`);
  const receive = (at: number) => receives(site, host, random.whole(0, 0x7fff_ffff), at);
  for (
    let at = random.wait(minute);
    at < day;
    at += random.wait((hour / mailsAnHour) * (at < 7 * hour || at > 19 * hour ? 4 : 1))
  )
    receive(at);
  // One message from many senders at once, as they come.
  for (let at = spamAt; at < spamAt + 4 * minute; at += random.wait(2.5 * second)) receive(at);
  for (let at = 7 * hour; at < 18 * hour; at += random.wait(6 * minute)) {
    const domain = `mail-${random.whole(0, 4000)}.example`;
    const ready = site.lookup(host, domain, at, { type: RecordType.mx, ttl: hour });
    const fate = random.chance(0.03) ? 'silent' : random.chance(0.02) ? 'refused' : 'answered';
    site.connect({
      at: ready,
      from: host,
      to: site.outside(domain),
      port: 25,
      fate,
      exchanges: [{ after: 0, up: Math.ceil(random.heavy(4_000, 1e7)), down: 900 }],
    });
  }
}

function receives(site: Site, host: Host, sender: number, at: number): void {
  const reversed = [0, 8, 16, 24].map((shift) => (sender >>> shift) & 255).join('.');
  const isListed = sender % 3 === 0;
  site.lookup(host, `${reversed}.in-addr.arpa`, at, {
    type: RecordType.ptr,
    code: sender % 5 === 0 ? 3 : 0,
    ttl: hour,
  });
  for (const list of ['zen.blocklist.example', 'bl.senders.example', 'b.reputation.example'])
    site.lookup(host, `${reversed}.${list}`, at + 30, { code: isListed ? 0 : 3, ttl: 5 * minute });
  const domain = `mail-${sender % 2500}.example`;
  const keys = `v=DKIM1; k=rsa; p=${'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A'.repeat(12)}`;
  site.lookup(host, domain, at + 60, {
    type: RecordType.txt,
    ttl: hour,
    text: 'v=spf1 include:_spf.example ip4:198.18.0.0/15 -all',
  });
  site.lookup(host, `s${sender % 9}._domainkey.${domain}`, at + 80, {
    type: RecordType.txt,
    ttl: hour,
    text: keys,
  });
  site.lookup(host, `_dmarc.${domain}`, at + 90, {
    type: RecordType.txt,
    ttl: hour,
    text: 'v=DMARC1; p=reject',
  });
}

/** A virus scanner asks for what it does not know by a name that has the file's hash in it. */
export function asksForFiles(site: Site, host: Host, from: number, to: number): void {
  const random = site.random.fork(`files ${host.name}`);
  for (let at = from + random.wait(20 * minute); at < to; at += random.wait(20 * minute)) {
    const files = Math.ceil(random.heavy(1, 60, 1.1));
    for (let number = 0; number < files; number++) {
      const hash = (part: number) => hashOf(`${host.name} ${at} ${number} ${part}`).toString(32);
      site.lookup(
        host,
        `${hash(0)}${hash(1)}${hash(2)}.files.scanner.example`,
        at + number * random.between(100, 800),
        { type: RecordType.txt, ttl: hour, text: 'c=0' },
      );
    }
  }
}

/** Tries, in an inventory, which of some services the known machines have; most have few of them. */
export function takesInventory(site: Site, host: Host, at: number, open: ReadonlySet<string>): void {
  let now = at;
  for (const { address: to } of site.hosts) {
    if (to === host.address) continue;
    for (const port of [22, 80, 135, 139, 443, 445, 3389, 5900, 8080, 9100]) {
      const fate = open.has(`${to} ${port}`) ? 'answered' : 'refused';
      site.connect({ at: now, from: host, to, port, fate, exchanges: [{ after: 1, up: 0, down: 60 }] });
      now += 900;
    }
  }
}
