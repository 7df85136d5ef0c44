/** A port that a machine, or what runs on it, needs from outside itself. */
export interface PortNeed {
  readonly protocol: 'TCP' | 'UDP';
  readonly first: number;
  readonly last: number;
  /** What listens there, e.g. `kubelet`. */
  readonly service: string;
  /** Which machines have it. */
  readonly on: 'every node' | 'control plane' | 'depends';
  /** Who connects. */
  readonly from: 'cluster' | 'anyone' | 'monitoring' | 'network';
}
