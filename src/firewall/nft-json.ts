import type { Range } from '../manifest/locations.ts';
import { applyNftCommands } from './nft.ts';
import {
  type Json,
  type JsonObject,
  listOf,
  objectOf,
  printElement,
  printExpression,
  quoted,
  UnknownJson,
  wordOf,
} from './nft-json-expression.ts';
import { printStatement } from './nft-json-rule.ts';
import type { FirewallProblem, Ruleset } from './ruleset.ts';
import { RulesetBuilder } from './ruleset-builder.ts';

/** A command of nft, and the stretch of JSON that says it. */
export interface PrintedCommand {
  readonly text: string;
  readonly at: Range;
}

/** What is printed of a text in JSON. */
export interface PrintedJson {
  /** In an order in which nft takes them all at once. */
  readonly commands: readonly PrintedCommand[];
  /** Objects that are not understood. */
  readonly faults: readonly { readonly at: Range; readonly why: string }[];
}

/** Returns the ruleset of `nft -j list ruleset`, with places that begin at `offset`. Never throws. */
export function parseNftJson(
  text: string,
  offset = 0,
): { readonly ruleset: Ruleset; readonly problems: readonly FirewallProblem[] } {
  const builder = new RulesetBuilder();
  applyNftJson(builder, text, offset);
  return { ruleset: builder.ruleset, problems: builder.problems };
}

/** Does to the ruleset what `nft -j -f` does with the text, whose places begin at `offset`. Linear. */
export function applyNftJson(builder: RulesetBuilder, text: string, offset: number): void {
  const { commands, faults } = printNftJson(text);
  const shift = ({ start, end }: Range): Range => ({ start: start + offset, end: end + offset });
  for (const { at, why } of faults) builder.notFollowed(shift(at), why);
  for (const { text: command, at } of commands) applyNftCommands(builder, command, shift(at));
}

const verbs = new Set(['add', 'create', 'insert', 'replace', 'delete', 'destroy', 'flush', 'rename']);

/**
 * Returns the commands that the objects of a text in libnftables-json(5) stand for, each with its place. What JSON itself
 * does not tell is lost (`nft -j` 1.0.6: named synproxy objects of rules, the flag `dynamic`). Linear.
 */
export function printNftJson(text: string): PrintedJson {
  const printed: (PrintedCommand & { readonly rank: number })[] = [];
  const faults: { at: Range; why: string }[] = [];
  const spans = objectsOf(text);
  if (spans.length === 0 && text.trim() !== '')
    faults.push({ at: { start: 0, end: text.length }, why: 'this is no list of objects of nft' });
  let isListing = true;
  for (const at of spans) {
    try {
      const object = objectOf(JSON.parse(text.slice(at.start, at.end)) as Json);
      const [kind = ''] = Object.keys(object);
      const isCommand = verbs.has(kind);
      if (isCommand) isListing = false;
      const inner = isCommand ? objectOf(object[kind]) : object;
      for (const command of commandsOf(isCommand ? kind : 'add', inner)) printed.push({ ...command, at });
    } catch (error) {
      if (!(error instanceof UnknownJson) && !(error instanceof SyntaxError)) throw error;
      faults.push({ at, why: 'this object of JSON is not understood' });
    }
  }
  const commands = isListing ? printed.toSorted((a, b) => a.rank - b.rank) : printed;
  return { commands: commands.map((one) => ({ text: one.text, at: one.at })), faults };
}

/** Returns where the objects stand that the array of the outermost object holds. Linear. */
function objectsOf(text: string): Range[] {
  const found: Range[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at]!;
    if (sign === '"') at = stringEnd(text, at);
    else if (sign === '{' || sign === '[') {
      if (depth === 2 && sign === '{') start = at;
      depth++;
    } else if (sign === '}' || sign === ']') {
      depth--;
      if (depth === 2 && sign === '}') found.push({ start, end: at + 1 });
    }
  }
  return found;
}

function stringEnd(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

interface Command {
  readonly text: string;
  readonly rank: number;
}

/** What others name comes first. */
const ranks: Readonly<Record<string, number>> = { table: 0, chain: 1, set: 3, map: 3, element: 4, rule: 5 };

function commandsOf(verb: string, object: JsonObject): Command[] {
  const [kind = ''] = Object.keys(object);
  const fields = objectOf(object[kind]);
  const rank = ranks[kind] ?? 2;
  if (kind === 'metainfo') return [];
  if (kind === 'ruleset') return [{ text: `${verb} ruleset`, rank }];
  const table = kind === 'table' ? wordOf(fields.name) : wordOf(fields.table);
  const head = `${verb} ${kind} ${wordOf(fields.family)} ${table}`;
  if (kind === 'table') return [{ text: head, rank }];
  const isMade = verb === 'add' || verb === 'create';
  switch (kind) {
    case 'chain':
      return [{ text: `${head} ${wordOf(fields.name)}${isMade ? chainBody(fields) : ''}`, rank }];
    case 'rule':
      return [{ text: ruleCommand(head, verb, fields), rank }];
    case 'set':
    case 'map':
      return [{ text: isMade ? setCommand(kind, head, fields) : `${head} ${wordOf(fields.name)}`, rank }];
    case 'element':
      return [{ text: `${head} ${wordOf(fields.name)} { ${elements(fields.elem, false)} }`, rank }];
    default:
      return [{ text: `${head} ${wordOf(fields.name)}${isMade ? objectBody(kind, fields) : ''}`, rank }];
  }
}

function chainBody({ type, hook, prio = 0, policy, dev }: JsonObject): string {
  if (hook === undefined) return '';
  const devices = listOf(dev).map(quoted);
  const device = devices.length === 0 ? '' : ` devices = { ${devices.join(', ')} }`;
  const end = policy === undefined ? '' : ` policy ${wordOf(policy)};`;
  return ` { type ${wordOf(type)} hook ${wordOf(hook)}${device} priority ${wordOf(prio)};${end} }`;
}

function ruleCommand(head: string, verb: string, fields: JsonObject): string {
  const { chain, handle, index, comment, expr } = fields;
  const isPlaced = verb !== 'add' || index !== undefined;
  const place = !isPlaced
    ? ''
    : index !== undefined
      ? ` index ${wordOf(index)}`
      : handle === undefined
        ? ''
        : ` handle ${wordOf(handle)}`;
  const rule = [
    ...listOf(expr).map(printStatement),
    ...(comment === undefined ? [] : [`comment ${quoted(comment)}`]),
  ];
  const text = `${head} ${wordOf(chain)}${place} ${rule.join(' ')}`.trimEnd();
  return isPlaced || handle === undefined ? text : `${text} # handle ${wordOf(handle)}`;
}

function setCommand(kind: 'set' | 'map', head: string, fields: JsonObject): string {
  const type = listOf(fields.type).map(wordOf).join(' . ');
  const target = listOf(fields.map)
    .flatMap((one) => String(one).split(' . '))
    .map(wordOf);
  const value = kind === 'map' ? ` : ${target.join(' . ')}` : '';
  const lines = [`type ${type}${value};`];
  const flags = listOf(fields.flags).map(wordOf);
  if (flags.length > 0) lines.push(`flags ${flags.join(',')};`);
  if (fields.timeout !== undefined) lines.push(`timeout ${wordOf(fields.timeout)}s;`);
  if (fields['gc-interval'] !== undefined) lines.push(`gc-interval ${wordOf(fields['gc-interval'])}s;`);
  if (fields.size !== undefined) lines.push(`size ${wordOf(fields.size)};`);
  if (fields.policy !== undefined && fields.policy !== 'performance')
    lines.push(`policy ${wordOf(fields.policy)};`);
  if (fields['auto-merge'] === true) lines.push('auto-merge;');
  for (const statement of listOf(fields.stmt)) lines.push(`${printStatement(statement)};`);
  if (fields.comment !== undefined) lines.push(`comment ${quoted(fields.comment)};`);
  const isName = /^(?:ifname|iface_index)$/.test(type);
  if (listOf(fields.elem).length > 0) lines.push(`elements = { ${elements(fields.elem, isName)} };`);
  return `${head} ${wordOf(fields.name)} { ${lines.join(' ')} }`;
}

function elements(list: Json | undefined, isName: boolean): string {
  const inner = (value: Json | undefined, name = isName) => printExpression(value, name);
  return listOf(list)
    .map((one) => printElement(one, inner))
    .join(', ');
}

/** Counters, limits, quotas, helpers: what is in them does not change rules. */
function objectBody(kind: string, fields: JsonObject): string {
  switch (kind) {
    case 'counter':
      return ` { packets ${wordOf(fields.packets ?? 0)} bytes ${wordOf(fields.bytes ?? 0)} }`;
    case 'quota':
      return ` { ${fields.inv === true ? 'over ' : ''}${wordOf(fields.bytes)} bytes used ${wordOf(fields.used ?? 0)} bytes }`;
    case 'limit':
      return ` { ${printStatement({ limit: fields }).replace(/^limit /, '')} }`;
    case 'synproxy': {
      const flags = listOf(fields.flags).map(wordOf).join(' ');
      return ` { mss ${wordOf(fields.mss)}; wscale ${wordOf(fields.wscale)}; ${flags} }`;
    }
    case 'secmark':
      return ` { ${quoted(fields.context)} }`;
    case 'ct helper':
      return ` { type ${quoted(fields.type)} protocol ${wordOf(fields.protocol)}; l3proto ${wordOf(fields.l3proto)}; }`;
    case 'ct timeout': {
      const policy = Object.entries(objectOf(fields.policy)).map(
        ([state, value]) => `${wordOf(state)} : ${wordOf(value)}`,
      );
      return ` { protocol ${wordOf(fields.protocol)}; l3proto ${wordOf(fields.l3proto)}; policy = { ${policy.join(', ')} }; }`;
    }
    case 'ct expectation':
      return ` { protocol ${wordOf(fields.protocol)}; dport ${wordOf(fields.dport)}; timeout ${wordOf(fields.timeout)}ms; size ${wordOf(fields.size)}; l3proto ${wordOf(fields.l3proto)}; }`;
    case 'flowtable': {
      const devices = listOf(fields.dev).map(quoted).join(', ');
      return ` { hook ${wordOf(fields.hook)} priority ${wordOf(fields.prio ?? 0)}; devices = { ${devices} }; }`;
    }
    default:
      throw new UnknownJson(kind);
  }
}
