import { eventTypeNumber } from '../../event/event-types.ts';
import { RecordingFile } from './recording-file.ts';

// Records events into the file named by its argument until it is killed; prints the number of the last one after each flush.
const file = new RecordingFile({
  path: process.argv[2] ?? '',
  maxBytes: 64 * 1024 * 1024,
  hostname: undefined,
  writer: 'test',
  snapshot: () => ({ threads: [], accounts: [], containers: [] }),
});
const type = eventTypeNumber('close') as number;
for (let number = 1; number <= 10_000_000; number++) {
  file.event({ type, time: BigInt(number), cpu: 0, tid: 7, params: [0, number] }, number);
  if (number % 500 === 0) {
    file.flush();
    // Until all of it is written.
    while (file.status().events < number) await new Promise((resolve) => setImmediate(resolve));
    process.stdout.write(`${number}\n`);
  }
}
