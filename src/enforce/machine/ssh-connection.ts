import type { OpenConnection } from '../../firewall/guard/machine.ts';
import { parseAddress, unmapAddress } from '../../net/address.ts';

/** Returns the connection that SSH_CONNECTION names: `client port server port` (ssh(1)); undefined for anything else. */
export function readSshConnection(text: string | undefined): OpenConnection | undefined {
  const [from = '', fromPort, to = '', toPort, ...more] = (text ?? '').split(' ');
  const [client, server] = [from, to].map((one) => parseAddress(one.replace(/%.*/, '')));
  const [remotePort, localPort] = [fromPort, toPort].map(Number);
  if (client === undefined || server === undefined || more.length > 0) return undefined;
  if (!isPort(remotePort) || !isPort(localPort)) return undefined;
  return {
    local: { address: unmapAddress(server), port: localPort },
    remote: { address: unmapAddress(client), port: remotePort },
  };
}

function isPort(value: number | undefined): value is number {
  return value !== undefined && Number.isInteger(value) && value > 0 && value < 65_536;
}
