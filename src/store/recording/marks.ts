import type { RecordingEncoder } from '../../event/recording/encoder.ts';
import type { ContainerRecord } from '../../event/state/container.ts';

const maxContainers = 1000;

/** What a recording must say beside its events, whatever becomes of the chunk that says it first. */
export class Marks {
  /** Events that the sensor lost, by the name of their type. */
  readonly before = new Map<string, number>();
  /** Events that the recorder lost. */
  readonly recorder = new Map<string, number>();
  readonly containers: ContainerRecord[] = [];

  get isEmpty(): boolean {
    return this.before.size + this.recorder.size + this.containers.length === 0;
  }

  /** Takes over those of a chunk that came to nothing. */
  add({ before, recorder, containers }: Marks): void {
    addCounts(this.before, before);
    addCounts(this.recorder, recorder);
    // Every segment begins with all containers, so that those that are too many are told later.
    if (this.containers.length + containers.length <= maxContainers) this.containers.push(...containers);
  }

  write(encoder: RecordingEncoder): void {
    if (this.before.size > 0) encoder.lost('before', this.before);
    if (this.recorder.size > 0) encoder.lost('recorder', this.recorder);
    for (const container of this.containers) encoder.container(container);
  }
}

/** Adds counts to others. */
export function addCounts(to: Map<string, number>, more: ReadonlyMap<string, number>): void {
  for (const [name, count] of more) to.set(name, (to.get(name) ?? 0) + count);
}
