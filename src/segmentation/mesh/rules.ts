import type { Path } from '../../manifest/resource.ts';
import { both, either, Ternary } from '../ternary.ts';
import { fieldAt, fieldsOf, listOf } from '../values.ts';
import type { Attribute, AttributeContext, AttributeTest, AttributeTopic } from './attribute.ts';
import { conditionAttribute, operationAttributes, sourceAttributes } from './attributes.ts';
import type { MeshConnection } from './connection.ts';

/** One field of a source or operation with its negative form, or one item of `when`. */
export interface Condition {
  /** As people write it, e.g. `methods` or `request.headers[x-user]`. */
  readonly name: string;
  readonly path: Path;
  readonly topic: AttributeTopic;
  readonly httpOnly: boolean;
  readonly layer4: boolean;
  readonly values: readonly string[];
  readonly notValues: readonly string[];
  readonly has: AttributeTest | undefined;
  readonly hasNot: AttributeTest | undefined;
}

/** One rule: any source, any operation, all conditions; an absent list leaves it open. */
export interface MeshRule {
  readonly index: number;
  readonly path: Path;
  /** Each source and operation is the conjunction of its conditions. */
  readonly sources: readonly (readonly Condition[])[];
  readonly operations: readonly (readonly Condition[])[];
  readonly when: readonly Condition[];
  /** Whether any part exists for HTTP only. */
  readonly usesHttp: boolean;
  /** Whether any part is beyond what ztunnel can judge. */
  readonly beyondLayer4: boolean;
}

/** Returns the compiled rules of an AuthorizationPolicy, or what is wrong with them. */
export function readRules(value: unknown, context: AttributeContext): MeshRule[] | string {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return 'its rules are not a list';
  const rules: MeshRule[] = [];
  for (const [index, item] of value.entries()) {
    if (typeof item !== 'object') return `rules[${index}] is not an object`;
    const rule = readRule(fieldsOf(item), index, context);
    if (typeof rule === 'string') return `rules[${index}]: ${rule}`;
    rules.push(rule);
  }
  return rules;
}

function readRule(
  fields: Readonly<Record<string, unknown>>,
  index: number,
  context: AttributeContext,
): MeshRule | string {
  const path = ['spec', 'rules', index];
  const sources = readParts(fields.from, [...path, 'from'], 'source', sourceAttributes, context);
  if (typeof sources === 'string') return sources;
  const operations = readParts(fields.to, [...path, 'to'], 'operation', operationAttributes, context);
  if (typeof operations === 'string') return operations;
  const when: Condition[] = [];
  for (const [at, item] of listOf(fields.when).entries()) {
    const { key, values, notValues } = fieldsOf(item);
    const attribute = typeof key === 'string' ? conditionAttribute(key) : undefined;
    if (typeof key !== 'string' || attribute === undefined) return `when[${at}] has no known key`;
    const condition = compile(key, [...path, 'when', at], attribute, values, notValues, context);
    if (typeof condition === 'string') return `when[${at}]: ${condition}`;
    if (condition === undefined) return `when[${at}] has neither values nor notValues`;
    when.push(condition);
  }
  const every = [...sources.flat(), ...operations.flat(), ...when];
  return {
    index,
    path,
    sources,
    operations,
    when,
    usesHttp: every.some((condition) => condition.httpOnly),
    beyondLayer4: every.some((condition) => !condition.layer4),
  };
}

function readParts(
  value: unknown,
  path: Path,
  key: string,
  attributes: Readonly<Record<string, Attribute>>,
  context: AttributeContext,
): (readonly Condition[])[] | string {
  if (value === undefined || value === null) return [];
  const list = String(path.at(-1));
  if (!Array.isArray(value)) return `its ${list} is not a list`;
  const parts: Condition[][] = [];
  for (const [index, item] of value.entries()) {
    const fields = fieldsOf(fieldAt(item, key));
    const part: Condition[] = [];
    for (const [name, attribute] of Object.entries(attributes)) {
      const negative = `not${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
      const at = [...path, index, key, listOf(fields[name]).length > 0 ? name : negative];
      const condition = compile(name, at, attribute, fields[name], fields[negative], context);
      if (typeof condition === 'string') return `${list}[${index}]: ${condition}`;
      if (condition !== undefined) part.push(condition);
    }
    if (part.length === 0) return `${list}[${index}] is empty`;
    parts.push(part);
  }
  return parts;
}

/** Undefined when neither list has a value. */
function compile(
  name: string,
  path: Path,
  attribute: Attribute,
  written: unknown,
  notWritten: unknown,
  context: AttributeContext,
): Condition | undefined | string {
  const [values, notValues] = [textsOf(written), textsOf(notWritten)];
  if (values === undefined || notValues === undefined) return `${name} is not a list of texts`;
  if (values.length === 0 && notValues.length === 0) return undefined;
  const has = values.length === 0 ? undefined : attribute.compile(values, context);
  const hasNot = notValues.length === 0 ? undefined : attribute.compile(notValues, context);
  if (typeof has === 'string') return `${name}: ${has}`;
  if (typeof hasNot === 'string') return `${name}: ${hasNot}`;
  const { topic, httpOnly, layer4 } = attribute;
  return { name, path, topic, httpOnly, layer4, values, notValues, has, hasNot };
}

function textsOf(value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) && value.every((text) => typeof text === 'string' && text !== '')
    ? value
    : undefined;
}

/** Returns whether one condition holds. */
export function meets({ has, hasNot }: Condition, connection: MeshConnection): Ternary {
  const positive = has === undefined ? Ternary.Yes : has(connection);
  if (hasNot === undefined || positive === Ternary.No) return positive;
  return both(positive, (Ternary.Yes - hasNot(connection)) as Ternary);
}

/**
 * Returns whether a rule of an ALLOW policy (`narrow`) or of any other matches. What cannot be judged where the
 * connection is makes an ALLOW rule match never. Of other rules a proxy on a TCP port leaves out what exists for HTTP
 * only; ztunnel leaves out all but layer 4, and a source, operation or condition of which nothing is left matches
 * nothing (istio.io/docs, "Authorization Policy", "Layer 4 security policy" of ambient mode; ztunnel `rbac.rs`).
 */
export function ruleMatches(rule: MeshRule, connection: MeshConnection, narrow: boolean): Ternary {
  const { proxy } = connection;
  if (narrow && (proxy === 'ztunnel' ? rule.beyondLayer4 : proxy === 'tcp' && rule.usesHttp)) {
    return Ternary.No;
  }
  let answer = anyPart(rule.operations, connection);
  if (answer === Ternary.No) return answer;
  answer = both(answer, anyPart(rule.sources, connection));
  for (const condition of rule.when) {
    if (answer === Ternary.No) return answer;
    answer = both(answer, everyCondition([condition], connection));
  }
  return answer;
}

/** Returns false when the identity of the client alone keeps the rule from matching. */
export function mayComeFrom({ sources, when }: MeshRule, connection: MeshConnection): boolean {
  const fits = (condition: Condition) =>
    condition.topic !== 'identity' || meets(condition, connection) !== Ternary.No;
  return when.every(fits) && (sources.length === 0 || sources.some((part) => part.every(fits)));
}

function anyPart(parts: readonly (readonly Condition[])[], connection: MeshConnection): Ternary {
  if (parts.length === 0) return Ternary.Yes;
  let answer: Ternary = Ternary.No;
  for (const part of parts) {
    answer = either(answer, everyCondition(part, connection));
    if (answer === Ternary.Yes) return answer;
  }
  return answer;
}

function everyCondition(conditions: readonly Condition[], connection: MeshConnection): Ternary {
  const { proxy } = connection;
  let answer: Ternary = Ternary.Yes;
  let left = proxy !== 'ztunnel';
  for (const condition of conditions) {
    if (proxy === 'ztunnel' ? !condition.layer4 : proxy === 'tcp' && condition.httpOnly) continue;
    left = true;
    answer = both(answer, meets(condition, connection));
    if (answer === Ternary.No) return answer;
  }
  return left ? answer : Ternary.No;
}
