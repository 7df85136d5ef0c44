import { UsageError } from './command.ts';

/** Parses `host:port`, `[v6]:port` or a bare port (then on 127.0.0.1). Throws UsageError naming `option`. */
export function parseListen(text: string, option: string): { host: string; port: number } {
  const [, host, port] = /^(?:\[?([^\]]*)\]?:)?(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535) {
    throw new UsageError(
      `not an address: ${option} ${text}`,
      `write host:port, e.g. ${option} 127.0.0.1:8470 or ${option} [::1]:8470`,
    );
  }
  return { host: host || '127.0.0.1', port: Number(port) };
}
