import { type Address, formatAddress } from '../../net/address.ts';
import { parsePrefix } from '../../net/prefix.ts';
import { PrefixTable } from '../../net/prefix-table.ts';
import { type SenderBytes, senderAddress } from './datagram-reader.ts';

/** Who sent a datagram. */
export interface Sender {
  /** Canonical text of its address. */
  readonly name: string;
  readonly isAllowed: boolean;
}

/** Senders that are remembered. UDP is easily forged: any number of addresses may come. */
const most = 4096;

/** Knows senders by their addresses: each is written as text and looked up in the list of those allowed once. */
export class Senders {
  readonly #allowed: PrefixTable<true> | undefined;
  #known = new Map<number | string, Sender>();

  /** `allowed` are prefixes; undefined allows all. Throws an Error for what is no prefix. */
  constructor(allowed: readonly string[] | undefined) {
    this.#allowed = allowed && PrefixTable.from(allowed.map((text) => [prefixOf(text), true] as const));
  }

  of({ name }: SenderBytes): Sender {
    const address = senderAddress(name);
    const key = address.family === 4 ? address.d : `${address.a} ${address.b} ${address.c} ${address.d}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= most) this.#known = new Map();
    const sender = { name: formatAddress(address), isAllowed: this.#isAllowed(address) };
    this.#known.set(key, sender);
    return sender;
  }

  #isAllowed(address: Address): boolean {
    return this.#allowed === undefined || this.#allowed.lookup(address) === true;
  }
}

/** Returns the rate of the longest prefix that an exporter's address lies in. */
export function rateTable(rates: readonly (readonly [string, number])[]): PrefixTable<number> {
  return PrefixTable.from(rates.map(([text, rate]) => [prefixOf(text), rate] as const));
}

function prefixOf(text: string): NonNullable<ReturnType<typeof parsePrefix>> {
  const prefix = parsePrefix(text) ?? parsePrefix(`${text}/${text.includes(':') ? 128 : 32}`);
  if (prefix === undefined) throw new Error(`'${text}' is no address or prefix of exporters`);
  return prefix;
}
