import { type Address, parseAddress } from '../../net/address.ts';

/** Returns the address and port of `192.0.2.7:443` or `[2001:db8::7]:443`; undefined for other text. Names are none: they may lead elsewhere after a change. */
export function parseSocketText(
  text: string,
): { readonly address: Address; readonly port: number } | undefined {
  const [, bracketed, plain, port = ''] =
    /^(?:\[([^\]]{1,64})\]|([^:[\]]{1,64})):(\d{1,5})$/.exec(text) ?? [];
  const address = parseAddress(bracketed ?? plain ?? '');
  const number = Number(port);
  if (address === undefined || number < 1 || number > 65535) return undefined;
  if ((address.family === 6) !== (bracketed !== undefined)) return undefined;
  return { address, port: number };
}
