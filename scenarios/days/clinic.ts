import {
  asksForFiles,
  asksTime,
  backsUp,
  callsHome,
  carriesMail,
  checks,
  looksAround,
  prints,
  takesInventory,
  telephones,
} from './machines.ts';
import { arrives, browses, calls, keepsOpen } from './people.ts';
import { type Host, hour, minute, Site } from './site.ts';

/** A clinic with a mail server, an archive of pictures, monitoring that knows every machine, and virus scanners that ask for files. */
export function clinic(midnight: number, seed: number): Site {
  const site = new Site('clinic', '192.168.40.0', midnight, seed);
  const names = site.host('names', 2);
  site.partners.push(
    'vault.storage.example',
    'sip.telephony.example',
    'report.monitoring.example',
    'records.clinic.example',
  );
  site.resolvesBy(names);
  const mail = site.host('mail', 3);
  const archive = site.host('archive', 4);
  const scanner = site.host('tomograph', 10);
  const desk = site.host('desk', 20);
  const doctor = site.host('doctor', 21);
  const printer = site.host('printer', 30);
  const phone = site.host('phone', 31);
  const monitor = site.host('monitor', 5);
  const copies = site.host('copies', 6);

  for (const host of [names, mail, archive, scanner, phone, monitor, copies]) asksTime(site, host);
  carriesMail(site, mail, 40, 11 * hour);
  takesPictures(site, scanner, archive);
  for (const [host, from, to] of [
    [desk, 7.5 * hour, 18 * hour],
    [doctor, 8 * hour, 17 * hour],
  ] as const) {
    browses(
      site,
      host,
      [
        [from, 12 * hour],
        [13 * hour, to],
      ],
      12,
    );
    keepsOpen(site, host, 'records.clinic.example', [[from, to]], 2 * minute);
    looksAround(site, host, from, to);
    prints(site, host, printer.address, true, from, to);
    asksForFiles(site, host, from, to);
    callsHome(site, host, 'cloud.scanner.example', 5 * minute, { spread: 0.1, from, to });
    callsHome(site, host, 'telemetry.windows.example', 15 * minute, { spread: 0.3, from, to });
  }
  arrives(site, doctor, 8 * hour, true);
  calls(site, doctor, 15 * hour, 20 * minute);
  telephones(site, phone, 7.5 * hour, 18 * hour);
  checks(site, monitor, known(site, monitor), 2 * minute);
  callsHome(site, monitor, 'report.monitoring.example', minute, { spread: 0.01, up: 2400, down: 200 });
  takesInventory(
    site,
    monitor,
    3.25 * hour,
    new Set([
      `${mail.address} 22`,
      `${mail.address} 443`,
      `${archive.address} 22`,
      `${copies.address} 445`,
      `${printer.address} 9100`,
      `${printer.address} 80`,
    ]),
  );
  backsUp(site, archive, copies.address, 0.5 * hour, 1e9);
  backsUp(site, mail, copies.address, 1.5 * hour, 4e8);
  backsUp(site, copies, 'vault.storage.example', 2.5 * hour, 1e9);
  return site;
}

/** What monitoring looks at: whether each machine is there, and what it serves; one of the services was switched off. */
function known(site: Site, monitor: Host) {
  const others = site.hosts.filter(({ address }) => address !== monitor.address);
  const [, mail, archive] = others;
  return [
    ...others.map(({ name, address }) => ({
      to: address,
      port: 0,
      fate: name === 'doctor' ? ('silent' as const) : ('answered' as const),
    })),
    { to: mail!.address, port: 25 },
    { to: mail!.address, port: 993 },
    { to: archive!.address, port: 104 },
    { to: archive!.address, port: 8042, fate: 'refused' as const },
    { to: site.inside(30), port: 161 },
  ];
}

/** Pictures of a patient go to the archive, hundreds of megabytes each time (DICOM). */
function takesPictures(site: Site, from: Host, archive: Host): void {
  const random = site.random.fork('pictures');
  for (let at = 8 * hour; at < 17 * hour; at += random.wait(35 * minute))
    site.connect({
      at,
      from,
      to: archive.address,
      port: 104,
      exchanges: [{ after: 0, up: Math.ceil(random.heavy(2e7, 4e8)), down: 4000, takes: minute }],
    });
}
