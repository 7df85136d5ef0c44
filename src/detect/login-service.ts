import type { LogObservation } from '../event/service-log/log-observation.ts';
import { finish, mix } from '../flow/chained-index.ts';
import { ContactSet } from './contact-set.ts';
import { LeakyBucket } from './leaky-bucket.ts';

/** When failures at a service by many are told. */
export interface ServiceLimits {
  readonly serviceFailures: number;
  readonly serviceLeakMs: number;
  readonly serviceSources: number;
}

/** Failed logins at one service by sources that do not stand out alone, since it was quiet for the last time. */
export class LoginService {
  failures = 0;
  firstAt = 0;
  lastAt = 0;
  readonly #limits: ServiceLimits;
  readonly #bucket: LeakyBucket;
  #sources = new ContactSet();
  #isTold = false;

  constructor(limits: ServiceLimits) {
    this.#limits = limits;
    this.#bucket = new LeakyBucket(limits.serviceLeakMs);
  }

  /** How many they are; exact up to 64, then an estimate. */
  get sources(): number {
    return this.#sources.size;
  }

  /** Approximate bytes held. */
  get bytes(): number {
    return 300 + this.#sources.bytes;
  }

  /** Takes a failed login; tells whether there are now too many of too many, once until it has been quiet again. */
  fail({ at, source: { family, a, b, c, d }, count = 1 }: LogObservation): boolean {
    const level = this.#bucket.pour(at, count);
    if (level <= count) this.#begin(at);
    this.failures += count;
    this.lastAt = Math.max(this.lastAt, at);
    this.#sources.add(finish(mix(mix(mix(mix(family, a), b), c), d)));
    const { serviceFailures, serviceSources } = this.#limits;
    if (this.#isTold || level <= serviceFailures || this.sources < serviceSources) return false;
    this.#isTold = true;
    return true;
  }

  /** The bucket had run empty. */
  #begin(at: number): void {
    this.failures = 0;
    this.firstAt = at;
    this.lastAt = at;
    this.#sources = new ContactSet();
    this.#isTold = false;
  }
}
