import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../nftables.ts';
import { makeFolder, writeSafely } from './files.ts';

/** So many texts are kept; what the journal tells beyond them cannot be gone back to. */
const mostTexts = 100;

/** Texts of tables by their digest, the newest of them. */
export class TextStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = join(folder, 'texts');
    makeFolder(this.#folder);
  }

  /** Keeps a text; returns its digest. */
  keep(text: string): string {
    const digest = digestOf(text);
    const path = this.#path(digest);
    const now = new Date();
    if (existsSync(path)) utimesSync(path, now, now);
    else writeSafely(path, text);
    this.#prune();
    return digest;
  }

  /** Returns the text, undefined where it is not kept any more or is not what it was. */
  get(digest: string): string | undefined {
    if (!/^[0-9a-f]{64}$/.test(digest) || !existsSync(this.#path(digest))) return undefined;
    const text = readFileSync(this.#path(digest), 'utf8');
    return digestOf(text) === digest ? text : undefined;
  }

  #path(digest: string): string {
    return join(this.#folder, `${digest}.nft`);
  }

  #prune(): void {
    const files = readdirSync(this.#folder).map((name) => join(this.#folder, name));
    if (files.length <= mostTexts) return;
    const byAge = files.map((path) => ({ path, at: statSync(path).mtimeMs })).sort((a, b) => b.at - a.at);
    for (const { path } of byAge.slice(mostTexts)) rmSync(path, { force: true });
  }
}
