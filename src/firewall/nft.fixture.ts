import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const limits = { encoding: 'utf8', stdio: 'pipe', timeout: 120_000, maxBuffer: 1 << 28 } as const;

/**
 * Loads a text with nft in a network namespace of its own and returns what a command there prints; the namespace goes
 * away with it. Throws when nft refuses the text.
 */
export function askNft(text: string, command: readonly string[]): string {
  const script = 'nft -f /dev/stdin && exec "$@"';
  return execFileSync('unshare', ['--net', 'sh', '-c', script, 'sh', ...command], { input: text, ...limits });
}

/** What nft has after it loaded a text; undefined when it refused it. */
export interface Listing {
  readonly text: string;
  readonly json: string;
}

const mark = '=====';

/** Loads one text after another with nft, each into an empty ruleset in a network namespace, and lists what is there. */
export function listEach(texts: readonly string[]): (Listing | undefined)[] {
  const folder = mkdtempSync(join(tmpdir(), 'picket-nft-'));
  try {
    texts.forEach((text, i) => {
      writeFileSync(join(folder, `${i}.nft`), text);
    });
    const each = `nft -f "$f" 2>/dev/null && { nft list ruleset; echo '${mark}'; nft -j list ruleset; }`;
    const files = texts.map((_, i) => join(folder, `${i}.nft`));
    const script = `for f in "$@"; do ${each}; nft flush ruleset; echo '${mark}${mark}'; done`;
    const out = execFileSync('unshare', ['--net', 'sh', '-c', script, 'sh', ...files], limits);
    return out
      .split(`${mark}${mark}\n`)
      .slice(0, -1)
      .map((part) => {
        const [text = '', json] = part.split(`${mark}\n`);
        return json === undefined ? undefined : { text, json };
      });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
