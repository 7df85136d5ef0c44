import { lookup } from 'node:dns/promises';
import { type FlowExportTarget, targetText } from '../agent/flow-exports.ts';
import { type OwnSocket, reachesOwn } from '../agent/own-sockets.ts';
import { parseAddress } from '../net/address.ts';
import { UsageError } from './command.ts';

const option = '--flow-export';
/** Registered for IPFIX. */
const defaultPort = 4739;

/**
 * Reads where flows are to be sent: `HOST`, `HOST:PORT`, `[v6]:PORT`, each with `udp://` (the default) or `tcp://` before it. `listening`: where
 * flows are taken in. Throws UsageError for what is none of these, for one named twice, and for this agent's own sockets.
 */
export async function parseFlowExports(
  texts: readonly string[],
  listening: readonly OwnSocket[],
): Promise<readonly FlowExportTarget[]> {
  const targets = texts.map(parseTarget);
  for (const [at, target] of targets.entries()) {
    const text = targetText(target);
    if (targets.findIndex((one) => targetText(one) === text) < at)
      throw new UsageError(`${option} names ${text} twice`);
    if (await isOwnSocket(target, listening))
      throw new UsageError(
        `${option} ${texts[at]} is where --flow-listen takes flows in: they would go round for ever`,
        'name the collector that is to have them',
      );
  }
  return targets;
}

function parseTarget(text: string): FlowExportTarget {
  const [, transport = 'udp', v6, name, portText] =
    /^(?:(udp|tcp):\/\/)?(?:\[([^\]]*)\]|([^:[\]/\s]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const port = portText === undefined ? defaultPort : Number(portText);
  const host = v6 ?? name;
  if (host === undefined || !(v6 === undefined ? isHost(host) : isIpv6(host)) || port < 1 || port > 65_535)
    throw new UsageError(
      `not a collector: ${option} ${text}`,
      `write host:port, e.g. ${option} 198.51.100.7:4739, ${option} tcp://collector.example:4739 or ${option} [2001:db8::7]:4739`,
    );
  return { transport: transport as FlowExportTarget['transport'], host, port };
}

/** An IPv4 address, or a name (RFC 1123 §2.1: the last part of one is never all digits). */
function isHost(text: string): boolean {
  if (parseAddress(text) !== undefined) return true;
  const labels = text.replace(/\.$/, '').split('.');
  return (
    text.length <= 253 &&
    labels.every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label)) &&
    !/^\d+$/.test(labels.at(-1)!)
  );
}

function isIpv6(text: string): boolean {
  return parseAddress(text.replace(/%[^%]+$/, ''))?.family === 6;
}

async function isOwnSocket(
  { transport, host, port }: FlowExportTarget,
  listening: readonly OwnSocket[],
): Promise<boolean> {
  if (transport !== 'udp' || listening.every((socket) => socket.port !== port)) return false;
  const literal = host.replace(/%.*/, '');
  // A name that is not found now is looked at again when it is.
  const found =
    parseAddress(literal) === undefined ? await lookup(host, { all: true }).catch(() => []) : undefined;
  return (found?.map(({ address }) => address) ?? [literal]).some((text) => {
    const address = parseAddress(text);
    return address !== undefined && reachesOwn(address, port, listening);
  });
}
