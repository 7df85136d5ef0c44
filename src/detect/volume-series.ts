import { ExtremeValue, type ExtremeValueOptions } from './extreme-value.ts';

const hoursOfDay = 24;
/** How much of the most of an hour of the day stays from day to day where it is not reached again. */
const hourMemory = 0.8;
/** Stands for an hour that nothing was learned from. */
const nothingLearned = -1;
/** Approximate bytes beside the threshold. */
const fixedBytes = 550;

/** What a series is judged by. */
export interface VolumeOptions {
  readonly tail: ExtremeValueOptions;
  /** Below this a value is never unusual. */
  readonly least: number;
  /** How many times the most of the same hour of earlier days an unusual value is. */
  readonly timesHour: number;
  /** Values in a row that make it unusual. */
  readonly minutes: number;
  /** Values in a row that are usual again, and then it is over. */
  readonly calmMinutes: number;
  /** Values after which what goes on is learned afresh. */
  readonly acceptMinutes: number;
}

/** What one more value means: nothing, it has become unusual, it goes on, or it is over. */
export type VolumeState = 'usual' | 'began' | 'lasts' | 'over';

/**
 * One quantity by minute, about a running mean. It is held against a threshold by extreme-value theory, and against the most of
 * the same hour of the day (and the hours beside it) on earlier days. Nothing is learned while it is unusual. Single values above count as
 * ones at the threshold when those after them are not above.
 */
export class VolumeSeries {
  readonly #options: VolumeOptions;
  #extreme: ExtremeValue;
  /** By hour of the day: the most on earlier days, and the most of the last 24 hours, which become one of these when their time comes again. */
  readonly #earlier = new Float64Array(hoursOfDay);
  readonly #lately = new Float64Array(hoursOfDay).fill(nothingLearned);
  #hour = Number.NaN;
  /** How many values above came last that nothing was told of yet. */
  #waiting = 0;
  #isTold = false;
  #lasted = 0;
  #calm = 0;

  constructor(options: VolumeOptions) {
    this.#options = options;
    this.#extreme = new ExtremeValue(options.tail);
  }

  get isTold(): boolean {
    return this.#isTold;
  }

  get isLearning(): boolean {
    return this.#extreme.isLearning;
  }

  /** What is usual now at most, by the threshold and by the same hour of earlier days. */
  get limit(): number {
    const { least, timesHour } = this.#options;
    return Math.max(least, this.#extreme.threshold, timesHour * this.mostOfHour);
  }

  /** The running mean, of about an hour. */
  get usual(): number {
    return this.#extreme.mean;
  }

  /** The most that was seen at this time of the day on earlier days. */
  get mostOfHour(): number {
    const at = (offset: number) => this.#earlier[(this.#hour + hoursOfDay + offset) % hoursOfDay] ?? 0;
    return Math.max(at(-1), at(0), at(1));
  }

  /** Approximate bytes held. */
  get bytes(): number {
    return fixedBytes + this.#extreme.bytes;
  }

  /** Takes the value of one more minute, in an hour since the epoch. */
  add(value: number, hour: number): VolumeState {
    this.#turn(hour);
    if (value > this.#options.least && !this.isLearning && value > this.limit) return this.#exceed();
    if (this.#isTold) return this.#calmDown();
    // Of single ones above no more than that they were: a few leaps do not make leaps usual.
    for (; this.#waiting > 0; this.#waiting--) this.#learn(this.limit);
    this.#learn(value);
    return 'usual';
  }

  #exceed(): VolumeState {
    const { minutes, acceptMinutes, tail } = this.#options;
    this.#calm = 0;
    if (this.#isTold) {
      if (++this.#lasted < acceptMinutes) return 'lasts';
      this.#extreme = new ExtremeValue(tail);
      this.#isTold = false;
      return 'over';
    }
    if (++this.#waiting < minutes) return 'usual';
    this.#waiting = 0;
    this.#isTold = true;
    this.#lasted = 0;
    return 'began';
  }

  #calmDown(): VolumeState {
    this.#lasted++;
    if (++this.#calm < this.#options.calmMinutes) return 'lasts';
    this.#isTold = false;
    return 'over';
  }

  #learn(value: number): void {
    this.#extreme.learn(value);
    const hour = this.#hour % hoursOfDay;
    this.#lately[hour] = Math.max(this.#lately[hour]!, value);
  }

  #turn(hour: number): void {
    if (hour === this.#hour) return;
    // The hour after this one is looked at too: what was yesterday is an earlier day for it from now on.
    const passed = Math.min(hour - this.#hour, hoursOfDay) || 1;
    for (let at = hour + 2 - passed; at <= hour + 1; at++) {
      const place = at % hoursOfDay;
      const most = this.#lately[place]!;
      if (most !== nothingLearned) this.#earlier[place] = Math.max(most, hourMemory * this.#earlier[place]!);
      this.#lately[place] = nothingLearned;
    }
    this.#hour = hour;
  }
}
