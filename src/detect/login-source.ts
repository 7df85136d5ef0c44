import type { LogObservation } from '../event/service-log/log-observation.ts';
import { ContactSet } from './contact-set.ts';
import { hashText } from './dns-key.ts';
import { LeakyBucket } from './leaky-bucket.ts';

/** Names that are kept to be shown. */
const maxExamples = 8;

/** How fast failures are forgotten; ms for each. */
export interface Leaks {
  readonly leakMs: number;
  readonly slowLeakMs: number;
  readonly usersLeakMs: number;
}

/** What a source was told of for. */
export type LoginPattern = 'guessing' | 'users';

/** What is remembered of one source at one service. */
export class LoginSource {
  slot = -1;
  /** Failed logins since the last success. */
  failures = 0;
  firstAt = Number.NaN;
  lastAt = Number.NEGATIVE_INFINITY;
  /** Different names with which it failed. */
  users = 0;
  readonly examples: string[] = [];
  /** At how many failures, or names, the finding is renewed; undefined for a pattern that was not told. */
  readonly renewAt: Partial<Record<LoginPattern, number>> = {};
  readonly fast: LeakyBucket;
  readonly slow: LeakyBucket;
  readonly names: LeakyBucket;
  #firstUser: number | undefined;
  #users: ContactSet | undefined;

  constructor({ leakMs, slowLeakMs, usersLeakMs }: Leaks) {
    this.fast = new LeakyBucket(leakMs);
    this.slow = new LeakyBucket(slowLeakMs);
    this.names = new LeakyBucket(usersLeakMs);
  }

  get isTold(): boolean {
    return this.renewAt.guessing !== undefined || this.renewAt.users !== undefined;
  }

  /** Takes a failed login; tells whether it was with a name that it had not failed with. */
  fail({ at, user, count = 1 }: LogObservation): boolean {
    if (this.failures === 0) this.firstAt = at;
    this.lastAt = Math.max(this.lastAt, at);
    this.failures += count;
    this.fast.pour(at, count);
    this.slow.pour(at, count);
    if (user === undefined || !this.#isNewUser(hashText(user, 0))) return false;
    this.users++;
    this.names.pour(at);
    if (this.examples.length < maxExamples) this.examples.push(user === '' ? '(none)' : user);
    return true;
  }

  /** Approximate bytes held. */
  get bytes(): number {
    let bytes = 520 + (this.#users?.bytes ?? 0);
    for (const { length } of this.examples) bytes += 24 + length * 2;
    return bytes;
  }

  #isNewUser(hash: number): boolean {
    if (this.#firstUser === undefined) {
      this.#firstUser = hash;
      return true;
    }
    if (this.#users === undefined) {
      if (hash === this.#firstUser) return false;
      this.#users = new ContactSet();
      this.#users.add(this.#firstUser);
    }
    return this.#users.add(hash);
  }
}
