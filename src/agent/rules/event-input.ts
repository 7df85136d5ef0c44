import type { RuleSourceStatus } from './rule-source.ts';

/** One way in which events of a source come: a log that is followed, a listener. */
export interface EventInput {
  /** `lost` and `undecodable` are what this way has to tell; what the source itself counts is not in them. */
  status(): Pick<RuleSourceStatus, 'state' | 'detail' | 'lost' | 'undecodable'>;
  /** Hands on what waits, then lets go of everything. Idempotent. */
  stop(): Promise<void>;
}

/** The ways of a source, as one. */
export class EventInputs implements EventInput {
  readonly #inputs: EventInput[] = [];

  add(input: EventInput): void {
    this.#inputs.push(input);
  }

  status(): ReturnType<EventInput['status']> {
    const all = this.#inputs.map((input) => input.status());
    const sum = (key: 'lost' | 'undecodable') => all.reduce((total, one) => total + one[key], 0);
    return {
      state: all.some(({ state }) => state === 'failed') ? 'failed' : 'running',
      detail: all.map(({ detail }) => detail).join('; '),
      lost: sum('lost'),
      undecodable: sum('undecodable'),
    };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#inputs.map((input) => input.stop()));
  }
}
