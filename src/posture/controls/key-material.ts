import { isKey } from '../../wireguard/key.ts';
import type { DataKey } from './data-object.ts';

/** A private key in a ConfigMap or Secret. */
export interface KeyMaterial {
  /** E.g. `a WireGuard private key`. */
  readonly what: string;
  /** Whether the key itself is still to be put in. */
  readonly isPlaceholder: boolean;
}

const PEM = /-----BEGIN (?:[A-Z0-9]{1,10} ){0,2}PRIVATE KEY-----/;
const PEM_ENCRYPTED = '-----BEGIN ENCRYPTED PRIVATE KEY-----';
const WIREGUARD = /^[ \t]*(PrivateKey|PresharedKey)[ \t]*=[ \t]*([^\s#]+)/im;
const AGE = /^AGE-SECRET-KEY-1[A-Z0-9]{20}/m;
/** Variables that a tool fills in when it applies the manifest: no key stands here. */
const VARIABLE = /^(?:\$|\{\{|%)/;

/**
 * Returns the private key in a value of a ConfigMap or Secret: PEM (RFC 7468; encrypted ones are left out), a WireGuard
 * configuration or key, or one of age. Undefined when there is none.
 */
export function keyMaterialOf({ name, text }: DataKey): KeyMaterial | undefined {
  if (text === undefined) return undefined;
  const content = text.text;
  if (PEM.test(content) && !content.includes(PEM_ENCRYPTED)) {
    return {
      what: /BEGIN OPENSSH/.test(content) ? 'an SSH private key' : 'a private key',
      isPlaceholder: false,
    };
  }
  const [, setting, value = ''] = WIREGUARD.exec(content) ?? [];
  if (setting !== undefined && !VARIABLE.test(value)) {
    const what =
      setting.toLowerCase() === 'presharedkey' ? 'a WireGuard preshared key' : 'a WireGuard private key';
    return { what, isPlaceholder: !isKey(value) };
  }
  if (/private|preshared|psk|\.key$/i.test(name) && content.length < 64 && isKey(content.trim())) {
    return { what: 'a WireGuard key', isPlaceholder: false };
  }
  return AGE.test(content) ? { what: 'a private key of age', isPlaceholder: false } : undefined;
}
