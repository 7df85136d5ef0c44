import { conntrack } from '../conntrack.ts';

/** Prints what the probe says in the network namespace, and with the capabilities, that it is started with; then why it does not start. */
const probe = await conntrack.probe();
let refusal = '';
try {
  const running = await conntrack.open({ flows() {}, failed() {} });
  await running.stop();
} catch (error) {
  refusal = (error as Error).message;
}
process.stdout.write(JSON.stringify({ ...probe, refusal }));
