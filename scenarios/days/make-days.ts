import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Attack, attacks, cannotMake } from './attacks.ts';
import { clinic } from './clinic.ts';
import { factory } from './factory.ts';
import { record } from './lab.ts';
import { lay } from './lay.ts';
import { shop } from './shop.ts';
import type { Site } from './site.ts';
import { address, addressText } from './trace.ts';
import type { Expected } from './truth.ts';

/** A day of a site in a file, with what is in it. */
export interface Day {
  readonly site: string;
  readonly file: string;
  /** Folder with the site file that an operator would write. */
  readonly declared: string;
  /** Machines of the site. */
  readonly hosts: number;
  readonly packets: number;
  readonly truth: readonly Expected[];
}

/** 2026-03-10, a Tuesday. */
export const midnight: number = Date.UTC(2026, 2, 10);
const makers = [shop, factory, clinic];

/** Records the attacks that this machine can make, at once, into a folder of its own each. Returns the captures. */
export async function recordAttacks(folder: string): Promise<ReadonlyMap<Attack, string>> {
  const able = attacks.filter((attack) => cannotMake(attack) === undefined);
  // All of them come to an end, also when one fails: they take away what they made.
  const done = await Promise.allSettled(
    able.map(async (attack) => {
      const own = mkdtempSync(join(folder, 'attack-'));
      return [attack, await record(own, (lab) => attack.perform(lab))] as const;
    }),
  );
  return new Map(
    done.map((result) => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    }),
  );
}

/** Makes a day of each site with these attacks in it, and writes it into the folder: a capture, and what is to be found in it. */
export function makeDays(folder: string, seed: number, captures: ReadonlyMap<Attack, string>): Day[] {
  mkdirSync(folder, { recursive: true });
  return makers.map((make) => {
    const site = make(midnight, seed);
    const truth = [...captures]
      .filter(([attack]) => attack.site === site.name)
      .map(([attack, path]) => layAttack(site, attack, path));
    const file = join(folder, `${site.name}.pcap`);
    writeFileSync(file, site.trace.pcap());
    writeFileSync(join(folder, `${site.name}.truth.json`), `${JSON.stringify(truth, null, 2)}\n`);
    const declared = join(folder, site.name);
    mkdirSync(declared, { recursive: true });
    writeFileSync(join(declared, 'picket.yaml'), siteFile(site));
    return { site: site.name, file, declared, hosts: site.hosts.length, packets: site.trace.count, truth };
  });
}

/** Names of its machines, and of those it has contracts with. */
function siteFile({ name, hosts, partners, outside }: Site): string {
  const named = [
    ...hosts.map((host) => [host.name, host.address] as const),
    ...partners.map((partner) => [partner, outside(partner)] as const),
  ];
  const lines = named.map(([called, number]) => `  ${called}: ${addressText(number)}`);
  return `site: ${name}\nhosts:\n${lines.join('\n')}\n`;
}

function layAttack(site: Site, attack: Attack, path: string): Expected {
  const {
    name,
    tool,
    left,
    right,
    rest,
    at,
    begins,
    rate,
    detector,
    accused,
    about,
    within,
    also,
    isMissing,
  } = attack;
  const who = { left: addressOf(site, left), right: addressOf(site, right) };
  const standIn = (recorded: number) => {
    if (recorded === address('198.51.100.1')) return who.left;
    return recorded === address('198.51.100.2') ? who.right : (rest?.(recorded) ?? recorded);
  };
  const { until, packets } = lay(path, site, {
    at,
    address: standIn,
    ...(begins && { begins }),
    ...(rate && { rate }),
  });
  if (packets === 0) throw new Error(`nothing was recorded of ${name}`);
  const called = site.hosts.find(({ address }) => address === who[accused])?.name;
  return {
    name,
    tool,
    site: site.name,
    detector,
    entity: addressText(who[accused]),
    ...(called && { called }),
    ...(about && { about }),
    from: site.time(at),
    until: site.time(until),
    within,
    ...(also && { also }),
    ...(isMissing && { isMissing }),
  };
}

function addressOf(site: Site, name: string): number {
  return site.hosts.find((host) => host.name === name)?.address ?? address(name);
}
