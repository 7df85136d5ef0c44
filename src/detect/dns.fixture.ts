import type { DnsMessage } from '../flow/dns-message.ts';
import { parseAddress } from '../net/address.ts';

/** A question for tests: of 10.0.0.5 to 10.0.0.53 for an address. */
export function questionOf(name: string, changes: Partial<DnsMessage> = {}): DnsMessage {
  return {
    at: 1000,
    client: parseAddress('10.0.0.5')!,
    server: parseAddress('10.0.0.53')!,
    isResponse: false,
    name,
    type: 1,
    code: 0,
    bytes: 30 + name.length,
    ...changes,
  };
}

/** The answer to it; 3 as the code says that there is no such name. */
export function answerOf(name: string, code = 0, changes: Partial<DnsMessage> = {}): DnsMessage {
  return questionOf(name, { isResponse: true, code, ...changes });
}
