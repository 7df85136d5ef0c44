let domainOf: typeof import('tldts').getDomain | undefined;

/** Loads the list of public suffixes: some megabytes, which only those pay who see DNS. To be awaited before the first question. */
export async function loadPublicSuffixes(): Promise<void> {
  domainOf ??= (await import('tldts')).getDomain;
}

/** Names are names already: no address, no URL, and any bytes. */
const settings = {
  allowPrivateDomains: true,
  detectIp: false,
  extractHostname: false,
  validateHostname: false,
} as const;

/**
 * Returns the part of a DNS name that somebody registered: one label more than its public suffix (publicsuffix.org, with the suffixes of hosting
 * services); undefined for a suffix itself and for reverse and link-local names (`arpa`, `local`), which nobody registers. Throws where
 * {@link loadPublicSuffixes} was not awaited before.
 */
export function registrableDomain(name: string): string | undefined {
  if (name.endsWith('.arpa') || name.endsWith('.local')) return undefined;
  if (domainOf === undefined) throw new Error('the list of public suffixes is not loaded');
  return domainOf(name, settings) ?? undefined;
}
