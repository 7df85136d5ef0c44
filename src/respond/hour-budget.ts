const hourMs = 3_600_000;

/** Counts what was put in force within an hour, by playbook. Holds at most `most` times. Times: ms since the epoch. */
export class HourBudget {
  #done: readonly { readonly playbook: string; readonly at: number }[] = [];
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** Notes one; of more than there is room for, the oldest goes: there is no budget for as many anyway. */
  note(playbook: string, at: number): void {
    this.#done = [...this.#done.filter((one) => one.at > at - hourMs), { playbook, at }].slice(-this.#most);
  }

  /** How many within the hour before `now`; of one playbook or of all. */
  within(now: number, playbook?: string): number {
    return this.#done.filter(
      (one) => one.at > now - hourMs && (playbook === undefined || one.playbook === playbook),
    ).length;
  }
}
