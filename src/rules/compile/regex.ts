import { type CodeRange, parseRegex, type Regex } from './regex-syntax.ts';

/** What a pattern may grow to when its repetitions are written out. */
const maxInstructions = 20_000;
/** States of the automaton that are kept; then they are made afresh. */
const maxStates = 2000;

type Assertion = Extract<Regex, { kind: 'assert' }>['what'];

type Instruction =
  | { readonly kind: 'match' }
  | { readonly kind: 'set'; readonly ranges: readonly CodeRange[]; next: number }
  | { readonly kind: 'split'; next: number; other: number }
  | { readonly kind: 'assert'; readonly what: Assertion; next: number };

/**
 * Returns whether a whole text matches, as RE2's full match does; or, as a text, what is wrong with the pattern. Time is linear in
 * the text: the pattern becomes an automaton (Thompson 1968) whose states are made when they are first needed.
 */
export function compileRegex(pattern: string): ((text: string) => boolean) | string {
  const regex = parseRegex(pattern);
  if (typeof regex === 'string') return regex;
  const program = new Program();
  if (!program.add(regex)) return 'the pattern is too large';
  program.end();
  const { instructions } = program;
  if (instructions.some(({ kind }) => kind === 'assert')) return (text) => simulate(instructions, text);
  const automaton = new Automaton(instructions);
  return (text) => automaton.matches(text);
}

/** Instructions of a machine that is in several places at once. */
class Program {
  readonly instructions: Instruction[] = [];

  /** Adds what matches the regex and goes on behind it. False when it grows too large. */
  add(regex: Regex): boolean {
    const { instructions } = this;
    if (instructions.length > maxInstructions) return false;
    switch (regex.kind) {
      case 'empty':
        return true;
      case 'set':
        instructions.push({ kind: 'set', ranges: regex.ranges, next: instructions.length + 1 });
        return true;
      case 'assert':
        instructions.push({ kind: 'assert', what: regex.what, next: instructions.length + 1 });
        return true;
      case 'all':
        return regex.parts.every((part) => this.add(part));
      case 'any':
        return this.#any(regex.parts);
      case 'repeat':
        return this.#repeat(regex.part, regex.least, regex.most);
    }
  }

  end(): void {
    this.instructions.push({ kind: 'match' });
  }

  #any(parts: readonly Regex[]): boolean {
    const { instructions } = this;
    const leaving: Extract<Instruction, { kind: 'split' }>[] = [];
    for (const [index, part] of parts.entries()) {
      const isLast = index === parts.length - 1;
      const choice = {
        kind: 'split' as const,
        next: instructions.length + 1,
        other: instructions.length + 1,
      };
      if (!isLast) instructions.push(choice);
      if (!this.add(part)) return false;
      if (isLast) break;
      const leave = { kind: 'split' as const, next: 0, other: 0 };
      instructions.push(leave);
      leaving.push(leave);
      choice.other = instructions.length;
    }
    for (const leave of leaving) leave.next = leave.other = instructions.length;
    return true;
  }

  #repeat(part: Regex, least: number, most: number): boolean {
    const { instructions } = this;
    for (let times = 0; times < least; times++) if (!this.add(part)) return false;
    if (most === Number.POSITIVE_INFINITY) {
      const start = instructions.length;
      const choice = { kind: 'split' as const, next: start + 1, other: 0 };
      instructions.push(choice);
      if (!this.add(part)) return false;
      instructions.push({ kind: 'split', next: start, other: start });
      choice.other = instructions.length;
      return true;
    }
    const choices: Extract<Instruction, { kind: 'split' }>[] = [];
    for (let times = least; times < most; times++) {
      const choice = { kind: 'split' as const, next: instructions.length + 1, other: 0 };
      instructions.push(choice);
      choices.push(choice);
      if (!this.add(part)) return false;
    }
    for (const choice of choices) choice.other = instructions.length;
    return true;
  }
}

/** Where the machine is between two code points, for assertions. */
interface Between {
  readonly before: number | undefined;
  readonly behind: number | undefined;
}

/** Adds the places reached without taking a code point; assertions hold as `between` tells. */
function close(
  instructions: readonly Instruction[],
  from: number,
  into: Set<number>,
  between?: Between,
): void {
  const pending = [from];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    if (into.has(at)) continue;
    into.add(at);
    const instruction = instructions[at] as Instruction;
    if (instruction.kind === 'split') pending.push(instruction.next, instruction.other);
    if (instruction.kind === 'assert' && between !== undefined && holds(instruction.what, between))
      pending.push(instruction.next);
  }
}

function holds(what: Assertion, { before, behind }: Between): boolean {
  switch (what) {
    case 'start':
      return before === undefined;
    case 'end':
      return behind === undefined;
    case 'line start':
      return before === undefined || before === 10;
    case 'line end':
      return behind === undefined || behind === 10;
    default:
      return (isWord(before) !== isWord(behind)) === (what === 'word');
  }
}

function isWord(point: number | undefined): boolean {
  return point !== undefined && /^\w$/.test(String.fromCodePoint(point));
}

function contains(ranges: readonly CodeRange[], point: number): boolean {
  return ranges.some(({ from, to }) => from <= point && point <= to);
}

/** One step of the machine after another, for patterns whose assertions look around. */
function simulate(instructions: readonly Instruction[], text: string): boolean {
  const points = Array.from(text, (sign) => sign.codePointAt(0) as number);
  let places = new Set([0]);
  for (let at = 0; ; at++) {
    const between = { before: points[at - 1], behind: points[at] };
    const closed = new Set<number>();
    for (const place of places) close(instructions, place, closed, between);
    const point = points[at];
    if (point === undefined) return [...closed].some((place) => instructions[place]?.kind === 'match');
    places = new Set();
    for (const place of closed) {
      const instruction = instructions[place] as Instruction;
      if (instruction.kind === 'set' && contains(instruction.ranges, point)) places.add(instruction.next);
    }
    if (places.size === 0) return false;
  }
}

interface State {
  readonly places: readonly number[];
  readonly accepts: boolean;
  /** By class of code points; undefined: not known yet; null: nothing matches from there on. */
  readonly next: (State | null | undefined)[];
}

/** Sets of places as states, each made when it is first reached. */
class Automaton {
  readonly #instructions: readonly Instruction[];
  /** First code point of each class that the pattern cannot tell apart. */
  readonly #starts: readonly number[];
  readonly #ascii: Uint16Array;
  #states = new Map<string, State>();
  #first: State;

  constructor(instructions: readonly Instruction[]) {
    this.#instructions = instructions;
    const starts = new Set([0]);
    for (const instruction of instructions) {
      if (instruction.kind !== 'set') continue;
      for (const { from, to } of instruction.ranges) starts.add(from).add(to + 1);
    }
    this.#starts = [...starts].sort((a, b) => a - b);
    this.#ascii = Uint16Array.from({ length: 128 }, (_, point) => this.#classOf(point));
    this.#first = this.#state([0]);
  }

  matches(text: string): boolean {
    let state = this.#first;
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      let number: number;
      if (unit < 128) number = this.#ascii[unit] as number;
      else {
        const point = text.codePointAt(at) as number;
        if (point > 0xffff) at++;
        number = this.#classOf(point);
      }
      const next = state.next[number];
      const reached = next === undefined ? this.#step(state, number) : next;
      if (reached === null) return false;
      state = reached;
    }
    return state.accepts;
  }

  #classOf(point: number): number {
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#starts[middle] as number) <= point) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #step(state: State, number: number): State | null {
    const point = this.#starts[number] as number;
    const reached = state.places.flatMap((place) => {
      const instruction = this.#instructions[place] as Instruction;
      return instruction.kind === 'set' && contains(instruction.ranges, point) ? [instruction.next] : [];
    });
    const next = reached.length === 0 ? null : this.#state(reached);
    state.next[number] = next;
    return next;
  }

  #state(from: readonly number[]): State {
    const closed = new Set<number>();
    for (const place of from) close(this.#instructions, place, closed);
    const places = [...closed].sort((a, b) => a - b);
    const key = places.join();
    let state = this.#states.get(key);
    if (state === undefined) {
      if (this.#states.size >= maxStates) {
        this.#states = new Map();
        if (this.#first !== undefined) this.#first.next.length = 0;
      }
      const accepts = places.some((place) => this.#instructions[place]?.kind === 'match');
      state = { places, accepts, next: [] };
      this.#states.set(key, state);
    }
    return state;
  }
}
