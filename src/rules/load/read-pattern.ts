import { nearest } from '../../diagnostic/suggest.ts';
import { findField } from '../../event/field.ts';
import type { Path } from '../../manifest/resource.ts';
import type { Condition, Operand } from '../ast.ts';
import type { Pattern } from '../correlation.ts';
import type { SourceCatalogue } from '../operand-type.ts';
import type { Rule } from '../rule-set.ts';
import { parseCondition } from '../syntax/parse-condition.ts';
import { checkCondition } from './check-condition.ts';
import { isBroad, type PieceChecks } from './checks.ts';
import { conditionDoubt, noEventType, rulesExtension, unknownKey } from './codes.ts';
import { exceptionTexts } from './compile-exceptions.ts';
import type { CorrelationDraft } from './drafts.ts';
import type { PlacedText } from './placed-text.ts';
import type { Item } from './read-items.ts';
import type { Resolver } from './resolve.ts';

/** What correlations are put together from. */
export interface CompileContext {
  readonly resolver: Resolver;
  readonly checks: PieceChecks;
  /** All rules that are named in the files, and those of them that are sound. */
  readonly definitions: { readonly rules: ReadonlyMap<string, unknown> };
  readonly rules: ReadonlyMap<string, Rule>;
}

/** Reads what a correlation asks of single events: conditions, rules in their place, key fields. Tells all that is wrong. */
export class PatternReader {
  readonly #draft: CorrelationDraft;
  /** Where the text of what is asked stands. */
  readonly #item: Item;
  readonly #source: SourceCatalogue;
  readonly #context: CompileContext;
  #exceptions: readonly Condition[] | undefined;
  /** Whether nothing was wrong so far. */
  isSound = true;

  constructor(draft: CorrelationDraft, source: SourceCatalogue, context: CompileContext) {
    this.#draft = draft;
    this.#item = draft.asks;
    this.#source = source;
    this.#context = context;
  }

  /** What stands at a path: a condition, or an object with a `condition` or the name of a `rule`; exceptions put in. */
  pattern(path: Path, by: readonly Operand[]): Pattern | undefined {
    const text = this.#item.text(...path);
    if (text === undefined && !this.isMap(path)) return this.fail();
    const condition = text === undefined ? this.#conditionOrRule(path) : this.#checked(text);
    if (condition === undefined) return this.fail();
    return { condition: this.#excepted(condition), by };
  }

  #conditionOrRule(path: Path): Condition | undefined {
    const [text, rule] = [this.#item.text(...path, 'condition'), this.#item.text(...path, 'rule')];
    if ((text === undefined) === (rule === undefined))
      return this.fault(
        'either a `condition` or the name of a `rule` is needed here',
        this.#item.at(...path),
      );
    return rule === undefined ? this.#checked(text as PlacedText) : this.#conditionOf(rule);
  }

  #conditionOf(named: PlacedText): Condition | undefined {
    const { rules, definitions } = this.#context;
    const rule = rules.get(named.text);
    if (rule?.source === this.#source.id) return rule.condition;
    const place = named.at(whole(named));
    if (rule !== undefined)
      return this.fault(`the rule \`${named.text}\` is for events of source ${rule.source}`, place);
    if (definitions.rules.has(named.text))
      return this.fault(`the rule \`${named.text}\` is left out for its own errors`, place);
    const meant = nearest(named.text, rules.keys());
    return this.fault(`no rule is called \`${named.text}\``, place, meant && `write \`${meant}\``);
  }

  #checked(text: PlacedText): Condition | undefined {
    const condition = this.condition(text, this.#source);
    if (condition === undefined || !isBroad(condition, this.#source)) return condition;
    const message = 'Condition matches too many evt.type values. This has a significant performance penalty.';
    this.#item.report(noEventType, message, text.at(whole(text)));
    return condition;
  }

  /** A condition with everything put in, checked against a source; undefined when it does not fit. */
  condition(text: PlacedText, source: SourceCatalogue): Condition | undefined {
    const { resolver, checks } = this.#context;
    const resolved = resolver.resolve(this.#item, text);
    if (resolved === undefined) return this.fail();
    const draft = { item: this.#item, skipIfUnknownFilter: false };
    const isSound = [...resolved.pieces].map((piece) => checks.tell(piece, source, draft) === 'sound');
    return isSound.every(Boolean) ? resolved.condition : this.fail();
  }

  /** Events that an exception holds for take no part. */
  #excepted(condition: Condition): Condition {
    const hasField = (name: string) => findField(this.#source.fields, name, undefined) !== undefined;
    this.#exceptions ??= exceptionTexts(this.#draft, hasField)
      .map((text) => this.condition(text, this.#source))
      .filter((one) => one !== undefined);
    if (this.#exceptions.length === 0) return condition;
    const { at } = condition;
    return {
      kind: 'and',
      terms: [condition, ...this.#exceptions.map((term): Condition => ({ kind: 'not', term, at }))],
      at,
    };
  }

  /** The key fields of one role: `by` is a list for all, or a map with a list for each. */
  by(path: Path, roles: readonly string[], role: string): readonly Operand[] {
    const at = [...path, 'by'];
    const given = this.#item.value(...at);
    if (given === undefined || given === null) return [];
    if (Array.isArray(given)) return this.#operands(at, role === roles[0]);
    if (typeof given !== 'object') {
      if (role === roles[0]) this.fault('`by` is a list of fields', this.#item.at(...at));
      return [];
    }
    if (role === roles[0]) this.#isByComplete(at, given as Record<string, unknown>, roles);
    return Array.isArray((given as Record<string, unknown>)[role]) ? this.#operands([...at, role], true) : [];
  }

  /** Whether a map of key fields has as many for each role. */
  #isByComplete(at: Path, given: Record<string, unknown>, roles: readonly string[]): void {
    this.knows(at, roles);
    const lengths = roles.map((role) => (Array.isArray(given[role]) ? given[role].length : undefined));
    const missing = roles.find((_, index) => lengths[index] === undefined);
    if (missing !== undefined)
      this.fault(`\`by\` has no list of fields for \`${missing}\``, this.#item.keyAt(...at));
    else if (new Set(lengths).size > 1)
      this.fault(
        '`by` has a different number of fields for each: they could never be equal',
        this.#item.at(...at),
      );
  }

  /** `isTold`: what is wrong is told; a list that several roles share is told once. */
  #operands(at: Path, isTold: boolean): Operand[] {
    const given = this.#item.value(...at) as readonly unknown[];
    const texts = isTold
      ? this.#item.texts(...at)
      : given.map((_, index) => this.#item.text(...at, index)).filter((text) => text !== undefined);
    if (texts.length < given.length) this.isSound = false;
    return texts.flatMap((text) => this.operand(text, isTold) ?? []);
  }

  /** A field, or a transformer over one. */
  operand(text: PlacedText, isTold = true): Operand | undefined {
    const parsed = parseCondition(`${text.text} exists`);
    if (!parsed.ok || parsed.condition.kind !== 'exists') {
      return isTold ? this.fault(`\`${text.text}\` is no field`, text.at(whole(text))) : this.fail();
    }
    for (const { code, message, at, help } of checkCondition(parsed.condition, this.#source)) {
      if (isTold && code !== conditionDoubt)
        this.#item.report(code, message, text.at(at), help === undefined ? {} : { help });
      if (code.severity === 'error') this.isSound = false;
    }
    return parsed.condition.left;
  }

  /** Whether an object stands at a path; anything else is told. */
  isMap(path: Path): boolean {
    const value = this.#item.value(...path);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return true;
    this.fault(
      `\`${path.findLast((step) => typeof step === 'string')}\` is an object`,
      this.#item.at(...path),
    );
    return false;
  }

  /** Tells keys of the object at a path that mean nothing there. */
  knows(path: Path, keys: readonly string[]): void {
    for (const key of Object.keys((this.#item.value(...path) ?? {}) as object)) {
      if (!keys.includes(key)) {
        const meant = nearest(key, keys);
        const help =
          meant === undefined
            ? `one of ${keys.filter((one) => !one.startsWith('#')).join(', ')}`
            : `write \`${meant}\``;
        this.#item.report(unknownKey, `Unknown key '${key}'`, this.#item.keyAt(...path, key), { help });
      }
    }
  }

  /** Tells what is wrong. */
  fault(message: string, place: Parameters<Item['report']>[2], help?: string): undefined {
    this.#item.report(rulesExtension, message, place, help === undefined ? {} : { help });
    return this.fail();
  }

  /** Leaves the correlation out for something that was told. */
  fail(): undefined {
    this.isSound = false;
    return undefined;
  }
}

/** All of a text, as a range. */
export function whole({ text }: PlacedText) {
  return { start: 0, end: text.length };
}
