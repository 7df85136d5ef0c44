import { type Address, formatAddress } from '../../../net/address.ts';

/** Numbers that count up by one, modulo 2^32: what is missing was lost. */
export class SequenceTrack {
  #last = -1;
  received = 0;
  lost = 0;
  /** How often it began anew. */
  restarts = 0;
  /** Numbers that came late or twice. */
  late = 0;

  /** Takes the next number. `restarted` says that its sender is known to have begun anew. */
  take(sequence: number, restarted: boolean): void {
    this.received++;
    const last = this.#last;
    if (last < 0) {
      this.#last = sequence;
      return;
    }
    const step = (sequence - last) >>> 0;
    if (restarted || isJump(step)) this.restarts++;
    else if (step === 0 || step > lateFrom) {
      this.late++;
      // Counted as lost when its successors came.
      if (step !== 0 && this.lost > 0) this.lost--;
      return;
    } else this.lost += step - 1;
    this.#last = sequence;
  }
}

/** So many before the last one are late, not a new beginning. */
const maxLate = 1000;
const lateFrom = 2 ** 32 - 1 - maxLate;
/** More than this at once is not believed to be loss. */
const maxGap = 1_000_000;

function isJump(step: number): boolean {
  return step > maxGap && step <= lateFrom;
}

/** What is kept of a data source of an agent (sFlow version 5, §4.2.1). */
export class SourceState {
  readonly flows: SequenceTrack = new SequenceTrack();
  readonly counters: SequenceTrack = new SequenceTrack();
  readonly discards: SequenceTrack = new SequenceTrack();
  /** As told last; 0 before. */
  samplingRate = 0;
  /** Packets that there were to choose from, as far as samples told their number, and the samples among them. */
  pool = 0;
  pooledSamples = 0;
  /** Samples that the agent had no room for, since it is watched. */
  drops = 0;
  #lastPool = -1;
  #lastDrops = -1;

  /** Takes the agent's running totals; both are modulo 2^32. */
  take(samplingRate: number, pool: number, drops: number): void {
    this.samplingRate = samplingRate;
    if (this.#lastPool >= 0) {
      const step = (pool - this.#lastPool) >>> 0;
      // A step backwards is a sample that comes late, or a new beginning.
      if (step < 2 ** 31) {
        this.pool += step;
        this.pooledSamples++;
      }
    }
    this.#lastPool = pool;
    this.takeDrops(drops);
  }

  takeDrops(drops: number): void {
    if (this.#lastDrops >= 0) {
      const step = (drops - this.#lastDrops) >>> 0;
      if (step < 2 ** 31) this.drops += step;
    }
    this.#lastDrops = drops;
  }
}

/** What is kept of one agent and sub-agent. */
export class AgentState {
  readonly agent: Address;
  /** Canonical text of its address. */
  readonly name: string;
  readonly subAgent: number;
  from = '';
  lastAt = 0;
  readonly datagrams: SequenceTrack = new SequenceTrack();
  readonly sources: Map<number, SourceState> = new Map();
  #uptime = -1;

  constructor(agent: Address, subAgent: number) {
    this.agent = agent;
    this.name = formatAddress(agent);
    this.subAgent = subAgent;
  }

  /** Takes the header of a datagram. `uptime` is milliseconds modulo 2^32. Returns whether the agent began anew. */
  take(sequence: number, uptime: number): boolean {
    const back = (this.#uptime - uptime) >>> 0;
    // Datagrams may overtake one another by some seconds; and it rolls over every 49.7 days.
    const restarted = this.#uptime >= 0 && back > overtakenMs && back < 2 ** 31;
    this.datagrams.take(sequence, restarted);
    if (this.#uptime < 0 || restarted || back === 0 || back >= 2 ** 31) this.#uptime = uptime;
    return restarted;
  }
}

const overtakenMs = 5000;

/** Agents and their sources, both bounded: the agent that has been silent longest goes first. */
export class AgentTable {
  readonly #maxAgents: number;
  readonly #maxSources: number;
  /** In the order of their last datagram. */
  readonly #agents = new Map<string, AgentState>();
  #sources = 0;
  #last: AgentState | undefined;
  evictedAgents = 0;
  evictedSources = 0;

  constructor(maxAgents: number, maxSources: number) {
    this.#maxAgents = maxAgents;
    this.#maxSources = maxSources;
  }

  get size(): number {
    return this.#agents.size;
  }

  get sources(): number {
    return this.#sources;
  }

  /** Returns all agents, the one heard last at the end. */
  all(): readonly AgentState[] {
    return [...this.#agents.values()];
  }

  /** Returns the state of an agent, new when it has none. */
  agent(family: 4 | 6, lanes: Uint32Array, subAgent: number): AgentState {
    const [a, b, c, d] = lanes as unknown as readonly [number, number, number, number];
    const last = this.#last;
    if (last !== undefined && last.subAgent === subAgent && isAddress(last.agent, family, a, b, c, d))
      return last;
    const key = `${family} ${a} ${b} ${c} ${d} ${subAgent}`;
    let state = this.#agents.get(key);
    if (state === undefined) {
      if (this.#agents.size >= this.#maxAgents) this.#evictAgent();
      state = new AgentState({ family, a, b, c, d }, subAgent);
    } else this.#agents.delete(key);
    this.#agents.set(key, state);
    this.#last = state;
    return state;
  }

  /** Returns the state of a source of the agent, new when it has none. `key` is its class and index in one number. */
  source(agent: AgentState, key: number): SourceState {
    const known = agent.sources.get(key);
    if (known !== undefined) return known;
    while (this.#sources >= this.#maxSources) this.#evictSource(agent);
    const state = new SourceState();
    agent.sources.set(key, state);
    this.#sources++;
    return state;
  }

  /** One of its own first, so that no agent drives out what another one has. */
  #evictSource(agent: AgentState): void {
    const oldest = agent.sources.keys().next();
    if (oldest.done) {
      this.#evictAgent();
      return;
    }
    agent.sources.delete(oldest.value);
    this.#sources--;
    this.evictedSources++;
  }

  #evictAgent(): void {
    const [oldest] = this.#agents;
    if (oldest === undefined) return;
    const [key, state] = oldest;
    this.#agents.delete(key);
    this.#sources -= state.sources.size;
    state.sources.clear();
    if (this.#last === state) this.#last = undefined;
    this.evictedAgents++;
  }
}

function isAddress(address: Address, family: number, a: number, b: number, c: number, d: number): boolean {
  return (
    address.d === d && address.family === family && address.c === c && address.b === b && address.a === a
  );
}
