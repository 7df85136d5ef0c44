import { visible } from '../../../diagnostic/render/cells.ts';
import { type Bundles, bundle } from './bundle.ts';
import { withoutNamespace } from './ends.ts';
import type { Group, ReachModel } from './model.ts';
import type { GraphEdge, GraphNode, Line, ReachGraph } from './picture.ts';

/** Arrows that are drawn one by one; of more, those that share all of a namespace or of the cluster are joined. */
const maxSingle = 30;
/** Members that a group's box and its title name. */
const named = { box: 3, title: 40 };
/** Longest text in a box, in characters. */
const longest = 30;

/** Returns the boxes and arrows of a picture of the model. */
export function graphOf(model: ReachModel): ReachGraph {
  const arrows = model.links.flatMap(({ source, destination, answer }) =>
    (['allow', 'unknown'] as const)
      .filter((outcome) => answer.text[outcome] !== '')
      .map((outcome) => ({ source, destination, outcome, ports: answer.text[outcome], both: false })),
  );
  const bundled: Bundles = arrows.length > maxSingle ? bundle(arrows, model.groups) : { arrows, hubs: [] };
  const among = Map.groupBy(
    bundled.arrows.filter(({ source, destination }) => source === destination),
    ({ source }) => source,
  );
  const details = (id: number) =>
    (among.get(id) ?? []).map(({ outcome, ports }) => `↻ ${portsLabel(outcome, ports)}`);
  return {
    nodes: [
      ...model.groups.map((group) => groupNode(group, details(group.index))),
      ...bundled.hubs.map(({ id, namespace, groups }): GraphNode => {
        const count = groups.reduce((sum, index) => sum + (model.groups[index]?.members.length ?? 0), 0);
        const text =
          namespace === undefined ? `every workload (${count})` : `all of ${visible(namespace)} (${count})`;
        return { id, kind: 'all', namespace, title: text, groups, lines: linesOf(text, details(id)) };
      }),
    ],
    edges: paired(bundled.arrows.filter(({ source, destination }) => source !== destination)),
  };
}

/** Joins two arrows that say the same in both directions. */
function paired(arrows: readonly GraphEdge[]): GraphEdge[] {
  const byEnds = new Map<string, GraphEdge>();
  for (const arrow of arrows) {
    const { source, destination, outcome, ports } = arrow;
    const back = `${destination} ${source} ${outcome} ${ports}`;
    const counterpart = byEnds.get(back);
    if (counterpart === undefined) byEnds.set(`${source} ${destination} ${outcome} ${ports}`, arrow);
    else byEnds.set(back, { ...counterpart, both: true });
  }
  return [...byEnds.values()];
}

/** Returns what an arrow says; what is not known is marked. */
export function portsLabel(outcome: GraphEdge['outcome'], ports: string): string {
  return outcome === 'unknown' ? `? ${ports}` : ports;
}

function groupNode({ index, members, kind, namespace }: Group, details: readonly string[]): GraphNode {
  const names = members.map(({ id }) => visible(withoutNamespace(id, namespace)));
  const rest = (shown: number) => (names.length > shown ? [`and ${names.length - shown} more`] : []);
  const noun = { workload: 'workloads', external: 'networks', entry: 'ways in', unseen: 'undeclared' }[kind];
  const [only = ''] = names;
  const below =
    members.length > 1
      ? [...names.slice(0, named.box), ...rest(named.box)]
      : [
          {
            workload: members[0]?.workloadKind ?? '',
            external: 'outside',
            entry: 'way in',
            unseen: 'not declared',
          }[kind],
        ];
  return {
    id: index,
    kind,
    namespace,
    groups: [index],
    title: [...names.slice(0, named.title), ...rest(named.title)].join(', '),
    lines: linesOf(members.length > 1 ? `${names.length} ${noun}` : only, [...below, ...details]),
  };
}

function linesOf(name: string, details: readonly string[]): Line[] {
  return [
    { text: shorten(name, longest), role: 'name' },
    ...details.filter(Boolean).map((text) => ({ text: shorten(text, longest), role: 'detail' as const })),
  ];
}

/** Returns the text, or as much of it as fits with dots at its end. */
export function shorten(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`;
}
