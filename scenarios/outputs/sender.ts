/** Raises numbered alerts to an HTTP output with its spool on disk: sender.ts FOLDER URL FIRST COUNT PAUSE_MS */
import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { alert } from '../../src/output/alert.fixture.ts';
import { DiskSpool } from '../../src/output/disk/disk-spool.ts';
import { Output } from '../../src/output/output.ts';
import { systemTimers } from '../../src/output/timers.ts';
import { HttpTransport } from '../../src/output/transports/http.ts';
import { defaultAlertOptions } from '../../src/rules/format/alert.ts';

const [folder = '', url = '', first = '1', count = '1', pause = '5'] = process.argv.slice(2);
const output = new Output({
  transport: new HttpTransport({
    url,
    userAgent: 'picket',
    headers: {},
    json: true,
    compress: false,
    keepAlive: true,
    insecure: false,
  }),
  spool: new DiskSpool({
    folder,
    maxBytes: 8 * 2 ** 20,
    sync: 'interval',
    newId: randomBytes(8).toString('hex'),
  }),
  timers: systemTimers,
  hostname: 'edge-1',
  alerts: defaultAlertOptions,
  backoff: { first: 100, longest: 1_000 },
});
for (let n = Number(first); n < Number(first) + Number(count); n++) {
  // Before, so that whoever kills this knows which one may or may not be in the spool.
  writeSync(1, `${n}\n`);
  output.offer(alert(n));
  await new Promise((done) => setTimeout(done, Number(pause)));
}
await output.drain(30_000);
writeSync(1, `done ${JSON.stringify(output.state())}\n`);
await output.close();
