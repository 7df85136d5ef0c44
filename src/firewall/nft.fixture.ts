import { execFileSync } from 'node:child_process';

/**
 * Loads a text with nft in a network namespace of its own and returns what a command there prints; the namespace goes
 * away with it. Throws when nft refuses the text.
 */
export function askNft(text: string, command: readonly string[]): string {
  const script = 'nft -f /dev/stdin && exec "$@"';
  return execFileSync('unshare', ['--net', 'sh', '-c', script, 'sh', ...command], {
    input: text,
    encoding: 'utf8',
    stdio: 'pipe',
    timeout: 30_000,
    maxBuffer: 1 << 28,
  });
}
