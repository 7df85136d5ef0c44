import type { Difference } from '../../firewall/compare/compare.ts';
import type { ImportProof } from '../../firewall/host-firewall/import/proof.ts';
import { formatAddress } from '../../net/address.ts';
import type { Style } from '../io.ts';
import { regionLines } from './compare-text.ts';
import { packetText } from './explain-text.ts';

/** Returns what was proved of an import, for a person: differences first, then those that are meant, then the sum. */
export function proofText({ equal, differences, meant, paths }: ImportProof, style: Style): string {
  const lines = [
    ...differences.map((one) => lineOf(style('red', 'differs'), one)),
    ...meant.map((one) => lineOf(style('cyan', 'meant'), one)),
    ...paths.flatMap(({ path, tooLarge }) =>
      tooLarge === undefined
        ? []
        : [`not compared: IPv${path.family} ${path.chain.toLowerCase()}: ${tooLarge}`],
    ),
  ];
  const aside = meant.length === 0 ? '' : ', but for what is meant';
  const sums = {
    true: `proved: the HostFirewall does the same with every packet${aside}`,
    false: 'the HostFirewall does not do the same with every packet',
    undefined: 'it is not known whether the HostFirewall does the same with every packet',
  };
  return `${[...lines, sums[`${equal}`]].join('\n')}\n`;
}

function lineOf(word: string, one: Difference): string {
  const { kind, path, example } = one;
  const what = `${word}: ${kind}: IPv${path.family} ${path.chain.toLowerCase()}: ${regionLines(one)}`;
  return `${what}\n  e.g. ${packetText(example)}`;
}

/** Returns the same as JSON has it. */
export function proofJson({ equal, differences, meant }: ImportProof): object {
  const list = (all: readonly Difference[]) =>
    all.map(({ kind, path, text, example }) => ({
      kind,
      family: path.family,
      chain: path.chain,
      text,
      example: {
        ...example,
        ...(example.source && { source: formatAddress(example.source) }),
        ...(example.destination && { destination: formatAddress(example.destination) }),
      },
    }));
  return { equal: equal ?? null, differences: list(differences), meant: list(meant) };
}
