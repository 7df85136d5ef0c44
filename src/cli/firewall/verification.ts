import type { KernelFate } from '../../enforce/trial/recorder.ts';
import type { Disagreement, Verification } from '../../enforce/verify/verify.ts';
import type { FirewallFile } from '../../firewall/analysis/read-files.ts';
import { formatAddress } from '../../net/address.ts';
import { FailedError } from '../command.ts';
import type { Style } from '../io.ts';
import { printable } from '../table.ts';
import { type ComparedFiles, packetJson } from './comparison.ts';
import { packetText } from './explain-text.ts';

/**
 * Holds a comparison against the kernel, in namespaces of its own. Throws {@link FailedError} where that cannot be done.
 */
export async function verifyFiles(
  old: readonly FirewallFile[],
  now: readonly FirewallFile[],
  compared: ComparedFiles,
  packets: number,
): Promise<Verification> {
  const { cannotTry } = await import('../../enforce/trial/trial-machine.ts');
  const why = cannotTry();
  if (why !== undefined)
    throw new FailedError(`the kernel cannot be asked: ${why}`, 'leave --verify away, or run it as root');
  const { verifyComparison } = await import('../../enforce/verify/verify.ts');
  try {
    return await verifyComparison(
      { files: old, ruleset: compared.old.ruleset },
      { files: now, ruleset: compared.new.ruleset },
      compared.claim,
      { packets },
    );
  } catch (error) {
    throw new FailedError(`the kernel could not be asked: ${(error as Error).message}`);
  }
}

/** Returns what the kernel confirmed, for a person. */
export function verificationText(verified: Verification, style: Style): string {
  const {
    packets,
    differencesConfirmed: confirmed,
    disagreements,
    unexpected,
    notCompared,
    notShown,
  } = verified;
  const lines = [
    '',
    ...notShown.map(({ what, why }) => `not shown: ${printable(what)}: ${printable(why)}`),
    ...unexpected.map((one) => disagreementText(one, style)),
  ];
  const count = (number: number) => number.toLocaleString('en');
  const shown = `${count(confirmed)} ${confirmed === 1 ? 'difference' : 'differences'} confirmed`;
  const rest = notCompared > 0 ? `, ${count(notCompared)} more say nothing` : '';
  lines.push(
    disagreements === 0
      ? `${style('green', 'the kernel agrees')}: ${count(packets)} packets${rest}; ${shown}`
      : `${style(['bold', 'red'], 'the kernel disagrees')} on ${count(disagreements)} of ${count(packets)} packets: this is a bug in Picket, please report it with both files`,
  );
  return `${lines.join('\n')}\n`;
}

function disagreementText({ claimed, packet, old, new: now }: Disagreement, style: Style): string {
  return [
    `${style('red', 'refuted')}: claimed ${claimed}: ${packetText(packet)}`,
    `  old  ${fateText(old)}`,
    `  new  ${fateText(now)}`,
  ].join('\n');
}

function fateText({ outcome, source, destination, sourcePort, port, mark }: KernelFate): string {
  if (outcome === 'dropped' || source === undefined || destination === undefined) return outcome;
  const end = (address: typeof source, number?: number) =>
    `${formatAddress(address)}${number === undefined ? '' : ` port ${number}`}`;
  return `${outcome} as ${end(source, sourcePort)} > ${end(destination, port)}${mark ? `, mark ${mark}` : ''}`;
}

/** Returns the same as JSON has it. */
export function verificationJson(verified: Verification): object {
  return {
    ...verified,
    unexpected: verified.unexpected.map(({ packet, old, new: now, claimed }) => ({
      claimed,
      packet: packetJson(packet),
      old: packetJson(old),
      new: packetJson(now),
    })),
  };
}
