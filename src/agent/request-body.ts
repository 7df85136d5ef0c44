import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

const unpack = promisify(gunzip);

/** Why a body is not taken. */
export interface BodyRefusal {
  readonly status: 400 | 413 | 415 | 429;
  readonly code: string;
  readonly message: string;
}

/** How large a body may be, in bytes. */
export interface BodyLimits {
  /** As it is sent. */
  readonly sent: number;
  /** Unpacked. */
  readonly unpacked: number;
}

/** Bytes of all bodies that are being read. */
export interface BodyBudget {
  used: number;
  readonly max: number;
}

/** What is wrong with a body before it is read, by its headers. */
export function headerRefusal(
  { headers }: IncomingMessage,
  types: readonly string[],
  limits: BodyLimits,
): BodyRefusal | undefined {
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (!types.includes(type))
    return {
      status: 415,
      code: 'content-type',
      message: `the Content-Type must be ${types.join(' or ')}`,
    };
  if (!['identity', 'gzip'].includes(encodingOf(headers)))
    return { status: 415, code: 'content-encoding', message: 'the Content-Encoding must be gzip or none' };
  return Number(headers['content-length'] ?? 0) > limits.sent ? tooLarge(limits.sent) : undefined;
}

/**
 * Reads a body to its end as it is sent, within its limit and that of all bodies, and hands it to `use`; its bytes count until that
 * is done. Rejects when the connection breaks, and with what `use` throws.
 */
export async function withBody<T>(
  request: IncomingMessage,
  limits: BodyLimits,
  budget: BodyBudget,
  use: (sent: Buffer) => Promise<T>,
): Promise<T | BodyRefusal> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    // The request is not destroyed with the loop: its connection has the answer to carry.
    for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += part.length;
      budget.used += part.length;
      if (size > limits.sent) return tooLarge(limits.sent);
      if (budget.used > budget.max)
        return { status: 429, code: 'busy', message: 'too much is being taken in; send it again' };
      parts.push(part);
    }
    return await use(Buffer.concat(parts));
  } finally {
    budget.used -= size;
  }
}

/** Returns the text of a body, unpacked where it is said to be packed. */
export async function bodyText(
  { headers }: IncomingMessage,
  sent: Buffer,
  limits: BodyLimits,
): Promise<string | BodyRefusal> {
  if (encodingOf(headers) === 'identity') return sent.toString('utf8');
  try {
    return (await unpack(sent, { maxOutputLength: limits.unpacked })).toString('utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') return tooLarge(limits.unpacked, 'unpacked ');
    return { status: 400, code: 'bad-gzip', message: `the body is no gzip: ${message}` };
  }
}

function encodingOf(headers: IncomingMessage['headers']): string {
  return (headers['content-encoding'] ?? 'identity').trim().toLowerCase();
}

function tooLarge(limit: number, what = ''): BodyRefusal {
  return {
    status: 413,
    code: 'too-large',
    message: `the body may have ${what}${limit} bytes at most; let the sender make smaller batches`,
  };
}
