import type { Address } from '../net/address.ts';
import type { Identity } from './flow.ts';

/** One question of the domain name system, or the answer to it, as it was seen on the way. */
export interface DnsMessage {
  /** Event time, ms. */
  readonly at: number;
  /** Who asks, and who is asked. */
  readonly client: Address;
  readonly server: Address;
  /** Declared name of who asks, where it has one. */
  readonly clientIdentity?: Identity;
  readonly isResponse: boolean;
  /** What is asked for: lower case, without the dot at its end; bytes that are no printable ASCII as `\DDD` (RFC 1035 §5.1). */
  readonly name: string;
  /** Type of record that is asked for (RFC 1035 §3.2.2), e.g. 16 for TXT. */
  readonly type: number;
  /** Response code (RFC 1035 §4.1.1): 0 for no error, 3 where no such name exists. 0 in questions. */
  readonly code: number;
  /** Bytes of the message, without its headers. */
  readonly bytes: number;
}
