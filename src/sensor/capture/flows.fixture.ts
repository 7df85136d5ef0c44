import { flowToJson } from '../../flow/json.ts';
import { capture } from '../capture.ts';
import type { CaptureOptions } from './messages.ts';

/** A program that makes flows of packets until SIGTERM. Prints `running`, each flow handed on as JSON, and the counters in the end. */
const line = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);
const running = await capture.open(
  {
    flows: (batch) => {
      for (const { flow, change } of batch) line({ change, ...flowToJson(flow) });
    },
    dns: (batch) => {
      for (const { name, isResponse, type } of batch) line({ asked: name, isResponse, type });
    },
    failed: (error) => line({ failed: error.message }),
  },
  JSON.parse(process.argv[2] as string) as CaptureOptions,
);
line('running');
process.once('SIGTERM', async () => {
  await running.stop();
  line({ counters: await running.counters() });
});
