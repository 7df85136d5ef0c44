import type { Range } from '../manifest/locations.ts';
import { matchOfSet } from './ipset-match.ts';
import { type CommandLine, readLine } from './iptables-line.ts';
import { type Argument, parseRule, type SetReference } from './iptables-rule.ts';
import type { Rule, Table } from './ruleset.ts';
import { type DraftChain, type DraftTable, type RulesetBuilder, sameRule } from './ruleset-builder.ts';

/** Which of the programs is called: `iptables`, `ip6tables-legacy`, `iptables-restore`, … */
export interface IptablesTool {
  readonly family: 'ip' | 'ip6';
  readonly backend: Table['backend'];
  readonly restore: boolean;
}

/** Returns which program of iptables a command word names, by its last path component; undefined for another one. */
export function iptablesTool(word: string): IptablesTool | undefined {
  const [, six, backend, restore] =
    /(?:^|\/)ip(6)?tables(-legacy|-nft)?(-restore)?$/.exec(word) ?? ([] as (string | undefined)[]);
  if (!/tables[a-z-]*$/.test(word) || (six === undefined && !/(?:^|\/)iptables/.test(word))) return undefined;
  return {
    family: six === undefined ? 'ip' : 'ip6',
    backend: backend === '-legacy' ? 'iptables-legacy' : 'iptables',
    restore: restore !== undefined,
  };
}

/**
 * Does to the ruleset what one command line of iptables or ip6tables does (iptables(8)); `words` stand after the name
 * of the program, `at` is the whole command. Returns whether it would succeed, as far as that is known: `-C` and `-D`
 * ask for a rule, `-N` for a chain that is not there yet. A faulty rule is kept, with an unknown outcome.
 */
export function applyIptables(
  builder: RulesetBuilder,
  tool: IptablesTool,
  words: readonly Argument[],
  at: Range,
): boolean | undefined {
  const line = readLine(words, at);
  const { command } = line;
  if (command === '' || 'LSZhV'.includes(command)) return command === '' ? undefined : true;
  const name = line.table?.text ?? 'filter';
  const table = line.table?.known === false ? undefined : builder.ipTable(tool.family, tool.backend, name);
  if (table === undefined || line.operands.some(({ known }) => !known)) {
    if (line.table?.known) {
      builder.problem(
        line.table.at,
        `there is no table ${name}`,
        'write filter, nat, mangle, raw or security',
      );
    }
    builder.notFollowed(at, 'the table or chain of this command is not known');
    return undefined;
  }
  const [first, second] = line.operands;
  if (command === 'F' || command === 'X') return clear(builder, table, command, first);
  if (first === undefined) {
    builder.problem(at, `-${command} needs a chain`);
    return false;
  }
  if (command === 'N') return create(builder, table, first);
  const chain = table.chains.get(first.text);
  if (command === 'P') return setPolicy(builder, chain, first, second);
  if (command === 'E') return rename(builder, table, chain, second);
  return changeRules(builder, table, tool, line, chain);
}

function clear(
  builder: RulesetBuilder,
  table: DraftTable,
  command: string,
  name: Argument | undefined,
): boolean {
  const chains = name === undefined ? [...table.chains.values()] : [table.chains.get(name.text)];
  let done = true;
  for (const chain of chains) {
    if (chain === undefined) {
      builder.problem(name!.at, `there is no chain ${name!.text} in table ${table.name} here`);
      done = false;
    } else if (command === 'F') chain.rules.length = 0;
    else if (chain.base === undefined) table.chains.delete(chain.name);
  }
  return done;
}

function create(builder: RulesetBuilder, table: DraftTable, name: Argument): boolean {
  if (table.chains.has(name.text)) {
    builder.problem(name.at, `the chain ${name.text} exists already`);
    return false;
  }
  table.chains.set(name.text, { name: name.text, rules: [], at: name.at });
  return true;
}

function setPolicy(
  builder: RulesetBuilder,
  chain: DraftChain | undefined,
  name: Argument,
  target: Argument | undefined,
): boolean {
  if (chain?.base === undefined) {
    builder.problem(name.at, `only a built-in chain has a policy, and ${name.text} is none`);
    return false;
  }
  if (target?.text !== 'ACCEPT' && target?.text !== 'DROP') {
    builder.problem((target ?? name).at, 'a policy is ACCEPT or DROP');
    builder.notFollowed((target ?? name).at, `the policy of ${chain.name} is faulty`);
    return false;
  }
  chain.policy = { effect: target.text === 'DROP' ? 'drop' : 'accept', at: target.at };
  return true;
}

function rename(
  builder: RulesetBuilder,
  table: DraftTable,
  chain: DraftChain | undefined,
  to: Argument | undefined,
): boolean {
  if (chain === undefined || chain.base !== undefined || to === undefined || table.chains.has(to.text))
    return false;
  table.chains.delete(chain.name);
  table.chains.set(to.text, { ...chain, name: to.text });
  // Jumps follow the chain, not its name.
  for (const { rules } of table.chains.values()) {
    rules.forEach(({ target, ...rule }, i) => {
      const follows = (target.effect === 'jump' || target.effect === 'goto') && target.name === chain.name;
      if (!follows) return;
      const renamed = { ...rule, target: { ...target, name: to.text } };
      builder.replaced(rules[i]!, renamed);
      rules[i] = renamed;
    });
  }
  return true;
}

function changeRules(
  builder: RulesetBuilder,
  table: DraftTable,
  tool: IptablesTool,
  { command, operands, rule: words, at }: CommandLine,
  existing: DraftChain | undefined,
): boolean | undefined {
  const [name, numberWord] = operands as [Argument, Argument | undefined];
  let chain = existing;
  if (chain === undefined) {
    if (command === 'C' || command === 'D') return false;
    builder.problem(
      name.at,
      `there is no chain ${name.text} in table ${table.name} here`,
      `create it before: -N ${name.text}`,
    );
    chain = { name: name.text, rules: [], at: name.at };
    table.chains.set(chain.name, chain);
  }
  const number = numberWord === undefined ? undefined : Number(numberWord.text);
  if (command === 'D' && number !== undefined) {
    if (number < 1 || number > chain.rules.length) return false;
    chain.rules.splice(number - 1, 1);
    return true;
  }
  const specification = parseRule(words, tool.family === 'ip' ? 4 : 6, name.text);
  builder.problems.push(...specification.problems);
  const text = ['-A', name.text, ...words.map((word) => word.text)].join(' ');
  const { problems: _problems, sets, ...read } = specification;
  const rule: Rule = { ...read, text, at };
  const [, changed] = /^--(?:add|del|map)-set (\S+)/.exec(read.target.options) ?? [];
  if (read.target.name === 'SET' && changed !== undefined) builder.changedSets.add(changed);
  if (sets.length > 0) builder.later(rule, (one) => withSets(one, sets, builder, tool));
  if (words.some(({ known }) => !known) && (command === 'C' || command === 'D')) {
    if (command === 'D') builder.notFollowed(at, 'the rule that this command deletes is not known');
    return undefined;
  }
  const find = (rules: readonly Rule[]) => rules.findIndex((one) => sameRule(one, rule));
  switch (command) {
    case 'A':
      chain.rules.push(rule);
      return specification.problems.length === 0;
    case 'I':
      if ((number ?? 1) < 1 || (number ?? 1) > chain.rules.length + 1) {
        builder.problem(
          numberWord!.at,
          `there is no place ${number} in a chain of ${chain.rules.length} rules`,
        );
        builder.notFollowed(at, 'the place of this rule does not exist');
        return false;
      }
      chain.rules.splice((number ?? 1) - 1, 0, rule);
      return specification.problems.length === 0;
    case 'R':
      if (number === undefined || number < 1 || number > chain.rules.length) {
        builder.problem(at, `there is no rule to replace at ${number ?? 'no place'}`);
        builder.notFollowed(at, 'the rule to replace does not exist');
        return false;
      }
      chain.rules[number - 1] = rule;
      return true;
    case 'D': {
      const found = find(chain.rules);
      if (found >= 0) chain.rules.splice(found, 1);
      return found >= 0;
    }
    default:
      return find(chain.rules) >= 0;
  }
}

/** Returns the rule with its conditions about sets of ipset, which may be declared after it. */
function withSets(
  rule: Rule,
  references: readonly SetReference[],
  { ipsets, changedSets }: RulesetBuilder,
  { family }: IptablesTool,
): Rule {
  const shifts: number[] = [];
  const matches = rule.matches.flatMap((match, i) => {
    const reference = references.find((one) => one.match === match);
    const known =
      reference && matchOfSet(reference, ipsets, family === 'ip' ? 4 : 6, changedSets.has(reference.name));
    shifts[i + 1] = (shifts[i] ?? 0) + (known?.length ?? 1);
    return known ?? [match];
  });
  const actions = rule.actions?.map((one) => ({ ...one, after: shifts[one.after] ?? 0 }));
  return { ...rule, matches, ...(actions && { actions }) };
}
