import type { Reason } from '../../flow/verdict.ts';
import { workloadName } from '../model.ts';
import { Ternary } from '../ternary.ts';
import { explainDecision } from './explain-decision.ts';
import { membershipText } from './membership.ts';
import type { PlanDecision } from './policy-plan.ts';
import { type MeshQuestion, objectOf, reason } from './reasons.ts';
import { isUnpoliced, judgeWorld, type MeshServer, type World } from './worlds.ts';

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
  return { ...reason('unknown', `${strict}, but ${cause.text}`), ...object, ...cause.change };
}

/** How a plaintext client gets in. */
function joinMesh({ source, destination, port, client }: MeshQuestion): string {
  const exempt = `set portLevelMtls ${port} to PERMISSIVE in a PeerAuthentication that selects ${workloadName(destination)}`;
  if (source === undefined || source.hostNetwork) {
    return `Set portLevelMtls ${port} to PERMISSIVE in a PeerAuthentication that selects ${workloadName(destination)}, so that ${client.view.text} gets in`;
  }
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
  return { ...rest, outcome: 'unknown', text: `${text}, but ${cause.text}`, ...cause.change };
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
