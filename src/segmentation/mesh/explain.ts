import type { Outcome, Reason } from '../../flow/verdict.ts';
import { formatAddress } from '../../net/address.ts';
import { type Workload, workloadName } from '../model.ts';
import type { HttpRequest } from '../request.ts';
import { Ternary } from '../ternary.ts';
import { type AuthorizationPolicy, rulePathText } from './authorization-policy.ts';
import { membershipText } from './membership.ts';
import type { PlanDecision } from './policy-plan.ts';
import { type Condition, type MeshRule, meets } from './rules.ts';
import { isUnpoliced, judgeWorld, type MeshClient, type MeshServer, type World } from './worlds.ts';

/** Id of this layer in reasons. */
export const layer = 'mesh';

/** What is asked, for texts. */
export interface MeshQuestion {
  readonly client: MeshClient;
  /** The client as a workload, when it is one. */
  readonly source: Workload | undefined;
  /** Why the client is in the mesh or not, as a sentence. */
  readonly clientText: string;
  readonly server: MeshServer;
  readonly destination: Workload;
  readonly port: number;
  readonly request: HttpRequest | undefined;
  readonly worlds: readonly World[];
}

const outcomes: Readonly<Record<Ternary, Outcome>> = { 0: 'deny', 1: 'unknown', 2: 'allow' };

function reason(outcome: Outcome, text: string): Reason {
  return { layer, direction: 'ingress', outcome, text };
}

/** Returns the reasons of the mesh: for mutual TLS where it refuses or is asked for, for policies where there are any. */
export function explainMesh(question: MeshQuestion): Reason[] {
  const inert = explainInert(question);
  if (inert !== undefined) return inert;
  return [explainMtls(question), explainPolicies(question)].filter((one) => one !== undefined);
}

/** Policies on pods without a proxy are said to have no effect, as people rely on them. */
function explainInert({ server, destination, worlds }: MeshQuestion): Reason[] | undefined {
  if (!worlds.every(({ proxy }) => proxy === 'none')) return undefined;
  const plan = server.plans.sidecar;
  const policy = [...plan.deny, ...plan.allow, ...plan.custom][0]?.policy ?? strictPolicy(server);
  if (policy === undefined) return [];
  const { membership } = server;
  const why =
    membership.mode === 'none'
      ? membershipText(destination, membership)
      : `the sidecar of ${workloadName(destination)} does not stand before this port`;
  const text = `${policy.source.kind} ${policy.name} has no effect here: ${why}`;
  return [
    {
      ...reason('allow', text),
      ...objectOf(policy),
      span: membership.span,
    },
  ];
}

function strictPolicy({ scopes }: MeshServer) {
  return [...scopes.own, ...scopes.wide.flat()].find((policy) => policy?.mode === 'STRICT');
}

function explainMtls(question: MeshQuestion): Reason | undefined {
  const { worlds, destination, port, clientText, client } = question;
  const refusing = worlds.filter(({ refused }) => refused);
  const name = workloadName(destination);
  const [first] = refusing;
  if (first === undefined) {
    const strict = worlds.find(({ setting }) => setting?.mode === 'STRICT' && setting.policy !== undefined);
    if (strict?.setting?.policy === undefined) return undefined;
    const { policy, path } = strict.setting;
    const text = `PeerAuthentication ${policy.name} asks for mutual TLS on ${name} port ${port}, and ${client.view.text} has it`;
    return { ...reason('allow', text), ...objectOf(policy), span: policy.source.at(path) };
  }
  const { policy, path } = first.setting ?? { policy: undefined, path: [] };
  const object = policy === undefined ? {} : { ...objectOf(policy), span: policy.source.at(path) };
  const strict = `PeerAuthentication ${policy?.name} refuses plaintext to ${name} port ${port}`;
  if (refusing.length === worlds.length) {
    return {
      ...reason('deny', `${strict}, and ${clientText}`),
      ...object,
      change: joinMesh(question),
    };
  }
  const cause = causeOf(worlds, ({ refused }) => String(refused), question);
  return { ...reason('unknown', `${strict}; ${cause.text}`), ...object, ...cause.change };
}

/** How a plaintext client gets in. */
function joinMesh({ source, destination, port, client }: MeshQuestion): string {
  const exempt = `set portLevelMtls ${port} to PERMISSIVE in a PeerAuthentication that selects ${workloadName(destination)}`;
  if (source === undefined || source.hostNetwork) return `To let ${client.view.text} in, ${exempt}`;
  return `Take ${workloadName(source)} into the mesh (label namespace ${source.namespace.name} istio-injection=enabled or istio.io/dataplane-mode=ambient), or ${exempt}`;
}

function explainPolicies(question: MeshQuestion): Reason | undefined {
  const worlds = question.worlds.filter(({ refused }) => !refused);
  if (worlds.every(isUnpoliced)) return undefined;
  const decisions = new Map(worlds.map((world) => [world, judgeWorld(world)]));
  const all = new Set([...decisions.values()].map(({ outcome }) => outcome));
  const policed = worlds.filter((world) => !isUnpoliced(world));
  const shown = (policed.find((world) => decisions.get(world)?.outcome === Ternary.No) ??
    policed.find((world) => decisions.get(world)?.policy !== undefined) ??
    policed[0]) as World;
  const decision = decisions.get(shown) as PlanDecision;
  if (all.size === 1) return explainDecision(question, shown, decision);
  const cause = causeOf(worlds, (world) => String(decisions.get(world)?.outcome), question);
  const told = explainDecision(question, shown, decision);
  const { text, change: _, ...rest } = told;
  return { ...rest, outcome: 'unknown', text: `${cause.text}. If so: ${text}`, ...cause.change };
}

/** Finds which of the things that are left open makes the difference, and says it. */
function causeOf(
  worlds: readonly World[],
  answer: (world: World) => string,
  { destination, server, clientText, port }: MeshQuestion,
): { text: string; change: { change?: string } } {
  const differs = (key: (world: World) => string | undefined): boolean => {
    const byKey = Map.groupBy(worlds, key);
    const answers = [...byKey.values()].map((group) => [...new Set(group.map(answer))].sort().join());
    return new Set(answers).size > 1;
  };
  const text = (said: string, change?: string) => ({
    text: said,
    change: change === undefined ? {} : { change },
  });
  if (server.membership.mode === 'unknown' && differs(({ proxy }) => proxy)) {
    const { namespace } = destination;
    const change = `Declare Namespace ${namespace.name} with its labels, e.g. istio-injection: enabled or istio.io/dataplane-mode: ambient`;
    return text(membershipText(destination, server.membership), change);
  }
  if (differs(({ client }) => client)) return text(clientText);
  if (differs(({ setting }) => setting?.mode)) {
    return text(`which PeerAuthentication sets the mode of ${workloadName(destination)} is not known`);
  }
  if (differs(({ route }) => route)) {
    const ways = [...new Set(worlds.map(({ route }) => route))].join(' and ');
    return text(`it depends on how the client addresses it: ${ways} are judged by different proxies`);
  }
  if (differs(({ proxy }) => proxy)) return text('whether a proxy stands before the port is not known');
  const change = `Name the Service port that leads to ${workloadName(destination)} port ${port} by its protocol, e.g. http-api or tcp-api`;
  return text(`no Service says whether port ${port} speaks HTTP, and it is judged by that`, change);
}

function explainDecision(question: MeshQuestion, world: World, decision: PlanDecision): Reason {
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
  const near = nearest(policies, world);
  const hint = near === undefined ? '' : `; nearest is ${near}`;
  const text = `no rule of AuthorizationPolicy ${list}${where} allows ${what} from ${who}${hint}`;
  return { text, change, span: policy.source.at(['spec', 'rules']) };
}

/** The rule whose source is right and which fails by one condition. */
function nearest(policies: readonly AuthorizationPolicy[], { stages }: World): string | undefined {
  for (const policy of policies) {
    for (const rule of policy.rules) {
      const [connection] = stages.map((stage) => stage.connection);
      if (connection === undefined) return undefined;
      const fits = (conditions: readonly Condition[]) =>
        conditions.every((condition) => meets(condition, connection) !== Ternary.No);
      if (rule.sources.length === 0 || !rule.sources.some(fits)) continue;
      const dropped =
        connection.proxy === 'ztunnel' ? rule.beyondLayer4 : rule.usesHttp && connection.proxy === 'tcp';
      const at = `${rulePathText(rule.path)} of ${policy.name}`;
      if (dropped) {
        const why =
          connection.proxy === 'ztunnel'
            ? 'ztunnel drops for its HTTP conditions'
            : 'is dropped on a TCP port for its HTTP conditions';
        return `${at}, which ${why}`;
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

function objectOf({
  source,
}: {
  readonly source: AuthorizationPolicy['source'];
}): Required<Pick<Reason, 'object'>> {
  const { kind, name, namespace } = source;
  return { object: { kind, name, namespace: namespace ?? 'default' } };
}
