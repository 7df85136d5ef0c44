import { type Diagnostic, diagnose } from '../../diagnostic/diagnostic.ts';
import type { Verdict } from '../../flow/verdict.ts';
import { formatAddress } from '../../net/address.ts';
import { endpointText } from '../../segmentation/endpoint.ts';
import { type Workload, workloadName } from '../../segmentation/model.ts';
import { protocolText } from '../../segmentation/protocol.ts';
import { decidingReason } from '../diff/why.ts';
import type { Declared } from '../posture.ts';
import { observedButDenied, replayFailed, unidentifiedFlow, unlabelledWorkload } from './codes.ts';
import { type Extra, extrasOf } from './extras.ts';
import type { ObservedFlow } from './flow-log.ts';
import type { Proposal } from './model.ts';
import { type Edge, type Observation, observe } from './observe.ts';
import { propose } from './propose.ts';
import { judgeEdge, type Refused, type Replay, replay } from './replay.ts';
import { proposalYaml, type YamlOptions } from './yaml.ts';

export interface LearnOptions extends YamlOptions {
  /** Leave out what the controls that are declared today deny. */
  readonly skipDenied?: boolean;
}

/** Policies learned from flows, with the proof. */
export interface Learned {
  readonly observation: Observation;
  readonly proposal: Proposal;
  /** The policies as they are to be applied. */
  readonly yaml: string;
  readonly replay: Replay;
  readonly extras: readonly Extra[];
  /** Observed connections that the declared controls deny. */
  readonly denied: readonly Refused[];
  /** Workloads that were not observed and that share their labels with one that was: its policy closes them too. */
  readonly caught: readonly Workload[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Problems of one kind that are told one by one. */
const maxTold = 10;

/**
 * Proposes least-privilege NetworkPolicies for observed flows, and proves them: every observed connection is judged by
 * the proposal as it is printed, and all that it admits beyond them is listed.
 */
export function learn(
  declared: Declared,
  flows: readonly ObservedFlow[],
  options: LearnOptions = {},
  step: () => void = () => {},
): Learned {
  const observation = observe(declared, flows);
  const judged = observation.edges.map((edge) => ({ edge, verdict: judgeEdge(declared, edge) }));
  const denied = judged.filter(({ verdict }) => verdict.outcome === 'deny');
  const edges = options.skipDenied
    ? judged.filter(({ verdict }) => verdict.outcome !== 'deny').map(({ edge }) => edge)
    : observation.edges;
  const proposal = propose(declared, edges);
  const yaml = proposalYaml(proposal.policies, options);
  const replayed = replay(declared, yaml, edges);
  const governed = governedBy(replayed.posture);
  const extras = extrasOf(replayed.posture, edges, governed, step);
  const diagnostics = [
    ...told(
      observation.unidentified.map(({ flow, text }) =>
        diagnose(unidentifiedFlow, { message: `line ${flow.line}: ${text}: ${flowText(flow)} was left out` }),
      ),
    ),
    ...told(
      proposal.unlabelled.map((workload) =>
        diagnose(unlabelledWorkload, {
          message: `${workloadName(workload)} has no stable label: no policy is proposed for it`,
          span: workload.source.at([...workload.podPath, 'metadata']),
          help: `give its pods a label, e.g. \`app.kubernetes.io/name: ${workload.name}\``,
        }),
      ),
    ),
    ...told(denied.map((one) => deniedToday(one, options.skipDenied === true))),
    ...told(replayed.refused.map(refusedByProposal)),
  ];
  const caught = proposal.unobserved.filter(({ index }) => governed.has(index));
  return { observation, proposal, yaml, replay: replayed, extras, denied, caught, diagnostics };
}

/** Indexes of the workloads that a policy certainly or possibly selects. */
function governedBy({ inventory, segmentation }: Declared): Set<number> {
  const isSelected = (index: number) => {
    const { policies, possible } = segmentation.plan('egress', index);
    return policies.length + possible.length > 0;
  };
  return new Set(inventory.workloads.map(({ index }) => index).filter(isSelected));
}

function told(list: readonly Diagnostic[]): readonly Diagnostic[] {
  return list.slice(0, maxTold);
}

function deniedToday({ edge, verdict }: Refused, skipped: boolean): Diagnostic {
  const reason = decidingReason(verdict);
  return diagnose(observedButDenied, {
    message: `${edgeText(edge)} was observed and is denied today${reason ? `: ${reason.text}` : ''}`,
    ...(reason?.span ? { span: reason.span } : {}),
    help: skipped ? 'it was left out' : 'leave it out with --skip-denied when nobody wants it',
  });
}

function refusedByProposal({ edge, verdict }: Refused): Diagnostic {
  return diagnose(replayFailed, {
    message: `line ${edge.line}: ${edgeText(edge)} is not allowed by the proposal: ${whyText(verdict)}`,
    help: 'do not apply the proposal',
  });
}

function whyText(verdict: Verdict): string {
  return decidingReason(verdict)?.text ?? verdict.outcome;
}

/** Returns e.g. `shop/web → shop/api TCP 8080`. */
export function edgeText({ source, destination, protocol, port }: Edge): string {
  return `${endpointText(source)} → ${endpointText(destination)} ${protocol} ${port}`;
}

function flowText({ source, destination, protocol, port }: ObservedFlow): string {
  return `${formatAddress(source)} → ${formatAddress(destination)} ${protocolText(protocol)} ${port}`;
}
