import { finish, mix } from '../flow/chained-index.ts';

/** Lanes that a text takes in a key. */
export const textLanes = 2;

/** Returns a 32-bit hash of a text; different seeds give different hashes. */
export function hashText(text: string, seed: number): number {
  let hash = seed;
  for (let at = 0; at < text.length; at++) hash = mix(hash, text.charCodeAt(at));
  return finish(hash);
}

/** Writes the hash of a text into a key, 64 bits from `lane` on. */
export function setText(key: Uint32Array, lane: number, text: string): void {
  key[lane] = hashText(text, 1);
  key[lane + 1] = hashText(text, 2);
}
