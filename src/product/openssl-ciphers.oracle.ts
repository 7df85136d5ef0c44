import { spawnSync } from 'node:child_process';

/** Returns what the machine's OpenSSL offers of a list for TLS 1.2 and before; undefined when it has no `openssl`. */
export function opensslCiphers(list: string): string[] | undefined {
  const { status, stdout } = spawnSync('openssl', ['ciphers', '-s', '-tls1_2', list], { encoding: 'utf8' });
  if (status === null) return undefined;
  return status === 0 ? stdout.trim().split(':').filter(Boolean) : [];
}
