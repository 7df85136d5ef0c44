import { nearest } from '../../diagnostic/suggest.ts';
import { type EventSource, findField } from '../../event/field.ts';
import type { Path } from '../../manifest/resource.ts';
import type { Condition, Operand } from '../ast.ts';
import { type MomentShape, momentSource } from '../correlate/moment.ts';
import type { Absence, Correlation, Count, Pattern, Sequence, Step } from '../correlation.ts';
import type { SourceCatalogue } from '../operand-type.ts';
import type { Rule } from '../rule-set.ts';
import { parseCondition } from '../syntax/parse-condition.ts';
import { checkCondition } from './check-condition.ts';
import { isBroad, isOutputSound, type PieceChecks } from './checks.ts';
import { conditionDoubt, noEventType, rulesExtension, unknownKey } from './codes.ts';
import { askKinds } from './collect-correlation.ts';
import { exceptionTexts } from './compile-exceptions.ts';
import { readCooldown, readMaxKeys, readWithin, wholeNumber } from './correlation-limits.ts';
import type { CorrelationDraft, MacroDraft } from './drafts.ts';
import type { PlacedText } from './placed-text.ts';
import type { Item } from './read-items.ts';
import type { Resolver } from './resolve.ts';

/** What correlations are put together from. */
export interface CompileContext {
  readonly resolver: Resolver;
  readonly checks: PieceChecks;
  /** All rules that are named in the files, and those of them that are sound. */
  readonly definitions: {
    readonly rules: ReadonlyMap<string, unknown>;
    readonly macros: ReadonlyMap<string, MacroDraft>;
  };
  readonly rules: ReadonlyMap<string, Rule>;
}

/** Most steps of a sequence. */
const maxSteps = 16;
const stepName = /^[a-z][a-z0-9_]*$/i;
/** Names that mean something else where a step's may stand. */
const taken: ReadonlySet<string> = new Set(['correlation', 'without']);

/** Makes a correlation of its draft. Everything that is wrong with it is told, not only the first. */
export class CorrelationCompiler {
  readonly #draft: CorrelationDraft;
  /** Where the text of what is asked stands. */
  readonly #item: Item;
  readonly #source: SourceCatalogue;
  readonly #context: CompileContext;
  #isSound = true;
  #exceptions: readonly Condition[] | undefined;

  constructor(draft: CorrelationDraft, source: SourceCatalogue, context: CompileContext) {
    this.#draft = draft;
    this.#item = draft.asks;
    this.#source = source;
    this.#context = context;
  }

  /** Returns the correlation; undefined when there is an error. */
  compile(): Correlation | undefined {
    const { name, source, description, output, priority, tags, enabled, item } = this.#draft;
    if (this.#context.definitions.rules.has(name)) {
      item.report(rulesExtension, 'a rule has the same name', item.at('correlation'));
      this.#isSound = false;
    }
    const kind = askKinds.find((one) => this.#item.has(one)) as (typeof askKinds)[number];
    const asks = this.#isMap([kind]) ? this.#asks(kind) : this.#fail();
    const within = readWithin(this.#draft.within);
    const cooldown = within === undefined ? undefined : readCooldown(this.#draft.cooldown, within);
    const maxKeys = readMaxKeys(this.#draft.maxKeys);
    // Steps count by their names here, whatever else is wrong with them: else their fields would be told as unknown.
    const names = kind === 'sequence' ? this.#stepNames() : [];
    const moments = this.#moments({ kind, steps: names.slice(0, -1), last: names.at(-1) });
    if (!isOutputSound({ item, output, skipIfUnknownFilter: false }, moments)) this.#isSound = false;
    if (asks === undefined || within === undefined || cooldown === undefined || maxKeys === undefined)
      return undefined;
    if (!this.#isSound) return undefined;
    return {
      name,
      description: description.text.trim(),
      source,
      output: output.text.trim(),
      priority,
      tags,
      enabled,
      asks,
      within,
      cooldown,
      maxKeys,
    };
  }

  #asks(kind: (typeof askKinds)[number]): Count | Sequence | Absence | undefined {
    if (kind === 'count') return this.#count();
    return kind === 'sequence' ? this.#sequence() : this.#absence();
  }

  #count(): Count | undefined {
    this.#knows(['count'], ['condition', 'rule', 'by', 'distinct', 'at_least']);
    const events = this.#pattern(['count'], this.#by(['count'], ['condition'], 'condition'));
    const text = this.#item.text('count', 'distinct');
    const distinct = text && this.#operand(text);
    const atLeast = wholeNumber(this.#item, ['count', 'at_least'], 1, 10_000);
    if (atLeast === undefined || events === undefined) return this.#fail();
    return { kind: 'count', events, distinct, atLeast };
  }

  #sequence(): Sequence | undefined {
    this.#knows(['sequence'], ['steps', 'by', 'without']);
    const given = this.#item.value('sequence', 'steps');
    if (!Array.isArray(given) || given.length < 2 || given.length > maxSteps) {
      const place = given === undefined ? this.#item.keyAt('sequence') : this.#item.at('sequence', 'steps');
      return this.#fault(`\`steps\` is a list of 2 to ${maxSteps} steps`, place);
    }
    const names = this.#stepNames();
    const hasWithout = this.#item.value('sequence', 'without') !== undefined;
    const roles = [...names, ...(hasWithout ? ['without'] : [])];
    const steps = given.map((_, index) => this.#step(index, names, roles));
    const without = hasWithout
      ? this.#pattern(['sequence', 'without'], this.#by(['sequence'], roles, 'without'))
      : undefined;
    if (steps.includes(undefined) || (hasWithout && without === undefined)) return this.#fail();
    return { kind: 'sequence', steps: steps as Step[], without };
  }

  #step(index: number, names: readonly string[], roles: readonly string[]): Step | undefined {
    const path = ['sequence', 'steps', index];
    if (!this.#isMap(path)) return this.#fail();
    this.#knows(path, ['name', 'condition', 'rule', 'where']);
    const name = names[index] as string;
    this.#isStepName(name, path, names.indexOf(name) !== index);
    const pattern = this.#pattern(path, this.#by(['sequence'], roles, name));
    const text = this.#item.text(...path, 'where');
    if (text === undefined) return pattern && { ...pattern, name, where: undefined };
    if (index === 0)
      return this.#fault('the first step has no earlier one to compare with', text.at(whole(text)));
    const moments = this.#moments({ kind: 'sequence', steps: names.slice(0, index) });
    const where = this.#condition(text, moments);
    return pattern && where && { ...pattern, name, where };
  }

  #absence(): Absence | undefined {
    this.#knows(['absence'], ['after', 'condition', 'rule', 'by']);
    const hasAfter = this.#item.value('absence', 'after') !== undefined;
    const roles = [...(hasAfter ? ['after'] : []), 'condition'];
    const expected = this.#pattern(['absence'], this.#by(['absence'], roles, 'condition'));
    const after = hasAfter
      ? this.#pattern(['absence', 'after'], this.#by(['absence'], roles, 'after'))
      : undefined;
    if (expected === undefined || (hasAfter && after === undefined)) return this.#fail();
    return { kind: 'absence', after, expected };
  }

  /** The names of all steps; what has none gets one that no step can have. */
  #stepNames(): readonly string[] {
    const steps = this.#item.value('sequence', 'steps');
    if (!Array.isArray(steps)) return [];
    return steps.map((_, index) => this.#item.text('sequence', 'steps', index, 'name')?.text ?? `#${index}`);
  }

  #isStepName(name: string, path: Path, isRepeated: boolean): void {
    if (name.startsWith('#')) this.#fault('a step has a `name`', this.#item.at(...path));
    else if (!stepName.test(name) || taken.has(name)) {
      const message = `\`${name}\` is no name for a step: letters, digits and \`_\`, a letter first`;
      this.#fault(message, this.#item.at(...path, 'name'));
    } else if (isRepeated) this.#fault(`two steps are called \`${name}\``, this.#item.at(...path, 'name'));
    else if ([...this.#source.fields.keys()].some((field) => field.startsWith(`${name}.`))) {
      this.#fault(`\`${name}\` is no name for a step: fields begin with it`, this.#item.at(...path, 'name'));
    }
  }

  /** What stands at a path: a condition, or an object with a `condition` or the name of a `rule`; exceptions put in. */
  #pattern(path: Path, by: readonly Operand[]): Pattern | undefined {
    const text = this.#item.text(...path);
    if (text === undefined && !this.#isMap(path)) return this.#fail();
    const condition = text === undefined ? this.#conditionOrRule(path) : this.#checked(text);
    if (condition === undefined) return this.#fail();
    return { condition: this.#excepted(condition), by };
  }

  #conditionOrRule(path: Path): Condition | undefined {
    const [text, rule] = [this.#item.text(...path, 'condition'), this.#item.text(...path, 'rule')];
    if ((text === undefined) === (rule === undefined))
      return this.#fault(
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
      return this.#fault(`the rule \`${named.text}\` is for events of source ${rule.source}`, place);
    if (definitions.rules.has(named.text))
      return this.#fault(`the rule \`${named.text}\` is left out for its own errors`, place);
    const meant = nearest(named.text, rules.keys());
    return this.#fault(`no rule is called \`${named.text}\``, place, meant && `write \`${meant}\``);
  }

  #checked(text: PlacedText): Condition | undefined {
    const condition = this.#condition(text, this.#source);
    if (condition === undefined || !isBroad(condition, this.#source)) return condition;
    const message = 'Condition matches too many evt.type values. This has a significant performance penalty.';
    this.#item.report(noEventType, message, text.at(whole(text)));
    return condition;
  }

  #condition(text: PlacedText, source: SourceCatalogue): Condition | undefined {
    const { resolver, checks } = this.#context;
    const resolved = resolver.resolve(this.#item, text);
    if (resolved === undefined) return this.#fail();
    const draft = { item: this.#item, skipIfUnknownFilter: false };
    const isSound = [...resolved.pieces].map((piece) => checks.tell(piece, source, draft) === 'sound');
    return isSound.every(Boolean) ? resolved.condition : this.#fail();
  }

  /** Events that an exception holds for take no part. */
  #excepted(condition: Condition): Condition {
    const hasField = (name: string) => findField(this.#source.fields, name, undefined) !== undefined;
    this.#exceptions ??= exceptionTexts(this.#draft, hasField)
      .map((text) => this.#condition(text, this.#source))
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
  #by(path: Path, roles: readonly string[], role: string): readonly Operand[] {
    const at = [...path, 'by'];
    const given = this.#item.value(...at);
    if (given === undefined || given === null) return [];
    if (Array.isArray(given)) return this.#operands(at, role === roles[0]);
    if (typeof given !== 'object') {
      if (role === roles[0]) this.#fault('`by` is a list of fields', this.#item.at(...at));
      return [];
    }
    if (role === roles[0]) this.#isByComplete(at, given as Record<string, unknown>, roles);
    return Array.isArray((given as Record<string, unknown>)[role]) ? this.#operands([...at, role], true) : [];
  }

  /** Whether a map of key fields has as many for each role. */
  #isByComplete(at: Path, given: Record<string, unknown>, roles: readonly string[]): void {
    this.#knows(at, roles);
    const lengths = roles.map((role) => (Array.isArray(given[role]) ? given[role].length : undefined));
    const missing = roles.find((_, index) => lengths[index] === undefined);
    if (missing !== undefined)
      this.#fault(`\`by\` has no list of fields for \`${missing}\``, this.#item.keyAt(...at));
    else if (new Set(lengths).size > 1)
      this.#fault(
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
    if (texts.length < given.length) this.#isSound = false;
    return texts.flatMap((text) => this.#operand(text, isTold) ?? []);
  }

  /** A field, or a transformer over one. */
  #operand(text: PlacedText, isTold = true): Operand | undefined {
    const parsed = parseCondition(`${text.text} exists`);
    if (!parsed.ok || parsed.condition.kind !== 'exists') {
      return isTold ? this.#fault(`\`${text.text}\` is no field`, text.at(whole(text))) : this.#fail();
    }
    for (const { code, message, at, help } of checkCondition(parsed.condition, this.#source)) {
      if (isTold && code !== conditionDoubt)
        this.#item.report(code, message, text.at(at), help === undefined ? {} : { help });
      if (code.severity === 'error') this.#isSound = false;
    }
    return parsed.condition.left;
  }

  #moments(shape: MomentShape): SourceCatalogue {
    return momentSource(this.#source as EventSource<never>, shape) as unknown as SourceCatalogue;
  }

  #isMap(path: Path): boolean {
    const value = this.#item.value(...path);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return true;
    this.#fault(
      `\`${path.findLast((step) => typeof step === 'string')}\` is an object`,
      this.#item.at(...path),
    );
    return false;
  }

  #knows(path: Path, keys: readonly string[]): void {
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

  #fault(message: string, place: Parameters<Item['report']>[2], help?: string): undefined {
    this.#item.report(rulesExtension, message, place, help === undefined ? {} : { help });
    return this.#fail();
  }

  #fail(): undefined {
    this.#isSound = false;
    return undefined;
  }
}

function whole({ text }: PlacedText) {
  return { start: 0, end: text.length };
}
