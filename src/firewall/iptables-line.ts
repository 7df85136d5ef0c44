import type { Range } from '../manifest/locations.ts';
import { findOption } from './iptables-options.ts';
import type { Argument } from './iptables-rule.ts';

/** Long names of the commands and general options by their letters (iptables(8)). */
const letters: Readonly<Record<string, string>> = {
  append: 'A',
  check: 'C',
  delete: 'D',
  insert: 'I',
  replace: 'R',
  policy: 'P',
  'new-chain': 'N',
  'delete-chain': 'X',
  'rename-chain': 'E',
  flush: 'F',
  zero: 'Z',
  list: 'L',
  'list-rules': 'S',
  table: 't',
  wait: 'w',
  'wait-interval': 'W',
  numeric: 'n',
  verbose: 'v',
  exact: 'x',
  'line-numbers': 'l',
  help: 'h',
  version: 'V',
};

/** A command line of iptables, taken apart. */
export interface CommandLine {
  /** Letter of the command. */
  command: string;
  /** What follows it, up to the next option: chain, number, target. */
  readonly operands: Argument[];
  table: Argument | undefined;
  readonly rule: Argument[];
  readonly at: Range;
}

/** Tells commands and general options of a line from the rule (iptables(8), OPTIONS). Linear. */
export function readLine(words: readonly Argument[], at: Range): CommandLine {
  const line: CommandLine = { command: '', operands: [], table: undefined, rule: [], at };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const [letter, attached] = word.known ? commandLetter(word.text) : [];
    if (letter === undefined) {
      const values = word.known && word.text.startsWith('-') ? (findOption(word.text)?.values ?? 0) : 0;
      // The sign may stand between an option and its value.
      const end = i + 1 + values + (values > 0 && words[i + 1]?.text === '!' ? 1 : 0);
      line.rule.push(...words.slice(i, end));
      i = end - 1;
      continue;
    }
    const operands = attached === undefined ? [] : [{ ...word, text: attached }];
    const limit =
      letter === 't' || letter === 'W' ? 1 : letter === 'w' ? 1 : 'ACDIRPNXEFZLS'.includes(letter) ? 2 : 0;
    while (operands.length < limit && isOperand(words[i + 1], letter, operands.length))
      operands.push(words[++i]!);
    if (letter === 't') line.table = operands[0];
    else if ('ACDIRPNXEFLS'.includes(letter) || (letter === 'Z' && line.command === '')) {
      line.command = letter;
      line.operands.push(...operands);
    } else if ('hV'.includes(letter) && line.command === '') line.command = letter;
  }
  return line;
}

/** Returns the letter of a command or general option, with the value that is attached to it. */
function commandLetter(word: string): readonly (string | undefined)[] {
  if (word.startsWith('--')) {
    const [name = '', value] = word.slice(2).split('=', 2);
    return Object.hasOwn(letters, name) ? [letters[name], value] : [];
  }
  // `-nvL` lists; `-n` and `-v` before another letter say nothing.
  const [, letter, attached] = /^-[nvx]*([ACDIRPNXEFZLStwWnvxhV])(.*)$/.exec(word) ?? [];
  if (letter === undefined) return [];
  return attached === '' || /^[nvxZ]+$/.test(attached ?? '') ? [letter] : [letter, attached];
}

function isOperand(word: Argument | undefined, letter: string, position: number): boolean {
  if (word === undefined || word.text === '!' || (word.known && word.text.startsWith('-'))) return false;
  if (letter === 'w' || letter === 'W') return /^\d+$/.test(word.text);
  return position === 0 || letter === 'P' || letter === 'E' || /^\d+$/.test(word.text);
}
