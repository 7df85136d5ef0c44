/**
 * Writes a day of each site into a folder: captures for `picket replay`, and beside each what is to be found in it. As root with the tools
 * installed, attacks by them are in the days; without, the days are those of people and machines alone.
 *
 *     node scenarios/days/write-days.ts FOLDER [SEED]
 */
import { temporaryFolder } from '../harness.ts';
import { attacks, cannotMake } from './attacks.ts';
import { makeDays, recordAttacks } from './make-days.ts';

const [folder, seed = '1'] = process.argv.slice(2);
if (folder === undefined || !/^\d{1,9}$/.test(seed)) {
  console.error('usage: node scenarios/days/write-days.ts FOLDER [SEED]');
  process.exit(2);
}
for (const attack of attacks) {
  const reason = cannotMake(attack);
  if (reason !== undefined) console.error(`left out: ${attack.name}: ${reason}`);
}
using recordings = temporaryFolder();
const captures = await recordAttacks(recordings.path);
for (const { file, hosts, packets, truth } of makeDays(folder, Number(seed), captures))
  console.log(`${file}: ${hosts} machines, ${packets} packets, ${truth.length} attacks`);
