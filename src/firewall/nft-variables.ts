import type { NftToken } from './nft-lexer.ts';

/** Variables may be used in each other: what they stand for may grow to this many tokens, and as many for each that is written. */
const growth = 4;
const smallest = 500_000;

/**
 * Takes the definitions out of the tokens and puts what they stand for in the place of each variable (nft(8), SYMBOLIC
 * VARIABLES); their scope is not minded. `defines` keeps them for the texts that follow. What is not defined stays as it
 * is written, and so does everything once the text would grow too much. Linear.
 */
export function expandVariables(
  tokens: readonly NftToken[],
  defines: Map<string, readonly NftToken[]>,
): NftToken[] {
  const expanded: NftToken[] = [];
  let room = tokens.length * growth + smallest;
  const use = (token: NftToken): readonly NftToken[] => {
    const value = token.text.startsWith('$') && !token.quoted ? defines.get(token.text.slice(1)) : undefined;
    if (value === undefined || value.length > room) return [token];
    room -= value.length;
    return value.map((one) => ({ ...one, at: token.at }));
  };
  let isStart = true;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    const word = isStart && !token.quoted ? token.text : '';
    isStart = !token.quoted && (token.text === '\n' || token.text === ';' || token.text === '{');
    if (word === 'undefine') defines.delete(tokens[++i]?.text ?? '');
    if ((word !== 'define' && word !== 'redefine') || tokens[i + 2]?.text !== '=') {
      if (word !== 'undefine') for (const one of use(token)) expanded.push(one);
      continue;
    }
    const end = endOf(tokens, i + 3);
    defines.set(
      tokens[i + 1]!.text,
      tokens.slice(i + 3, end).flatMap((one) => (one.text === '\n' ? [] : use(one))),
    );
    i = end - 1;
  }
  return expanded;
}

/** Returns where a definition ends: with its line, or where its braces close. */
function endOf(tokens: readonly NftToken[], from: number): number {
  let depth = 0;
  for (let i = from; i < tokens.length; i++) {
    const { text, quoted } = tokens[i]!;
    if (quoted) continue;
    if (depth === 0 && (text === '\n' || text === ';' || text === '}')) return i;
    if (text === '{') depth++;
    if (text === '}') depth--;
  }
  return tokens.length;
}
