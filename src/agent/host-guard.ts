import type { IncomingMessage } from 'node:http';

/** Why a request is not answered. */
export interface Refusal {
  readonly status: 400 | 403 | 421;
  readonly code: string;
  /** One sentence for a person. */
  readonly message: string;
}

/**
 * Sent with every answer. The page loads nothing from elsewhere, is framed by nobody, and no other origin may read or
 * embed what is served here; there are no CORS headers, ever.
 */
export const securityHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/**
 * Returns why `request` must not be answered, or undefined when it may be. Keeps out what a hostile web page can make a
 * browser send to this machine:
 * - DNS rebinding: the Host must be a loopback name or address, the address that the connection came to, or one of `names`
 *   (lower case), with the port of the connection (RFC 9112 §3.2). An address in Host cannot have been rebound.
 * - requests from other sites, any method: by `Sec-Fetch-Site` (W3C Fetch Metadata; other ports of the same machine are
 *   other sites, too) and by `Origin`. Only following a link to a page is let through, in a window of its own.
 */
export function refusal(request: IncomingMessage, names: readonly string[] = []): Refusal | undefined {
  if (request.url?.startsWith('/') !== true) {
    return { status: 400, code: 'bad-target', message: 'the request target must be a path' };
  }
  const host = request.headers.host;
  if (host === undefined || !isOurs(host, request, names)) {
    return {
      status: 421,
      code: 'wrong-host',
      message: `this is not ${host === undefined || host === '' ? 'a host without a name' : JSON.stringify(host)}; ask for localhost or a configured name, with the right port`,
    };
  }
  const { origin } = request.headers;
  if (origin !== undefined && origin !== `http://${host.toLowerCase()}`) return crossSite;
  const site = request.headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return undefined;
  return isLinkToPage(request) ? undefined : crossSite;
}

const crossSite: Refusal = {
  status: 403,
  code: 'cross-site',
  message: 'requests that another site makes are not answered',
};

function isOurs(host: string, request: IncomingMessage, names: readonly string[]): boolean {
  const [, name = '', port = '80'] = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i.exec(host) ?? [];
  if (Number(port) !== request.socket.localPort) return false;
  const known = ['localhost', '127.0.0.1', '[::1]', inHost(request.socket.localAddress ?? ''), ...names];
  return name !== '' && known.includes(name.toLowerCase());
}

/** An address of a socket as it stands in a Host header. */
function inHost(address: string): string {
  const unmapped = address.replace(/^::ffff:(?=\d+\.)/, '');
  return unmapped.includes(':') ? `[${unmapped}]` : unmapped;
}

function isLinkToPage({ method, url = '', headers }: IncomingMessage): boolean {
  return (
    method === 'GET' &&
    headers['sec-fetch-mode'] === 'navigate' &&
    headers['sec-fetch-dest'] === 'document' &&
    (url === '/' || url.startsWith('/?'))
  );
}
