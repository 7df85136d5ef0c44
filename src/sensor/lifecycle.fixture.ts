import { startTracefs } from './tracefs.ts';

/**
 * A program that runs the sensor and ends in the way its first argument tells: `throw` by an uncaught error, `exit` by
 * process.exit, `reject` by an unhandled rejection, `stop` by a handled SIGTERM, `hang` not at all.
 */
const way = process.argv[2];
const sensor = startTracefs(
  {
    snapshot() {
      process.stdout.write('running\n');
      if (way === 'throw')
        setTimeout(() => {
          throw new Error('uncaught on purpose');
        }, 20);
      if (way === 'reject') setTimeout(() => Promise.reject(new Error('unhandled on purpose')), 20);
      if (way === 'exit') setTimeout(() => process.exit(3), 20);
    },
    batch() {},
    failed(error) {
      throw error;
    },
  },
  { bufferKbPerCpu: 64 },
);
process.once('SIGTERM', () => void sensor.stop());
