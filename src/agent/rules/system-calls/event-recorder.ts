import type { ContainerRecord } from '../../../event/state/container.ts';
import { snapshot } from '../../../event/state/snapshot.ts';
import type { SystemState } from '../../../event/state/system-state.ts';
import type { SystemEvent } from '../../../event/system-event.ts';
import {
  type MachineSnapshot,
  RecordingFile,
  type RecordingStatus,
} from '../../../store/recording/recording-file.ts';
import { version } from '../../version.ts';
import type { Accounts } from './accounts.ts';
import type { RecordRequest } from './messages.ts';

/** Containers that segments begin with; the oldest go. */
const maxContainers = 10_000;
const flushEveryMs = 1_000;

/** What is told of the machine beside its events. */
export interface RecordedMachineNames {
  readonly hostname: string;
  readonly users: Accounts;
  readonly groups: Accounts;
}

/** Records events with what rules were told of them, so that a replay says the same. */
export class EventRecorder {
  readonly #file: RecordingFile;
  /** Containers as they were told last. */
  readonly #containers = new Map<string, ContainerRecord>();
  #flushedAt = 0;

  /** Throws an Error with a message for the user where nothing can be written. */
  constructor(
    { path, maxBytes }: RecordRequest,
    state: SystemState,
    { hostname, users, groups }: RecordedMachineNames,
  ) {
    const named = (kind: 'user' | 'group', { all }: Accounts) =>
      [...all()].map(([id, name]) => ({ kind, id, name }));
    const now = (): MachineSnapshot => ({
      threads: snapshot(state),
      accounts: [...named('user', users), ...named('group', groups)],
      containers: this.#containers.values(),
    });
    this.#file = new RecordingFile({ path, maxBytes, hostname, writer: `picket ${version}`, snapshot: now });
  }

  /** To be called before an event is applied to the state: where a segment begins, it begins with the state before. */
  prepare(): void {
    this.#file.prepare();
  }

  /** Takes in an event that was applied, before rules are asked of it; `container` is what they are told of its container. */
  take({ raw, number }: SystemEvent, container: ContainerRecord | undefined): void {
    if (container !== undefined && this.#containers.get(container.id) !== container) {
      this.#containers.delete(container.id);
      if (this.#containers.size >= maxContainers)
        this.#containers.delete(this.#containers.keys().next().value as string);
      this.#containers.set(container.id, container);
      this.#file.container(container);
    }
    this.#file.event(raw, number);
  }

  /** Says that the kernel had no room for events, by type. */
  lost(counts: ReadonlyMap<string, number>): void {
    this.#file.lost(counts);
  }

  /** Hands on what was taken in, once a second. Not to be called while rules have yet to be asked of an event: a segment may begin. */
  flush(): void {
    const now = performance.now();
    if (now - this.#flushedAt < flushEveryMs) return;
    this.#flushedAt = now;
    this.#file.flush();
  }

  get status(): RecordingStatus {
    return this.#file.status();
  }

  /** Puts everything on the disk. Idempotent. */
  close(): Promise<void> {
    return this.#file.close();
  }
}
