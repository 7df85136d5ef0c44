import type { Machine, SocketEnd } from '../../firewall/guard/machine.ts';
import { parseAddress } from '../../net/address.ts';

/** So many ends of one tunnel are looked at. */
const mostEndpoints = 64;

/** Returns the tunnels of `wg show all dump` (wg(8)), without a word of their keys. What cannot be read is left out. */
export function readWireguardDump(text: string): Machine['wireguard'] {
  const tunnels = new Map<string, { port: number; endpoints: SocketEnd[] }>();
  for (const line of text.split('\n')) {
    const fields = line.split('\t');
    const [name = ''] = fields;
    if (fields.length === 5) {
      const port = Number(fields[3]);
      if (port > 0 && port < 65_536) tunnels.set(name, { port, endpoints: [] });
    } else if (fields.length === 9) {
      const endpoint = endOf(fields[3] ?? '');
      const known = tunnels.get(name)?.endpoints;
      if (endpoint !== undefined && known !== undefined && known.length < mostEndpoints) known.push(endpoint);
    }
  }
  return [...tunnels].map(([name, { port, endpoints }]) => ({ name, port, endpoints }));
}

function endOf(text: string): SocketEnd | undefined {
  const [, bracketed, plain, port] = /^(?:\[([^\]%]+)(?:%[^\]]*)?\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const address = parseAddress(bracketed ?? plain ?? '');
  return address === undefined || Number(port) > 65_535 ? undefined : { address, port: Number(port) };
}
