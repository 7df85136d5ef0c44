import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { AlertRecord } from '../alert-record.ts';
import { BusyError, lineOf, RefusedError, type Transport } from '../transport.ts';

export interface HttpOutputOptions {
  readonly url: string;
  readonly userAgent: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly json: boolean;
  readonly compress: boolean;
  readonly keepAlive: boolean;
  /** Takes any certificate. */
  readonly insecure: boolean;
  /** Certificates to trust in place of those of Node and of the machine, as PEM. */
  readonly ca?: readonly string[];
  /** Client certificate and key, as PEM. */
  readonly cert?: string;
  readonly key?: string;
  /** Is given what the receiver answers, at most 64 KiB of each. */
  readonly echo?: (answer: string) => void;
}

/** Statuses that say that the alert itself is at fault (RFC 9110): sending it again brings the same. */
const refusals: ReadonlySet<number> = new Set([400, 413, 422]);
const answerLimit = 64 * 1024;
const compressed = promisify(gzip);

/** One POST for each alert. Delivered is what was answered with 2xx, to the end of the answer. Redirects are not followed. */
export class HttpTransport implements Transport {
  readonly kind = 'http';
  readonly target: string;
  readonly #url: URL;
  readonly #options: HttpOutputOptions;
  /** Made once: it takes longer than a request does. */
  readonly #trust: SecureContext | undefined;
  #agent: HttpAgent;

  /** Throws a TypeError for what is no URL of http or https, an Error for a certificate and a key that do not belong together. */
  constructor(options: HttpOutputOptions) {
    this.#url = new URL(options.url);
    if (!/^https?:$/.test(this.#url.protocol)) throw new TypeError(`no URL of http or https`);
    this.#options = options;
    // Paths and queries may hold tokens.
    this.target = this.#url.origin;
    if (this.#url.protocol === 'https:') this.#trust = trustOf(options);
    this.#agent = this.#newAgent();
  }

  async send(record: AlertRecord, signal: AbortSignal): Promise<void> {
    const { userAgent, headers, json, compress } = this.#options;
    const text = Buffer.from(lineOf(record, json));
    const body = compress ? await compressed(text) : text;
    const answer = await this.#post(
      body,
      {
        'User-Agent': userAgent,
        'Content-Type': json ? 'application/json' : 'text/plain',
        ...(compress && { 'Content-Encoding': 'gzip' }),
        'Content-Length': String(body.length),
        'Idempotency-Key': `"${record.id}"`,
        ...headers,
      },
      signal,
    );
    const status = answer.statusCode ?? 0;
    const shown = await textOf(answer);
    this.#options.echo?.(shown);
    if (status >= 200 && status < 300) return;
    const message = `${this.target} answered ${status} ${answer.statusMessage ?? ''}`.trimEnd();
    if (refusals.has(status)) throw new RefusedError(message);
    const seconds = Number(answer.headers['retry-after']);
    if (seconds > 0) throw new BusyError(message, seconds * 1000);
    throw new Error(message);
  }

  reopen(): void {
    this.#agent.destroy();
    this.#agent = this.#newAgent();
  }

  async close(): Promise<void> {
    this.#agent.destroy();
  }

  #newAgent(): HttpAgent {
    const { keepAlive, insecure } = this.#options;
    const common = { keepAlive, maxSockets: 1 };
    if (this.#url.protocol === 'http:') return new HttpAgent(common);
    return new HttpsAgent({
      ...common,
      rejectUnauthorized: !insecure,
      ...(this.#trust && { secureContext: this.#trust }),
    });
  }

  #post(body: Buffer, headers: Record<string, string>, signal: AbortSignal): Promise<IncomingMessage> {
    const request = this.#url.protocol === 'http:' ? httpRequest : httpsRequest;
    return new Promise((done, fail) => {
      const sent = request(this.#url, { method: 'POST', headers, agent: this.#agent, signal }, done);
      sent.on('error', (error) => {
        // What Node advises there is of no use to whoever runs Picket.
        error.message = error.message.replace(/; if the root CA .*/, '');
        fail(signal.aborted ? (signal.reason as Error) : error);
      });
      sent.end(body);
    });
  }
}

/** Without certificates of its own it trusts Node's and those of the machine, as curl and with it Falco do. */
function trustOf({ ca, cert, key }: HttpOutputOptions): SecureContext {
  const usual = () => [...new Set([...getCACertificates('bundled'), ...getCACertificates('system')])];
  return createSecureContext({ ca: ca ? [...ca] : usual(), ...(cert && { cert }), ...(key && { key }) });
}

/** The answer up to its limit; a connection whose answer goes on is not kept. */
async function textOf(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    parts.push(part);
    length += part.length;
    // Leaving the loop destroys the answer and its socket.
    if (length > answerLimit) break;
  }
  return Buffer.concat(parts).subarray(0, answerLimit).toString();
}
