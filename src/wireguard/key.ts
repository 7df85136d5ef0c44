import { publicKeyBytes } from './x25519.ts';

/** 32 bytes in base64: 43 digits, of which the last holds four bits, and a sign of padding (wg(8), pubkey). */
const form = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;

/** Tells whether the text is a key as WireGuard writes it. */
export function isKey(text: string): boolean {
  return form.test(text);
}

/** Tells whether the text stands where a key is to be put in: `<private-key>`, `YOUR_KEY`, `${KEY}`, `changeme`. */
export function isPlaceholder(text: string): boolean {
  return (
    !isKey(text) && (/[<>{}$[\]]/.test(text) || /key|secret|change|replace|your|todo|xxx|\.\.\./i.test(text))
  );
}

/** A private or preshared key. It can be compared, and never shows itself. */
export class SecretKey {
  readonly #text: string;
  #public: string | undefined;

  /** Takes the base64 text of a key; see {@link isKey}. */
  constructor(text: string) {
    this.#text = text;
  }

  equals(other: SecretKey): boolean {
    return this.#text === other.#text;
  }

  /** Base64 text of the public key that belongs to it. */
  get publicKey(): string {
    this.#public ??= encode(publicKeyBytes(Uint8Array.from(atob(this.#text), (sign) => sign.charCodeAt(0))));
    return this.#public;
  }

  toJSON(): string {
    return 'secret';
  }
}

function encode(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
