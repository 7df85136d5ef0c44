import type { Outcome, Reason } from '../../flow/verdict.ts';
import { formatAddress } from '../../net/address.ts';
import { workloadName } from '../model.ts';
import { Ternary } from '../ternary.ts';
import { type AuthorizationPolicy, rulePathText } from './authorization-policy.ts';
import { type PlanDecision, planFor } from './policy-plan.ts';
import { type MeshQuestion, objectOf, reason } from './reasons.ts';
import { type Condition, type MeshRule, meets } from './rules.ts';
import type { Stage, World } from './worlds.ts';

const outcomes: Readonly<Record<Ternary, Outcome>> = { 0: 'deny', 1: 'unknown', 2: 'allow' };

/** Returns the reason for what the policies decided in one world. */
export function explainDecision(question: MeshQuestion, world: World, decision: PlanDecision): Reason {
  const { destination } = question;
  const { policy, rule } = decision;
  if (policy === undefined) {
    const text = `no AuthorizationPolicy denies it on ${workloadName(destination)}, and none allows only some`;
    return reason('allow', text);
  }
  const at = rule?.path ?? ['metadata', 'name'];
  const base = {
    ...reason(outcomes[decision.outcome], ''),
    ...objectOf(policy),
    ...(rule === undefined ? {} : { rule: rule.index }),
    span: policy.source.at(at),
  };
  const name = `AuthorizationPolicy ${policy.name}`;
  const who = clientOf(question, world);
  const what = whatText(question);
  if (decision.cause === 'allowed') {
    return { ...base, text: `${name} allows ${what} from ${who}: ${rulePathText(at)}` };
  }
  if (decision.cause === 'denied') {
    const change = `Take the client out of ${rulePathText(at)} of ${name}, or remove the rule`;
    return { ...base, text: `${name} denies ${what} from ${who}: ${rulePathText(at)}`, change };
  }
  if (decision.cause === 'not allowed') return { ...base, ...notAllowed(question, world, policy) };
  if (decision.cause === 'provider') {
    const provider = providerOf(policy);
    const text = `${name} leaves it to the provider ${provider}: ${rulePathText(at)}`;
    return { ...base, text };
  }
  return { ...base, ...inDoubt(world, decision, policy, what, who) };
}

function providerOf({ source }: AuthorizationPolicy): string {
  const { spec } = source.value as { spec?: { provider?: { name?: unknown } } };
  return String(spec?.provider?.name ?? 'outside');
}

function notAllowed(
  question: MeshQuestion,
  world: World,
  policy: AuthorizationPolicy,
): Pick<Reason, 'text' | 'change' | 'span'> {
  const stage = world.stages.find(({ plan }) => plan.allow.some((bound) => bound.policy === policy));
  const policies = (stage?.plan.allow ?? []).map((bound) => bound.policy);
  const others = policies.filter((one) => one !== policy);
  const named = others.slice(0, 3).map((one) => one.name);
  const more = others.length - named.length;
  const list = [policy.name, ...named].join(', ') + (more > 0 ? ` and ${more} more` : '');
  const where = stage?.at === undefined ? '' : ` on waypoint ${stage.at.namespace}/${stage.at.name}`;
  const who = clientOf(question, world);
  const what = whatText(question);
  const change = `Add an ALLOW rule for ${workloadName(question.destination)} with ${sourceText(question, world)}${operationFor(question)}`;
  if (policies.every(({ rules }) => rules.length === 0)) {
    return {
      text: `AuthorizationPolicy ${list} allows nothing${where}`,
      change,
      span: policy.source.at(['spec']),
    };
  }
  const near = stage && nearest(stage);
  const hint = near === undefined ? '' : `; nearest is ${near}`;
  const text = `no rule of AuthorizationPolicy ${list}${where} allows ${what} from ${who}${hint}`;
  return { text, change, span: policy.source.at(['spec', 'rules']) };
}

/** The rule whose source is right and which fails by its operation. */
function nearest({ plan, connection }: Stage): string | undefined {
  const fits = (conditions: readonly Condition[]) =>
    conditions.every((condition) => meets(condition, connection) !== Ternary.No);
  for (const { policy, rules } of planFor(plan, connection).allow) {
    for (const rule of rules) {
      if (rule.sources.length === 0 || !rule.sources.some(fits)) continue;
      const at = `${rulePathText(rule.path)} of ${policy.name}`;
      if (connection.proxy === 'ztunnel' && rule.beyondLayer4) {
        return `${at}, which ztunnel drops for its HTTP conditions`;
      }
      if (connection.proxy === 'tcp' && rule.usesHttp) {
        return `${at}, which is dropped on a TCP port for its HTTP conditions`;
      }
      if (rule.operations.length > 0) return `${at}, which allows ${operationsText(rule)} only`;
    }
  }
  return undefined;
}

function inDoubt(
  world: World,
  { rule, certain }: PlanDecision,
  policy: AuthorizationPolicy,
  what: string,
  who: string,
): Pick<Reason, 'text' | 'change'> {
  const name = `AuthorizationPolicy ${policy.name}`;
  const verb = policy.action === 'ALLOW' ? 'allow' : 'deny';
  if (policy.fault !== undefined) {
    return {
      text: `${name} is faulty (${policy.fault}), so what it means is not known`,
      change: `Mend ${name}`,
    };
  }
  if (certain === false || rule === undefined) {
    return { text: `labels that a controller adds decide whether ${name} selects the pods` };
  }
  const condition = doubtfulCondition(rule, world);
  const at = rulePathText(condition?.path ?? rule.path);
  if (condition?.topic === 'request') {
    const requests = operationsText(rule) || conditionText(condition);
    return {
      text: `${name} ${verb === 'allow' ? 'allows' : 'denies'} ${requests} only, and the request is not known: ${at}`,
    };
  }
  return { text: `${name} may ${verb} ${what} from ${who}: ${at}: ${whyText(condition, world)}` };
}

function doubtfulCondition(rule: MeshRule, { stages }: World): Condition | undefined {
  const conditions = [...rule.operations.flat(), ...rule.sources.flat(), ...rule.when];
  for (const { connection } of stages) {
    const found = conditions.find((condition) => meets(condition, connection) === Ternary.Maybe);
    if (found !== undefined) return found;
  }
  return undefined;
}

function whyText(condition: Condition | undefined, { stages }: World): string {
  const [stage] = stages;
  if (condition?.topic === 'token') return 'it depends on the token that the request carries';
  if (condition?.topic === 'port') return 'the waypoint may see the port of the Service instead of the pod';
  if (condition?.topic === 'identity') {
    return stage?.connection.identity === 'somebody'
      ? 'who the client is in the mesh is not known'
      : 'it depends on the trust domain of the mesh and its aliases';
  }
  if (condition?.topic === 'address') {
    const [address] = stage?.connection.addresses ?? [];
    if (stage?.connection.masqueraded || condition.name.startsWith('remote')) {
      return 'a proxy or Service on the way may replace the address';
    }
    return address === undefined
      ? 'no manifest tells the address'
      : `only some of the addresses match, ${formatAddress(address)} being one of them`;
  }
  return `${condition?.name ?? 'a condition'} is not told by manifests`;
}

function conditionText({ name, values, notValues }: Condition): string {
  const some = [...values].slice(0, 4).join(', ');
  const none = [...notValues].slice(0, 4).join(', ');
  return [some && `${name} ${some}`, none && `${name} other than ${none}`].filter(Boolean).join(' and ');
}

/** The operations and request conditions of a rule, e.g. `methods GET and paths /info*`. */
function operationsText({ operations, when }: MeshRule): string {
  const asked = when.filter(({ topic }) => topic === 'request');
  const parts = operations.map((part) => part.map(conditionText).join(' and '));
  const some = parts.slice(0, 3).join(' or ') + (parts.length > 3 ? ' or more' : '');
  return [some, ...asked.map(conditionText)].filter(Boolean).join(' and ');
}

function clientOf({ client, source }: MeshQuestion, { stages }: World): string {
  const stage = stages[0];
  if (stage?.connection.identity === undefined) {
    return source === undefined ? client.view.text : `${client.view.text}, which shows no identity,`;
  }
  return `${client.view.text} (${client.identityText})`;
}

function whatText({ port, request }: MeshQuestion): string {
  if (request === undefined) return `TCP ${port}`;
  const { method, path, host } = request;
  const told = [method, `${host ?? ''}${path ?? ''}`].filter(Boolean).join(' ');
  return told === '' ? `HTTP on port ${port}` : `${told} on port ${port}`;
}

function sourceText({ client }: MeshQuestion, { stages }: World): string {
  const identity = stages[0]?.connection.identity;
  if (identity !== undefined && identity !== 'somebody') return `principals ["${client.identityText}"]`;
  const [address] = client.view.addresses;
  return address === undefined ? 'its source' : `ipBlocks ["${formatAddress(address)}"]`;
}

function operationFor({ port, request }: MeshQuestion): string {
  if (request === undefined) return ` and ports ["${port}"]`;
  const { method, path } = request;
  const asked = [method && `methods ["${method}"]`, path && `paths ["${path}"]`].filter(Boolean);
  return asked.length === 0 ? ` and ports ["${port}"]` : `, ports ["${port}"] and ${asked.join(' and ')}`;
}
