/** How true to what happens: wholly, in part (some events lack it, or it tells less), or not at all. */
export type Level = 'full' | 'partial' | 'none';

/** What a source of system events can give. */
export interface Capabilities {
  /** E.g. `bpf`. */
  readonly id: string;
  /** How far events of a type are given. */
  type(name: string): Level;
  /** How far a field is given in events of a type that is. What such an event has not by its nature is given. */
  field(type: string, name: string, argument: string | undefined): Level;
}
