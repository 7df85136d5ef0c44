import type { ConfigFile } from './config-file.ts';
import type { DataObject } from './data-object.ts';

/** A WireGuard configuration (wg, wg-quick) in a Secret or ConfigMap. */
export interface WireguardConfigFile extends ConfigFile {
  /** Name of the interface that wg-quick would make of it: the key without `.conf`. */
  readonly interfaceName: string;
}

const INTERFACE = /^[ \t]*\[Interface\]/im;

/** Returns the WireGuard configurations: keys `*.conf` with an `[Interface]` section. */
export function readWireguardConfigs(objects: readonly DataObject[]): WireguardConfigFile[] {
  return objects.flatMap(({ keys }) =>
    keys.flatMap((key) => {
      if (!key.name.endsWith('.conf')) return [];
      const { text } = key;
      if (text === undefined || !INTERFACE.test(text.text)) return [];
      return [{ key, text, interfaceName: key.name.slice(0, -'.conf'.length) }];
    }),
  );
}
