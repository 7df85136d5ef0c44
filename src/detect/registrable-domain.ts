import { getDomain } from 'tldts';

/** Names are names already: no address, no URL, and any bytes. */
const settings = {
  allowPrivateDomains: true,
  detectIp: false,
  extractHostname: false,
  validateHostname: false,
} as const;

/**
 * Returns the part of a DNS name that somebody registered: one label more than its public suffix (publicsuffix.org, with the suffixes of hosting
 * services); undefined for a suffix itself and for reverse and link-local names (`arpa`, `local`), which nobody registers.
 */
export function registrableDomain(name: string): string | undefined {
  if (name.endsWith('.arpa') || name.endsWith('.local')) return undefined;
  return getDomain(name, settings) ?? undefined;
}
