import { setImmediate } from 'node:timers/promises';
import { openSqliteStore } from '../sqlite.ts';
import { flow, noon } from '../store.fixture.ts';

// Writes flows that ended into the store named by its argument until it is killed, with a thread that moves and merges them all the
// time; prints how many are written after each flush.
const store = openSqliteStore(process.argv[2] ?? '', { thread: true, segmentRows: 200, mergedRows: 4_000 });
for (let n = 1; n <= 10_000_000; n += 1) {
  store.putFlow(flow(n, { state: 'closed', closedAt: noon + n * 1000 + 5 }));
  if (n % 100 === 0) {
    store.flush();
    // Fewer than n where the thread has the turn just now.
    process.stdout.write(`${store.health().flows}\n`);
    await setImmediate();
  }
}
