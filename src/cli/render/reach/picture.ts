import type { Group } from './model.ts';

/** A line of text in a box. */
export interface Line {
  readonly text: string;
  readonly role: 'name' | 'detail';
}

/** A box of the picture: a group, or all groups of a namespace or of the cluster as one end of an arrow. */
export interface GraphNode {
  readonly id: number;
  readonly kind: Group['kind'] | 'all';
  readonly namespace: string | undefined;
  readonly lines: readonly Line[];
  /** The whole of what the lines cut short. */
  readonly title: string;
  /** Indexes of the groups it stands for. */
  readonly groups: readonly number[];
}

/** An arrow of the picture. */
export interface GraphEdge {
  readonly source: number;
  readonly destination: number;
  readonly outcome: 'allow' | 'unknown';
  readonly ports: string;
  /** Whether the same holds the other way round. */
  readonly both: boolean;
}

export interface ReachGraph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A rectangle by its centre; lengths are CSS pixels. */
export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

export interface PlacedNode extends Box {
  readonly node: GraphNode;
}

export interface PlacedEdge {
  readonly edge: GraphEdge;
  readonly points: readonly Point[];
  readonly label: Box & { readonly text: string };
}

export interface PlacedNamespace extends Box {
  /** As much of the name as there is room for. */
  readonly title: Box & { readonly text: string };
}

/** A graph with a place for everything. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
  readonly namespaces: readonly PlacedNamespace[];
}

/** Width of a column in a font of 12 px and of 10.5 px: the widest common monospace fonts take 0.61 em. */
export const column = { name: 7.35, detail: 6.45 } as const;
export const lineHeight = 16;
