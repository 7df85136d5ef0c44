import type { Direction } from '../../flow/verdict.ts';
import { Mesh } from '../../segmentation/mesh/mesh.ts';
import type { Workload } from '../../segmentation/model.ts';
import { openPlan } from '../../segmentation/plan.ts';
import { Segmentation } from '../../segmentation/segmentation.ts';
import type { Declared } from '../posture.ts';
import type { ReachEnd } from './end.ts';
import { ReachMatrix, type ReachRow, ShownPorts } from './matrix.ts';
import { unseenPods, withUnseen } from './unseen.ts';

/** What pods that no manifest declares could do, as far as the declared controls tell. */
export interface Exposure {
  /** From unseen pods, and from outside, to workloads. */
  readonly ingress: readonly ReachRow[];
  /** From workloads to unseen pods, and to the outside. */
  readonly egress: readonly ReachRow[];
  /** Workloads that no policy isolates, with the direction. */
  readonly unprotected: readonly { readonly workload: Workload; readonly direction: Direction }[];
}

/** Any pod of any namespace. */
const anyPod: ReachEnd = { kind: 'unseen', text: 'any pod' };

/**
 * Returns what unseen pods and the outside could reach, and be reached from: per workload what holds for any pod of any
 * namespace, then what a selector of a policy opens beyond that to pods that are not declared. Only the workload's own
 * side is judged, since of the policies on unseen pods nothing is known.
 */
export function exposure(declared: Declared): Exposure {
  const { manifests, inventory, segmentation, mesh } = declared;
  const unseen = unseenPods(segmentation);
  const widened = withUnseen(inventory, unseen);
  const matrix = new ReachMatrix({
    ...declared,
    inventory: widened,
    segmentation: new Segmentation(widened, manifests.resources, {
      profile: segmentation.profile,
      ipBlockMatchesPods: segmentation.ipBlockScope,
    }),
    mesh: new Mesh(widened, manifests.resources, mesh.options),
  });
  const shown = new ShownPorts(matrix.answers, {});
  const result: Record<Direction, ReachRow[]> = { ingress: [], egress: [] };
  const unprotected: Exposure['unprotected'][number][] = [];
  const first = inventory.workloads.length;
  for (const workload of inventory.workloads) {
    if (workload.finished || workload.hostNetwork) continue;
    const end: ReachEnd = { kind: 'workload', workload };
    for (const direction of ['ingress', 'egress'] as const) {
      if (segmentation.plan(direction, workload.index) === openPlan)
        unprotected.push({ workload, direction });
      const add = (other: ReachEnd, answer: number) => {
        if (answer === matrix.answers.none) return;
        const [source, destination] = direction === 'ingress' ? [other, end] : [end, other];
        result[direction].push({ source, destination, ports: shown.of(answer) });
      };
      for (const { answer, external } of matrix.outside(direction, workload.index)) add(external, answer);
      const open = matrix.oneSide(direction, workload.index, first);
      add(anyPod, open);
      for (const [at, { text }] of unseen.entries()) {
        const answer = matrix.oneSide(direction, workload.index, first + at);
        // What any pod may, these may too.
        if (matrix.answers.either(answer, open) !== open) add({ kind: 'unseen', text }, answer);
      }
    }
  }
  return { ...result, unprotected };
}
