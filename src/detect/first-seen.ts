import { z } from 'zod';
import { finish, mix } from '../flow/chained-index.ts';
import type { End } from '../flow/flow.ts';
import type { Address } from '../net/address.ts';
import { AgingFilter } from './aging-filter.ts';
import type { Finding } from './detector.ts';
import { addressLanes, RankedTable } from './ranked-table.ts';
import { UnderAlert } from './under-alert.ts';

const day = 86_400_000;

/** Options of detectors that tell what somebody does for the first time. */
export const firstSeenOptions = {
  learnMs: z
    .int()
    .min(60_000)
    .default(7 * day)
    .describe('how long the ways of each of ours are learned before anything is new; ms of event time'),
  quietContacts: z
    .int()
    .min(100)
    .default(10_000)
    .describe('contacts in a row without anything new that end learning earlier, after a day at least'),
  calm: z
    .int()
    .min(0)
    .default(3)
    .describe(
      'things first seen in the second half of learning, at most, that leave somebody one of fixed ways',
    ),
  leastContacts: z
    .int()
    .min(1)
    .default(50)
    .describe('contacts in the second half of learning without which it goes on'),
  each: z
    .int()
    .min(1)
    .max(64)
    .default(5)
    .describe('new things within learnMs that get an alert each; further ones share one alert'),
  forgetMs: z
    .int()
    .min(day)
    .default(30 * day)
    .describe('what was not seen for this long, or twice as long, is new again; ms'),
  alertMs: z
    .int()
    .min(0)
    .default(day)
    .describe('nothing is learned of somebody for this long after an alert; ms'),
  maxEntities: z.int().min(16).max(16_384).default(1024).describe('of ours remembered at one time'),
  maxThings: z
    .int()
    .min(256)
    .max(262_144)
    .default(16_384)
    .describe('what they did lately, all together; four times as much is remembered in short'),
};

export type FirstSeenOptions = z.output<z.ZodObject<typeof firstSeenOptions>>;

/** Lanes of a key: who, in which role, and what. */
const [roleLane, thingLane] = [addressLanes, addressLanes + 1];
const keyLanes = addressLanes * 2 + 1;
/** In the third lane where the first two are the hashes of a name; no address of IPv6 that is routed begins with the other two. */
const nameLane = 0xffff_fffe;
const leastLearningMs = day;
/** What is remembered in short, for each thing that is remembered exactly. */
const longMemory = 4;
const [entityBytes, thingBytes] = [200, 80];
/** Who does more different things than this while it is learned of has no fixed ways. */
const mostThings = 256;
/** Ranks of things: told as new or of those seldom seen, known. Of entities: seldom seen, learned of, of fixed ways. */
const [thingRanks, entityRanks] = [2, 3];

/** One of ours, and what is known of its ways. */
export interface Habits {
  /** When it was seen first; ms. */
  readonly since: number;
  /** When its ways were known; undefined as long as they are learned. */
  readonly learnedAt: number | undefined;
  /** Different things that it did while they were learned. */
  readonly known: number;
  /** New things since `windowAt`, and how many of them are beyond those with an alert each. */
  readonly fresh: number;
  readonly further: number;
}

interface Ways {
  /** Where it stands in the table; -1 when it had to go. */
  slot: number;
  since: number;
  learnedAt: number | undefined;
  roams: boolean;
  known: number;
  late: number;
  contacts: number;
  lateContacts: number;
  quiet: number;
  windowAt: number;
  fresh: number;
  further: number;
  renewAt: number;
}

interface Thing {
  readonly ways: Ways;
  /** When it was put into the long memory last; before that, and of one that was told as new, when it was seen first. */
  at: number;
  lastAt: number;
  state: 'told' | 'short' | 'long';
}

/** Whether somebody is known to do a thing, or was told to do it for the first time. */
export type Standing = 'unknown' | 'told' | 'known';

/** What has come of a contact: nothing new; new; or new, and one of so many that they share an alert, which is to be renewed. */
export type Novelty = 'known' | 'new' | 'many';

/**
 * Remembers what each of ours does, and says what one of fixed ways does for the first time. Ways are learned for a time from the first
 * contact on. Who still does much that is new in the second half of that time has no fixed ways (a desktop that browses, a public
 * server): of that one nothing is told, nor kept, until a later time of learning goes by with little that is new. What is done under
 * alert is not learned. Memory: exact, of what was seen lately, in a table; and of all in a filter that forgets (`aging-filter.ts`).
 */
export class FirstSeen {
  readonly #options: FirstSeenOptions;
  readonly #entities: RankedTable<Ways>;
  readonly #things: RankedTable<Thing>;
  readonly #memory: AgingFilter;
  readonly #alerts: UnderAlert;
  #seed = 0;
  #hashA = 0;
  #hashB = 0;

  constructor(options: FirstSeenOptions) {
    this.#options = options;
    this.#entities = new RankedTable(options.maxEntities, roleLane + 1, entityRanks, (ways) => {
      ways.slot = -1;
    });
    this.#things = new RankedTable(options.maxThings, keyLanes, thingRanks);
    this.#memory = new AgingFilter(options.maxThings * longMemory, options.forgetMs);
    this.#alerts = new UnderAlert(options.alertMs);
  }

  get bytes(): number {
    const { size } = this.#things;
    const tables = this.#entities.bytes + this.#things.bytes + this.#memory.bytes + this.#alerts.bytes;
    return tables + this.#entities.size * entityBytes + size * thingBytes;
  }

  get evicted(): number {
    return this.#entities.evicted + this.#things.evicted + this.#alerts.evicted + this.#memory.cutShort;
  }

  noteFinding(finding: Finding): void {
    this.#alerts.note(finding);
  }

  /** Sets, once, what hashes begin with; see `RankedTable.seed`. */
  seed(value: number): void {
    this.#entities.seed(value);
    this.#things.seed(value);
    this.#seed ||= (value | 0) ^ 0x9e3779b9;
  }

  /** Writes who it is into the key, by name where one is declared. `role` keeps ways of different kinds apart. */
  setEntity(end: End, role: number): void {
    const { key } = this.#things;
    if (isNamed(end)) this.#setName(0, end.identity!.name);
    else this.#things.setAddress(0, end.address);
    key[roleLane] = role;
  }

  /** Writes an end into the key as what is done: by its name where one is declared, else by the network of that many bits. */
  setEnd(end: End, bits4: number, bits6: number): void {
    if (isNamed(end)) this.#setName(thingLane, end.identity!.name);
    else this.#setNetwork(end.address, bits4, bits6);
  }

  /** Writes a name into the key as what is done. */
  setName(name: string): void {
    this.#setName(thingLane, name);
  }

  /** Writes a number into the key as what is done. */
  setNumber(value: number): void {
    this.#things.key.fill(0, thingLane);
    this.#things.key[thingLane] = value;
  }

  /** What is known of what the key says; it counts as seen at `at`. `name` is called for who it is, where that matters. */
  standing(at: number, name: () => string): Standing {
    const slot = this.#things.find();
    if (slot >= 0) {
      if (at - this.#things.value(slot).lastAt < this.#options.forgetMs)
        return this.#again(slot, at, name) ? 'told' : 'known';
      this.#things.remove(slot);
    }
    this.#hash();
    if (!this.#memory.has(this.#hashA, this.#hashB)) return 'unknown';
    const ways = this.#ways(at);
    this.#count(ways, at);
    this.#keep(ways, at, 'long');
    return 'known';
  }

  /** Who the key says, as it is known; from `at` on when it was not. */
  habits(at: number): Habits {
    return this.#ways(at);
  }

  /** Takes what the key says as something that is not known, and returns what that means. `name` as for {@link standing}. */
  see(at: number, name: () => string): Novelty {
    const ways = this.#ways(at);
    this.#endLearning(ways, at);
    this.#touch(ways);
    const isNew = ways.learnedAt !== undefined && !ways.roams;
    ways.quiet = 0;
    if (isNew) return this.#tell(ways, at);
    if (!ways.roams && !this.#alerts.has(name(), at)) this.#learn(ways, at);
    return 'known';
  }

  /** Remembers what the key says, which is unknown, as another name of something that has a standing. */
  beside(at: number, standing: 'told' | 'known', name: () => string): void {
    const ways = this.#ways(at);
    if (ways.roams) return;
    if (standing === 'told') this.#keep(ways, at, 'told');
    else if (!this.#alerts.has(name(), at)) this.#remember(ways, at);
  }

  /** A thing that is remembered was seen again; returns whether it still counts as one that was told. */
  #again(slot: number, at: number, name: () => string): boolean {
    const thing = this.#things.value(slot);
    this.#count(thing.ways, at);
    thing.lastAt = at;
    const { forgetMs, alertMs } = this.#options;
    const dueAfter = { told: alertMs, short: 0, long: forgetMs / 2 }[thing.state];
    const isDue = at - thing.at >= dueAfter && this.#lasts(thing.ways);
    if (isDue && !(thing.state === 'told' && this.#alerts.has(name(), at))) {
      thing.state = 'long';
      thing.at = at;
      this.#memorize(at);
    }
    this.#things.touch(slot, thing.state === 'long' ? 1 : 0);
    return thing.state === 'told';
  }

  /** Counts a contact that is nothing new. */
  #count(ways: Ways, at: number): void {
    ways.quiet++;
    this.#touch(ways);
    if (this.#isLate(ways, at)) ways.lateContacts++;
  }

  #touch(ways: Ways): void {
    ways.contacts++;
    if (ways.slot < 0) return;
    const isFixed = ways.learnedAt !== undefined && !ways.roams;
    this.#entities.touch(ways.slot, isFixed ? 2 : this.#lasts(ways) ? 1 : 0);
  }

  #isLate(ways: Ways, at: number): boolean {
    return at - ways.since > this.#options.learnMs / 2;
  }

  #learn(ways: Ways, at: number): void {
    ways.known++;
    if (this.#isLate(ways, at)) {
      ways.late++;
      ways.lateContacts++;
    }
    this.#remember(ways, at);
  }

  /** Whether it was seen often enough to be remembered for long: a flood of made-up addresses is not. */
  #lasts({ contacts }: Ways): boolean {
    return contacts >= this.#options.leastContacts;
  }

  #remember(ways: Ways, at: number): void {
    const state = this.#lasts(ways) ? 'long' : 'short';
    if (state === 'long') this.#memorize(at);
    this.#keep(ways, at, state);
  }

  #memorize(at: number): void {
    this.#hash();
    this.#memory.add(this.#hashA, this.#hashB, at);
  }

  /** Whether learning is over, and what it says. */
  #endLearning(ways: Ways, at: number): void {
    const { learnMs, quietContacts, calm, leastContacts } = this.#options;
    if (ways.roams && at - ways.windowAt >= learnMs) {
      // What it did meanwhile was not kept: whether it has fixed ways by now, only learning tells.
      Object.assign(ways, { ...beginning(at), slot: ways.slot, contacts: ways.contacts });
    }
    if (ways.learnedAt !== undefined) return;
    const age = at - ways.since;
    const isMuch = ways.known > mostThings;
    const isQuiet = age >= leastLearningMs && ways.quiet >= quietContacts;
    const isOver = age >= learnMs && ways.lateContacts >= leastContacts;
    if (!isOver && !isQuiet && !isMuch) return;
    ways.learnedAt = at;
    ways.roams = isMuch || (!isQuiet && ways.late > calm);
    ways.windowAt = at;
  }

  #tell(ways: Ways, at: number): Novelty {
    const { learnMs, each } = this.#options;
    if (at - ways.windowAt >= learnMs) {
      ways.windowAt = at;
      ways.fresh = 0;
      ways.further = 0;
      ways.renewAt = 1;
    }
    ways.fresh++;
    if (ways.fresh <= each) {
      this.#keep(ways, at, 'told');
      return 'new';
    }
    ways.further++;
    if (ways.further < ways.renewAt) return 'known';
    ways.renewAt *= 2;
    return 'many';
  }

  #keep(ways: Ways, at: number, state: Thing['state']): void {
    const slot = this.#things.insert({ ways, at, lastAt: at, state });
    if (state === 'long') this.#things.touch(slot, 1);
  }

  #ways(at: number): Ways {
    const table = this.#entities;
    table.key.set(this.#things.key.subarray(0, roleLane + 1));
    const found = table.find();
    if (found >= 0) return table.value(found);
    const ways = beginning(at);
    ways.slot = table.insert(ways);
    return ways;
  }

  #setNetwork(address: Address, bits4: number, bits6: number): void {
    const { key } = this.#things;
    this.#things.setAddress(thingLane, address);
    let bits = address.family === 4 ? 96 + bits4 : bits6;
    for (let lane = thingLane; lane < keyLanes; lane++, bits -= 32) {
      if (bits <= 0) key[lane] = 0;
      else if (bits < 32) key[lane]! &= -1 << (32 - bits);
    }
  }

  #setName(lane: number, name: string): void {
    const { key } = this.#things;
    let [one, other] = [1, 2];
    for (let at = 0; at < name.length; at++) {
      const code = name.charCodeAt(at);
      one = mix(one, code);
      other = mix(other, code);
    }
    key[lane] = finish(one);
    key[lane + 1] = finish(other);
    key[lane + 2] = nameLane;
    key[lane + 3] = name.length;
  }

  #hash(): void {
    const { key } = this.#things;
    let [one, other] = [this.#seed, ~this.#seed];
    for (let lane = 0; lane < keyLanes; lane++) {
      one = mix(one, key[lane]!);
      other = mix(other, key[lane]!);
    }
    this.#hashA = finish(one);
    this.#hashB = finish(other);
  }
}

function isNamed({ identity }: End): boolean {
  return identity !== undefined && identity.kind !== 'unknown' && identity.kind !== 'loopback';
}

function beginning(at: number): Ways {
  return {
    slot: -1,
    since: at,
    learnedAt: undefined,
    roams: false,
    known: 0,
    late: 0,
    contacts: 0,
    lateContacts: 0,
    quiet: 0,
    windowAt: at,
    fresh: 0,
    further: 0,
    renewAt: 1,
  };
}
