import { openSqliteStore } from './sqlite.ts';
import { flow } from './store.fixture.ts';

// Writes flows into the store named by its argument until it is killed; prints the number of the last one after each flush.
const store = openSqliteStore(process.argv[2] ?? '');
for (let n = 1; n <= 10_000_000; n += 1) {
  store.putFlow(flow(n));
  if (n % 500 === 0) {
    store.flush();
    process.stdout.write(`${n}\n`);
    // Lets the pipe be written.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
