import { Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { type Address, formatAddress, parseAddress } from '../net/address.ts';

/** How often names are looked up anew, ms. Addresses behind names of clouds change within minutes. */
const everyMs = 60_000;
/** Names that are looked up; more are counted and left out. */
const maxNames = 1024;
/** Addresses that one name may have. */
const maxAddresses = 64;
const none: readonly string[] = [];

/** How names get their addresses. */
export interface Lookup {
  /** Returns the addresses of a name, as texts. Rejects where it has none, or nobody can be asked. */
  addresses(name: string): Promise<readonly string[]>;
  /** Ends what is asked at the time. */
  cancel(): void;
}

/**
 * The file of hosts (hosts(5)), then DNS. Not getaddrinfo(3), which would hold one of the few threads that files are read by for as long as
 * a server does not answer, and cannot be ended.
 */
class SystemLookup implements Lookup {
  readonly #resolver = new Resolver({ timeout: 2_000, tries: 2 });

  async addresses(name: string): Promise<readonly string[]> {
    const own = await hostsFile(name);
    if (own.length > 0) return own;
    const answers = await Promise.allSettled([this.#resolver.resolve4(name), this.#resolver.resolve6(name)]);
    const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    const [first] = answers;
    if (found.length === 0) throw first.status === 'rejected' ? first.reason : new Error('no address');
    return found;
  }

  cancel(): void {
    this.#resolver.cancel();
  }
}

/** Addresses of a name in the file of hosts. */
async function hostsFile(name: string): Promise<readonly string[]> {
  const text = await readFile('/etc/hosts', 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    return names.includes(name) ? [address] : [];
  });
}

/**
 * Addresses by the names of machines that somebody asks for, as this machine resolves them. Names are looked
 * up one after the other, at once and then each minute; what cannot be looked up now keeps the addresses that it had.
 */
export class HostNames {
  /** Names that were too many. */
  leftOut = 0;
  readonly #lookup: Lookup;
  readonly #addresses = new Map<string, readonly string[]>();
  #byAddress: ReadonlyMap<string, readonly string[]> = new Map();
  #timer: NodeJS.Timeout | undefined;
  #turn = 0;

  constructor(lookup: Lookup = new SystemLookup()) {
    this.#lookup = lookup;
  }

  /** Knows these names from now on, and no others. Resolves when each has been looked up once. */
  async ask(names: ReadonlySet<string>): Promise<void> {
    clearTimeout(this.#timer);
    const asked = [...names].slice(0, maxNames);
    this.leftOut = names.size - asked.length;
    for (const name of this.#addresses.keys()) if (!names.has(name)) this.#addresses.delete(name);
    this.#index();
    await this.#look(asked, ++this.#turn);
  }

  /** Returns the names of an address; none where nobody asked for one that it has. */
  of(address: Address): readonly string[] {
    return this.#byAddress.size === 0 ? none : (this.#byAddress.get(formatAddress(address)) ?? none);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#turn++;
    this.#lookup.cancel();
  }

  async #look(names: readonly string[], turn: number): Promise<void> {
    for (const name of names) {
      const found = await this.#lookup.addresses(name).catch(() => undefined);
      if (turn !== this.#turn) return;
      if (found !== undefined) this.#addresses.set(name, found.slice(0, maxAddresses));
      this.#index();
    }
    if (names.length > 0) this.#timer = setTimeout(() => void this.#look(names, turn), everyMs).unref();
  }

  #index(): void {
    const byAddress = new Map<string, string[]>();
    for (const [name, addresses] of this.#addresses) {
      for (const text of addresses) {
        const address = parseAddress(text);
        if (address === undefined) continue;
        const key = formatAddress(address);
        const known = byAddress.get(key);
        if (known === undefined) byAddress.set(key, [name]);
        else if (!known.includes(name)) known.push(name);
      }
    }
    this.#byAddress = byAddress;
  }
}
