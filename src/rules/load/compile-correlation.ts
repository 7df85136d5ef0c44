import type { EventSource } from '../../event/field.ts';
import type { Path } from '../../manifest/resource.ts';
import { type MomentShape, momentSource } from '../correlate/moment.ts';
import type { Absence, Correlation, Count, Sequence, Step } from '../correlation.ts';
import type { SourceCatalogue } from '../operand-type.ts';
import { isOutputSound } from './checks.ts';
import { rulesExtension } from './codes.ts';
import { askKinds } from './collect-correlation.ts';
import { readCooldown, readMaxKeys, readWithin, wholeNumber } from './correlation-limits.ts';
import type { CorrelationDraft } from './drafts.ts';
import type { Item } from './read-items.ts';
import { type CompileContext, PatternReader, whole } from './read-pattern.ts';

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
  readonly #read: PatternReader;

  constructor(draft: CorrelationDraft, source: SourceCatalogue, context: CompileContext) {
    this.#draft = draft;
    this.#item = draft.asks;
    this.#source = source;
    this.#context = context;
    this.#read = new PatternReader(draft, source, context);
  }

  /** Returns the correlation; undefined when there is an error. */
  compile(): Correlation | undefined {
    const { name, source, description, output, priority, tags, enabled, item } = this.#draft;
    if (this.#context.definitions.rules.has(name)) {
      item.report(rulesExtension, 'a rule has the same name', item.at('correlation'));
      this.#read.isSound = false;
    }
    const kind = askKinds.find((one) => this.#item.has(one)) as (typeof askKinds)[number];
    const asks = this.#read.isMap([kind]) ? this.#asks(kind) : this.#read.fail();
    const within = readWithin(this.#draft.within);
    const cooldown = within === undefined ? undefined : readCooldown(this.#draft.cooldown, within);
    const maxKeys = readMaxKeys(this.#draft.maxKeys);
    // Steps count by their names here, whatever else is wrong with them: else their fields would be told as unknown.
    const names = kind === 'sequence' ? this.#stepNames() : [];
    const moments = this.#moments({ kind, steps: names.slice(0, -1), last: names.at(-1) });
    if (!isOutputSound({ item, output, skipIfUnknownFilter: false }, moments)) this.#read.isSound = false;
    if (asks === undefined || within === undefined || cooldown === undefined || maxKeys === undefined)
      return undefined;
    if (!this.#read.isSound) return undefined;
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
    this.#read.knows(['count'], ['condition', 'rule', 'by', 'distinct', 'at_least']);
    const events = this.#read.pattern(['count'], this.#read.by(['count'], ['condition'], 'condition'));
    const text = this.#item.text('count', 'distinct');
    const distinct = text && this.#read.operand(text);
    const atLeast = wholeNumber(this.#item, ['count', 'at_least'], 1, 10_000);
    if (atLeast === undefined || events === undefined) return this.#read.fail();
    return { kind: 'count', events, distinct, atLeast };
  }

  #sequence(): Sequence | undefined {
    this.#read.knows(['sequence'], ['steps', 'by', 'without']);
    const given = this.#item.value('sequence', 'steps');
    if (!Array.isArray(given) || given.length < 2 || given.length > maxSteps) {
      const place = given === undefined ? this.#item.keyAt('sequence') : this.#item.at('sequence', 'steps');
      return this.#read.fault(`\`steps\` is a list of 2 to ${maxSteps} steps`, place);
    }
    const names = this.#stepNames();
    const hasWithout = this.#item.value('sequence', 'without') !== undefined;
    const roles = [...names, ...(hasWithout ? ['without'] : [])];
    const steps = given.map((_, index) => this.#step(index, names, roles));
    const without = hasWithout
      ? this.#read.pattern(['sequence', 'without'], this.#read.by(['sequence'], roles, 'without'))
      : undefined;
    if (steps.includes(undefined) || (hasWithout && without === undefined)) return this.#read.fail();
    return { kind: 'sequence', steps: steps as Step[], without };
  }

  #step(index: number, names: readonly string[], roles: readonly string[]): Step | undefined {
    const path = ['sequence', 'steps', index];
    if (!this.#read.isMap(path)) return this.#read.fail();
    this.#read.knows(path, ['name', 'condition', 'rule', 'where']);
    const name = names[index] as string;
    this.#isStepName(name, path, names.indexOf(name) !== index);
    const pattern = this.#read.pattern(path, this.#read.by(['sequence'], roles, name));
    const text = this.#item.text(...path, 'where');
    if (text === undefined) return pattern && { ...pattern, name, where: undefined };
    if (index === 0)
      return this.#read.fault('the first step has no earlier one to compare with', text.at(whole(text)));
    const moments = this.#moments({ kind: 'sequence', steps: names.slice(0, index) });
    const where = this.#read.condition(text, moments);
    return pattern && where && { ...pattern, name, where };
  }

  #absence(): Absence | undefined {
    this.#read.knows(['absence'], ['after', 'condition', 'rule', 'by']);
    const hasAfter = this.#item.value('absence', 'after') !== undefined;
    const roles = [...(hasAfter ? ['after'] : []), 'condition'];
    const expected = this.#read.pattern(['absence'], this.#read.by(['absence'], roles, 'condition'));
    const after = hasAfter
      ? this.#read.pattern(['absence', 'after'], this.#read.by(['absence'], roles, 'after'))
      : undefined;
    if (expected === undefined || (hasAfter && after === undefined)) return this.#read.fail();
    return { kind: 'absence', after, expected };
  }

  /** The names of all steps; what has none gets one that no step can have. */
  #stepNames(): readonly string[] {
    const steps = this.#item.value('sequence', 'steps');
    if (!Array.isArray(steps)) return [];
    return steps.map((_, index) => this.#item.text('sequence', 'steps', index, 'name')?.text ?? `#${index}`);
  }

  #isStepName(name: string, path: Path, isRepeated: boolean): void {
    if (name.startsWith('#')) this.#read.fault('a step has a `name`', this.#item.at(...path));
    else if (!stepName.test(name) || taken.has(name)) {
      const message = `\`${name}\` is no name for a step: letters, digits and \`_\`, a letter first`;
      this.#read.fault(message, this.#item.at(...path, 'name'));
    } else if (isRepeated)
      this.#read.fault(`two steps are called \`${name}\``, this.#item.at(...path, 'name'));
    else if ([...this.#source.fields.keys()].some((field) => field.startsWith(`${name}.`))) {
      this.#read.fault(
        `\`${name}\` is no name for a step: fields begin with it`,
        this.#item.at(...path, 'name'),
      );
    }
  }

  #moments(shape: MomentShape): SourceCatalogue {
    return momentSource(this.#source as EventSource<never>, shape) as unknown as SourceCatalogue;
  }
}
