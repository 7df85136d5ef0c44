import type { Range } from '../manifest/locations.ts';
import { parseAddress } from '../net/address.ts';
import { hasHostBits, hostPrefix, parsePrefix } from '../net/prefix.ts';
import { isKey, isPlaceholder, SecretKey } from './key.ts';
import type {
  ConfigProblem,
  Field,
  HookPhase,
  WireguardConfig,
  WireguardInterface,
  WireguardPeer,
} from './model.ts';
import { items, parseEndpoint, parseInterfaceAddress, trimmed } from './values.ts';

type Draft<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer U)[] ? U[] : T[K] };

const sections: Readonly<Record<string, readonly string[]>> = {
  Interface: [
    ...['PrivateKey', 'ListenPort', 'FwMark', 'Address', 'DNS', 'MTU', 'Table', 'SaveConfig'],
    ...['PreUp', 'PostUp', 'PreDown', 'PostDown'],
  ],
  Peer: ['PublicKey', 'PresharedKey', 'AllowedIPs', 'Endpoint', 'PersistentKeepalive'],
};

/**
 * Reads a configuration of wg(8) with the additions of wg-quick(8): sections, `Key = value`, `#` comments; names in any
 * case. Never throws; what cannot be read is a problem with its place. Linear.
 */
export function parseWireguard(text: string): WireguardConfig {
  return new ConfigReader(text).read();
}

class ConfigReader {
  readonly #text: string;
  readonly #problems: ConfigProblem[] = [];
  readonly #peers: Draft<WireguardPeer>[] = [];
  #interface: Draft<WireguardInterface> | undefined;
  /** The section that lines belong to; undefined before the first and in an unknown one. */
  #section: 'Interface' | 'Peer' | undefined;
  #skips = false;

  constructor(text: string) {
    this.#text = text;
  }

  read(): WireguardConfig {
    for (let start = 0; start < this.#text.length; ) {
      const newline = this.#text.indexOf('\n', start);
      const end = newline < 0 ? this.#text.length : newline;
      this.#line(start, end);
      start = end + 1;
    }
    if (this.#interface === undefined) {
      this.#problem(
        { start: 0, end: 0 },
        'no [Interface] section',
        'begin with [Interface] and a PrivateKey',
      );
    } else if (this.#interface.privateKey === undefined && !this.#refused.has(this.#interface.at)) {
      this.#problem(
        this.#interface.at,
        'the interface has no PrivateKey',
        'add PrivateKey = … from `wg genkey`',
        { kind: 'no key', setting: 'PrivateKey' },
      );
    }
    for (const peer of this.#peers) {
      if (peer.publicKey === undefined && !this.#refused.has(peer.at)) {
        this.#problem(peer.at, 'the peer has no PublicKey', 'add PublicKey = … of the other end');
      }
    }
    return { interface: this.#interface, peers: this.#peers, problems: this.#problems };
  }

  /** Sections whose key is given but is none: that has been said. */
  readonly #refused = new Set<Range>();

  #line(start: number, end: number): void {
    const hash = this.#text.slice(start, end).indexOf('#');
    const place = trimmed(this.#text, start, hash < 0 ? end : start + hash);
    const line = this.#text.slice(place.start, place.end);
    if (line === '') return;
    if (line.startsWith('[')) {
      this.#begin(line, place);
      return;
    }
    const equals = line.indexOf('=');
    if (equals < 0) {
      this.#problem(place, 'this line is neither a section nor `Key = value`');
      return;
    }
    const key = trimmed(this.#text, place.start, place.start + equals);
    const value = trimmed(this.#text, place.start + equals + 1, place.end);
    if (this.#section === undefined) {
      if (!this.#skips) this.#problem(key, 'this line stands before the first section');
      return;
    }
    this.#entry(this.#section, key, value);
  }

  #begin(line: string, at: Range): void {
    const name = line.toLowerCase();
    this.#skips = false;
    if (name === '[interface]') {
      this.#section = 'Interface';
      if (this.#interface !== undefined)
        this.#problem(at, 'a second [Interface] section', undefined, { kind: 'accepted' });
      this.#interface ??= {
        at,
        privateKey: undefined,
        listenPort: undefined,
        addresses: [],
        dns: [],
        mtu: undefined,
        table: undefined,
        fwMark: undefined,
        saveConfig: undefined,
        hooks: [],
      };
    } else if (name === '[peer]') {
      this.#section = 'Peer';
      this.#peers.push({
        at,
        publicKey: undefined,
        presharedKey: undefined,
        allowedIps: [],
        endpoint: undefined,
        persistentKeepalive: undefined,
      });
    } else {
      this.#section = undefined;
      this.#skips = true;
      this.#problem(at, 'an unknown section', 'write [Interface] or [Peer]');
    }
  }

  #entry(section: 'Interface' | 'Peer', keyAt: Range, at: Range): void {
    const written = this.#text.slice(keyAt.start, keyAt.end);
    const named = (names: readonly string[] | undefined) =>
      names?.find((name) => name.toLowerCase() === written.toLowerCase());
    const key = named(sections[section]);
    if (key === undefined) {
      const other = section === 'Peer' ? 'Interface' : 'Peer';
      const misplaced = named(sections[other]);
      const message = misplaced
        ? `${misplaced} belongs to [${other}], not to [${section}]`
        : `unknown key in [${section}]`;
      this.#problem(keyAt, message, `keys of [${section}]: ${sections[section]?.join(', ')}`);
      return;
    }
    if (at.start >= at.end) {
      // Lists may be empty: nothing is sent to a peer without AllowedIPs (wg(8), wg-quick(8)).
      if (!['AllowedIPs', 'Address', 'DNS'].includes(key))
        this.#problem(keyAt, `${key} has no value`, undefined, { kind: 'refused', setting: key });
      return;
    }
    const value = this.#text.slice(at.start, at.end);
    if (section === 'Interface') this.#interfaceField(this.#interface!, key, value, at);
    else this.#peerField(this.#peers.at(-1)!, key, value, at);
  }

  #interfaceField(into: Draft<WireguardInterface>, key: string, value: string, at: Range): void {
    switch (key) {
      case 'PrivateKey':
        if (this.#isKey(key, value, at, into.at)) into.privateKey = { value: new SecretKey(value), at };
        break;
      case 'ListenPort':
        into.listenPort = this.#number(key, value, at, 0, 65535, 'a port from 0 to 65535');
        break;
      case 'FwMark':
        into.fwMark = this.#number(key, value === 'off' ? '0' : value, at, 0, 2 ** 32 - 1, 'a number or off');
        break;
      case 'MTU':
        into.mtu = this.#number(key, value, at, 576, 65535, 'a number of bytes from 576');
        break;
      case 'Address':
        for (const item of items(this.#text, at)) this.#interfaceAddress(into, item);
        break;
      case 'DNS':
        into.dns.push(...items(this.#text, at).map((item) => ({ value: this.#slice(item), at: item })));
        break;
      case 'Table':
        into.table = { value, at };
        break;
      case 'SaveConfig':
        if (value !== 'true' && value !== 'false') this.#problem(at, 'SaveConfig is true or false');
        else into.saveConfig = { value: value === 'true', at };
        break;
      default:
        into.hooks.push({ phase: key as HookPhase, command: value, at });
    }
  }

  #peerField(into: Draft<WireguardPeer>, key: string, value: string, at: Range): void {
    switch (key) {
      case 'PublicKey':
        if (this.#isKey(key, value, at, into.at)) into.publicKey = { value, at };
        break;
      case 'PresharedKey':
        if (this.#isKey(key, value, at, into.at)) into.presharedKey = { value: new SecretKey(value), at };
        break;
      case 'AllowedIPs':
        for (const item of items(this.#text, at)) this.#allowed(into, item);
        break;
      case 'Endpoint': {
        const endpoint = parseEndpoint(value);
        if (endpoint) into.endpoint = { value: endpoint, at };
        else
          this.#problem(
            at,
            'Endpoint is no host and port',
            'write edge.example.com:51820 or [2001:db8::1]:51820',
          );
        break;
      }
      default:
        into.persistentKeepalive = this.#number(
          key,
          value === 'off' ? '0' : value,
          at,
          0,
          65535,
          'seconds or off',
        );
    }
  }

  #isKey(name: string, value: string, at: Range, section: Range): boolean {
    if (isKey(value)) return true;
    const made = name === 'PublicKey' ? 'wg pubkey' : name === 'PresharedKey' ? 'wg genpsk' : 'wg genkey';
    const isOpen = isPlaceholder(value);
    const what = isOpen ? 'a placeholder' : 'no key: 44 characters of base64 are expected';
    this.#problem(at, `${name} is ${what}`, `write the key that \`${made}\` prints`, {
      kind: isOpen ? 'placeholder' : 'refused',
      setting: name,
    });
    if (name !== 'PresharedKey') this.#refused.add(section);
    return false;
  }

  #interfaceAddress(into: Draft<WireguardInterface>, at: Range): void {
    const value = parseInterfaceAddress(this.#slice(at));
    if (value === undefined) this.#problem(at, 'Address is no address', 'write 10.0.0.1/32');
    else into.addresses.push({ value, at });
  }

  #allowed(into: Draft<WireguardPeer>, at: Range): void {
    const text = this.#slice(at);
    const address = parseAddress(text);
    const prefix = address ? hostPrefix(address) : parsePrefix(text);
    if (prefix === undefined) this.#problem(at, 'AllowedIPs holds what is no prefix', 'write 10.0.0.2/32');
    else {
      if (hasHostBits(text))
        this.#problem(at, 'AllowedIPs has bits set behind its length, which WireGuard drops', undefined, {
          kind: 'accepted',
          setting: 'AllowedIPs',
        });
      into.allowedIps.push({ value: prefix, at });
    }
  }

  #number(
    key: string,
    value: string,
    at: Range,
    low: number,
    high: number,
    what: string,
  ): Field<number> | undefined {
    const number = /^(\d{1,10}|0x[\da-fA-F]{1,8})$/.test(value) ? Number(value) : Number.NaN;
    if (number >= low && number <= high) return { value: number, at };
    this.#problem(at, `${key} is not ${what}`);
    return undefined;
  }

  #slice({ start, end }: Range): string {
    return this.#text.slice(start, end);
  }

  #problem(
    at: Range,
    message: string,
    help?: string,
    what: Pick<ConfigProblem, 'kind' | 'setting'> = { kind: 'refused' },
  ): void {
    this.#problems.push({ at, message, ...what, ...(help !== undefined && { help }) });
  }
}
