const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Bytes out and in within some time that begins with the first of them. */
export class Span {
  readonly #length: number;
  start = Number.NEGATIVE_INFINITY;
  sent = 0;
  received = 0;

  constructor(length: number) {
    this.#length = length;
  }

  /** Adds what was counted at a time, and tells whether a new stretch begins with it. */
  add(at: number, sent: number, received: number): boolean {
    const isNew = at - this.start >= this.#length;
    if (isNew) {
      this.start = at;
      this.sent = 0;
      this.received = 0;
    }
    this.sent += sent;
    this.received += received;
    return isNew;
  }

  /** Takes out what another has counted of the same time. */
  subtract({ sent, received }: Span): void {
    this.sent = Math.max(0, this.sent - sent);
    this.received = Math.max(0, this.received - received);
  }

  /** Producer/consumer ratio: 1 where all was sent, -1 where all was received, 0 where nothing was. */
  get ratio(): number {
    return ratioOf(this.sent, this.received);
  }
}

/** What went out to one place, or to all, in an hour and in a day. */
export class Upload {
  readonly hour = new Span(hourMs);
  readonly day = new Span(dayMs);
  /** Bytes of the day from which on it is told again; infinite before it was told in this day. */
  tellAt = Number.POSITIVE_INFINITY;

  add(at: number, sent: number, received: number): void {
    this.hour.add(at, sent, received);
    if (this.day.add(at, sent, received)) this.tellAt = Number.POSITIVE_INFINITY;
  }
}

/** (sent - received) / (sent + received): C. Bullard's producer/consumer ratio (FloCon 2014). */
export function ratioOf(sent: number, received: number): number {
  const both = sent + received;
  return both === 0 ? 0 : (sent - received) / both;
}

/** The greatest sum of a day and whose it is, and the greatest of anybody else: so that one can be taken out again. */
class Greatest {
  #most = 0;
  #owner: Upload | undefined;
  #second = 0;
  #secondOwner: Upload | undefined;

  get most(): number {
    return this.#most;
  }

  add(owner: Upload, sum: number): void {
    if (owner === this.#owner) this.#most = Math.max(this.#most, sum);
    else if (sum > this.#most) {
      this.#second = this.#most;
      this.#secondOwner = this.#owner;
      this.#most = sum;
      this.#owner = owner;
    } else if (sum > this.#second) {
      this.#second = sum;
      this.#secondOwner = owner;
    }
  }

  forget(owner: Upload): void {
    if (owner === this.#owner) {
      this.#most = this.#second;
      this.#owner = this.#secondOwner;
    } else if (owner !== this.#secondOwner) return;
    this.#second = 0;
    this.#secondOwner = undefined;
  }
}

/** The days that are remembered, of which the last two can still be corrected. */
const days = 7;
const settledDays = days - 1;

/** The most that a source sent to any one place in an hour and in a day, of the last seven days before today, and its usual ratio. */
export class UploadHistory {
  /** When it was first seen. */
  readonly since: number;
  /** Of days with traffic before today, three quarters of it of those before the last. */
  usualRatio: number | undefined;
  #today: number;
  #hourNow = new Greatest();
  #dayNow = new Greatest();
  #hourBefore: Greatest | undefined;
  #dayBefore: Greatest | undefined;
  /** Rings by day of those before yesterday; none before the second day. */
  #hours: Float64Array | undefined;
  #days: Float64Array | undefined;
  #sent = 0;
  #received = 0;

  constructor(at: number) {
    this.since = at;
    this.#today = dayOf(at);
  }

  get mostInHour(): number {
    return Math.max(this.#hourBefore?.most ?? 0, ...(this.#hours ?? []));
  }

  get mostInDay(): number {
    return Math.max(this.#dayBefore?.most ?? 0, ...(this.#days ?? []));
  }

  /** Takes the sums of one place as they are now, and what has come to them. */
  learn(at: number, upload: Upload, sent: number, received: number): void {
    this.turn(at);
    this.#hourNow.add(upload, upload.hour.sent);
    this.#dayNow.add(upload, upload.day.sent);
    this.#sent += sent;
    this.#received += received;
  }

  /** Takes back what was learned of one place in its last day. */
  forget(upload: Upload): void {
    for (const greatest of [this.#hourNow, this.#dayNow, this.#hourBefore, this.#dayBefore])
      greatest?.forget(upload);
    this.#sent = Math.max(0, this.#sent - upload.day.sent);
    this.#received = Math.max(0, this.#received - upload.day.received);
  }

  /** Lets days go by. */
  turn(at: number): void {
    const day = dayOf(at);
    for (let gone = Math.min(day - this.#today, days + 1); gone > 0; gone--) this.#endDay(day - gone);
    this.#today = Math.max(this.#today, day);
  }

  /** `day` is over. */
  #endDay(day: number): void {
    if (this.#sent + this.#received > 0) {
      const ratio = ratioOf(this.#sent, this.#received);
      this.usualRatio = this.usualRatio === undefined ? ratio : 0.75 * this.usualRatio + 0.25 * ratio;
    }
    this.#sent = 0;
    this.#received = 0;
    this.#hours ??= new Float64Array(settledDays);
    this.#days ??= new Float64Array(settledDays);
    this.#hours[day % settledDays] = this.#hourBefore?.most ?? 0;
    this.#days[day % settledDays] = this.#dayBefore?.most ?? 0;
    this.#hourBefore = this.#hourNow;
    this.#dayBefore = this.#dayNow;
    this.#hourNow = new Greatest();
    this.#dayNow = new Greatest();
  }
}

function dayOf(at: number): number {
  return Math.max(0, Math.floor(at / dayMs));
}
