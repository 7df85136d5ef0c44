import type { Address } from '../../net/address.ts';
import type { ContainerRecord } from './container.ts';
import type { Thread } from './thread.ts';

/** Names of users and groups, and the machine's own, given from outside. */
export interface Surroundings {
  userName(uid: number): string | undefined;
  groupName(gid: number): string | undefined;
  /** What is known of a container by its id. */
  container?(id: string): ContainerRecord | undefined;
  /** Names of the machine with this address, of those that rules ask for. */
  hostNames?(address: Address): readonly string[];
  readonly hostname?: string;
}

/** Threads, as fields ask for them. */
export interface ProcessTable {
  readonly surroundings: Surroundings;
  thread(tid: number): Thread | undefined;
  /** The thread that started the process of another one. */
  parentOf(thread: Thread): Thread | undefined;
  /** Parent, grandparent and so on. */
  ancestors(thread: Thread): Iterable<Thread>;
}
