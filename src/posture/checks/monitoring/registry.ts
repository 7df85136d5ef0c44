import type { Check } from '../definition.ts';
import { defaultWritten } from './default-written.ts';
import { nobodyTold } from './nobody-told.ts';
import { oneReplicaScraped } from './one-replica-scraped.ts';
import { scrapeBlocked } from './scrape-blocked.ts';
import { scrapeInClear } from './scrape-in-clear.ts';
import { targetNotDeclared } from './target-not-declared.ts';

/** Checks over monitoring: what Prometheus scrapes, and whether it can. */
export const monitoringChecks: readonly Check[] = [
  targetNotDeclared,
  oneReplicaScraped,
  scrapeInClear,
  nobodyTold,
  defaultWritten,
  scrapeBlocked,
];
