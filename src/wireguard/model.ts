import type { Range } from '../manifest/locations.ts';
import type { Address } from '../net/address.ts';
import type { Prefix } from '../net/prefix.ts';
import type { SecretKey } from './key.ts';

/** A value and where it stands in the text. */
export interface Field<T> {
  readonly value: T;
  readonly at: Range;
}

/** Something wrong with a configuration. No part of a key is ever in it. */
export interface ConfigProblem {
  readonly at: Range;
  /**
   * `placeholder`: a key is still to be put in, wg stops there. `refused`: wg or wg-quick stops there. `no key`: it comes
   * up, and makes no handshake before someone sets the private key. `accepted`: read otherwise than it is written.
   */
  readonly kind: 'placeholder' | 'refused' | 'no key' | 'accepted';
  /** The setting that it is about, e.g. `PrivateKey`, if it is about one. */
  readonly setting?: string;
  /** One line, no full stop. */
  readonly message: string;
  readonly help?: string;
}

/** An address of an interface with the length of its network, e.g. `10.0.0.1/24`. */
export interface InterfaceAddress {
  readonly address: Address;
  readonly length: number;
}

export interface Endpoint {
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
}

export type HookPhase = 'PreUp' | 'PostUp' | 'PreDown' | 'PostDown';

/** A command that wg-quick runs; `%i` in it is the name of the interface. */
export interface Hook {
  readonly phase: HookPhase;
  readonly command: string;
  /** Of the command. */
  readonly at: Range;
}

export interface WireguardInterface {
  /** Of the line that begins the section. */
  readonly at: Range;
  /** Undefined when there is none, or it is no key. */
  readonly privateKey: Field<SecretKey> | undefined;
  readonly listenPort: Field<number> | undefined;
  readonly addresses: readonly Field<InterfaceAddress>[];
  readonly dns: readonly Field<string>[];
  readonly mtu: Field<number> | undefined;
  /** `off`, `auto`, or the number or name of a routing table. */
  readonly table: Field<string> | undefined;
  readonly fwMark: Field<number> | undefined;
  readonly saveConfig: Field<boolean> | undefined;
  readonly hooks: readonly Hook[];
}

export interface WireguardPeer {
  readonly at: Range;
  /** Undefined when there is none, or it is no key. */
  readonly publicKey: Field<string> | undefined;
  readonly presharedKey: Field<SecretKey> | undefined;
  readonly allowedIps: readonly Field<Prefix>[];
  readonly endpoint: Field<Endpoint> | undefined;
  /** In seconds; 0 is off. */
  readonly persistentKeepalive: Field<number> | undefined;
}

/** A configuration of wg or wg-quick; places are offsets in its text. */
export interface WireguardConfig {
  /** Undefined when there is no such section. */
  readonly interface: WireguardInterface | undefined;
  readonly peers: readonly WireguardPeer[];
  readonly problems: readonly ConfigProblem[];
}
