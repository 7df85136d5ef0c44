/** Raises numbered alerts to an HTTP output with its spool on disk: sender.ts FOLDER URL FIRST COUNT PAUSE_MS */
import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { fileText } from '../../src/manifest/embedded.ts';
import { ruleAlert } from '../../src/output/alert.fixture.ts';
import { AlertOutputs } from '../../src/output/alert-outputs.ts';
import { systemTimers } from '../../src/output/timers.ts';
import { readSettings } from '../../src/rules/settings/read-settings.ts';

const [folder = '', url = '', first = '1', count = '1', pause = '5'] = process.argv.slice(2);
const config = `json_output: true\nhttp_output: {enabled: true, url: "${url}", keep_alive: true}\n`;
const nowhere = { variable: () => undefined, include: () => undefined };
const outputs = new AlertOutputs(readSettings(fileText('falco.yaml', config), nowhere).settings, {
  folder,
  hostname: 'edge-1',
  timers: systemTimers,
  randomId: () => randomBytes(8).toString('hex'),
  backoff: { first: 100, longest: 1_000 },
});
for (let n = Number(first); n < Number(first) + Number(count); n++) {
  // Before, so that whoever kills this knows which one may or may not be in the spool.
  writeSync(1, `${n}\n`);
  outputs.offer(ruleAlert(n));
  await new Promise((done) => setTimeout(done, Number(pause)));
}
await outputs.close(30_000);
writeSync(1, `done ${JSON.stringify(outputs.state())}\n`);
