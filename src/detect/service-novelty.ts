import { z } from 'zod';
import type { End, Flow, FlowChange } from '../flow/flow.ts';
import type { Finding, RunningDetector } from './detector.ts';
import { FirstSeen, firstSeenOptions, type Habits } from './first-seen.ts';
import { isConversation, serviceNumber } from './novelty.ts';
import { Ours, ownNetworks } from './outbound.ts';
import { nameOf } from './text.ts';

/** Options of detectors of what service is used or offered for the first time. */
export const serviceNoveltyOptions = z.strictObject({ ...firstSeenOptions, inside: ownNetworks });

export type ServiceNoveltyOptions = z.output<typeof serviceNoveltyOptions>;

/** A service that is new, and by what it is known to be. */
export interface NewServiceSeen {
  readonly flow: Flow;
  /** Event time, ms since the epoch. */
  readonly at: number;
  readonly habits: Habits;
  readonly settings: ServiceNoveltyOptions;
}

/** Whose services are learned, and what is told of a new one. */
export interface ServiceWays {
  /** The end whose service it is; undefined where that is none of ours, or not known. */
  whose(flow: Flow, ours: Ours): End | undefined;
  single(seen: NewServiceSeen): Finding;
  /** Of those beyond the number that are told singly. */
  many(seen: NewServiceSeen): Finding;
}

const nothing: readonly Finding[] = [];

/** Learns the services of each of ours from conversations that came about, and tells of new ones. */
export class ServiceNovelty implements RunningDetector {
  readonly #settings: ServiceNoveltyOptions;
  readonly #ways: ServiceWays;
  readonly #ours: Ours;
  readonly #seen: FirstSeen;

  constructor(settings: ServiceNoveltyOptions, ways: ServiceWays) {
    this.#settings = settings;
    this.#ways = ways;
    this.#ours = new Ours(settings.inside);
    this.#seen = new FirstSeen(settings);
  }

  onFlow(flow: Flow, change: FlowChange): readonly Finding[] {
    if (change !== 'decided' || flow.state !== 'established' || !isConversation(flow)) return nothing;
    const end = this.#ways.whose(flow, this.#ours);
    if (end === undefined) return nothing;
    const seen = this.#seen;
    const at = flow.establishedAt ?? flow.openedAt;
    const name = () => nameOf(end);
    seen.seed(flow.openedAt);
    seen.setEntity(end, 0);
    seen.setNumber(serviceNumber(flow));
    if (seen.standing(at, name) !== 'unknown') return nothing;
    const novelty = seen.see(at, name);
    if (novelty === 'known') return nothing;
    const told = { flow, at, habits: seen.habits(at), settings: this.#settings };
    return [novelty === 'many' ? this.#ways.many(told) : this.#ways.single(told)];
  }

  onFinding(finding: Finding): void {
    this.#seen.noteFinding(finding);
  }

  stateBytes(): number {
    return this.#seen.bytes;
  }

  evicted(): number {
    return this.#seen.evicted;
  }
}
