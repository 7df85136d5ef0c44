import type { Flow } from '../flow/flow.ts';
import { isLoopback, isMulticast } from '../net/address.ts';
import { Protocol, protocolName } from '../net/protocol.ts';
import type { Evidence } from './detector.ts';
import type { FirstSeenOptions, Habits } from './first-seen.ts';
import { plural } from './text.ts';

const hour = 3_600_000;

/**
 * Whether it is a conversation of two machines, of a protocol with ports. Answers without a question are none: they come to one whose address
 * somebody forged.
 */
export function isConversation({ protocol, destination: { address }, sent }: Flow): boolean {
  if (sent?.packets === 0) return false;
  if (protocol !== Protocol.Tcp && protocol !== Protocol.Udp && protocol !== Protocol.Sctp) return false;
  return !isLoopback(address) && !isMulticast(address) && !(address.family === 4 && address.d === 0xffffffff);
}

/**
 * The port of a service as a number with its protocol; all ports from 32768 on, which kernels and other programs hand out to whoever asks for
 * any (RFC 6335 §6 has 49152, Linux 32768), are one.
 */
export function serviceNumber({ protocol, destination: { port } }: Flow): number {
  return Math.min(port, firstDynamicPort) * 256 + protocol;
}

export const firstDynamicPort = 32_768;

/** The service as text: `tcp port 22`. */
export function serviceText({ protocol, destination: { port } }: Flow): string {
  return `${protocolName(protocol)} port ${port}`;
}

/** How somebody was learned of, as a sentence. `what` is in the plural, e.g. `peers`. */
export function learnedText({ since, learnedAt = since, known }: Habits, what: string): string {
  return `In ${spanText(learnedAt - since)} of learning it had ${known} different ${what}; it is of fixed ways.`;
}

/** What stands behind a thing that is new, and what would have been usual. */
export function noveltyEvidence(
  { since, learnedAt = since, known, fresh }: Habits,
  { learnMs, calm }: FirstSeenOptions,
  what: string,
): Evidence[] {
  return [
    { name: `${what} learned`, value: `${known} in ${spanText(learnedAt - since)}` },
    {
      name: `new ${what} within ${spanText(learnMs)}`,
      value: String(fresh),
      expected: `at most ${calm} in the second half of learning, 0 after it`,
    },
  ];
}

/** `36 hours`, `7 days`. */
function spanText(ms: number): string {
  return ms < 48 * hour ? plural(Math.round(ms / hour), 'hour') : plural(Math.round(ms / (24 * hour)), 'day');
}
