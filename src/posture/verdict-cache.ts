import type { Verdict } from '../flow/verdict.ts';
import type { Address } from '../net/address.ts';
import type { Connection } from './posture.ts';

/** 32-bit words per key: two addresses of four, and one each for protocol with families and for the port. */
const width = 10;

/**
 * Remembers verdicts of connections in a fixed number of slots. A connection has one slot only; another one that falls
 * on the same slot replaces it, so that no flood of different connections grows or slows it.
 */
export class VerdictCache {
  readonly #keys: Uint32Array;
  readonly #verdicts: (Verdict | undefined)[];
  readonly #mask: number;
  #replaced = 0;

  /** `bits`: the cache has 2^bits slots of about 50 bytes, besides the verdicts. */
  constructor(bits = 14) {
    this.#mask = 2 ** bits - 1;
    this.#keys = new Uint32Array(2 ** bits * width);
    this.#verdicts = new Array<Verdict | undefined>(2 ** bits).fill(undefined);
  }

  /** How many verdicts were pushed out so far. */
  get replaced(): number {
    return this.#replaced;
  }

  /** Returns the remembered verdict of the connection, or what `judge` says, which is then remembered. */
  get(connection: Connection, judge: (connection: Connection) => Verdict): Verdict {
    const { source, destination, protocol, port } = connection;
    const kind = protocol | (source.family << 8) | (destination.family << 16);
    const slot = hash(source, destination, kind, port) & this.#mask;
    const found = this.#verdicts[slot];
    const at = slot * width;
    if (found !== undefined && this.#holds(at, source, destination, kind, port)) return found;
    if (found !== undefined) this.#replaced += 1;
    const verdict = judge(connection);
    this.#keys.set([source.a, source.b, source.c, source.d], at);
    this.#keys.set([destination.a, destination.b, destination.c, destination.d, kind, port], at + 4);
    this.#verdicts[slot] = verdict;
    return verdict;
  }

  #holds(at: number, source: Address, destination: Address, kind: number, port: number): boolean {
    const keys = this.#keys;
    return (
      keys[at + 3] === source.d &&
      keys[at + 7] === destination.d &&
      keys[at + 9] === port &&
      keys[at + 8] === kind &&
      keys[at] === source.a &&
      keys[at + 1] === source.b &&
      keys[at + 2] === source.c &&
      keys[at + 4] === destination.a &&
      keys[at + 5] === destination.b &&
      keys[at + 6] === destination.c
    );
  }
}

/** Multiply and rotate over the words of the key; the finaliser is that of MurmurHash3 (public domain). */
function hash(source: Address, destination: Address, kind: number, port: number): number {
  let h = kind ^ (port << 16);
  if (source.family === 6) h = mix(mix(mix(h, source.a), source.b), source.c);
  h = mix(h, source.d);
  if (destination.family === 6) h = mix(mix(mix(h, destination.a), destination.b), destination.c);
  h = mix(h, destination.d);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function mix(h: number, word: number): number {
  const k = Math.imul(word, 0xcc9e2d51);
  const x = h ^ Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  return Math.imul((x << 13) | (x >>> 19), 5) + 0xe6546b64;
}
