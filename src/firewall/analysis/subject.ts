import type { Span } from '../../diagnostic/diagnostic.ts';
import type { Range } from '../../manifest/locations.ts';
import type { Family } from '../../net/address.ts';
import type { FirewallProblem, Ruleset } from '../ruleset.ts';
import type { FirewallCall, FirewallScript, FollowOptions, PlacedText } from '../script-text.ts';
import type { PortNeed } from './needs.ts';

/** A packet filter as checks see it: what texts declare, where they say it, and what is known of the machine. */
export interface FirewallSubject {
  readonly ruleset: Ruleset;
  /** Calls of programs that filter, in a script or a command; none in dumps and files for nft. */
  readonly calls: readonly FirewallCall[];
  /** The script that sets the rules. */
  readonly script?: SubjectScript;
  /** Returns what a second run leaves, of what runs again and finds the rules of its earlier runs; absent elsewhere. */
  secondRun?(): Pick<FirewallScript, 'ruleset' | 'opaque'>;
  /** All texts, with the offsets at which their places begin. */
  readonly texts: readonly PlacedText[];
  /** What is wrong with the rules, so that the program refuses them. */
  readonly problems: readonly FirewallProblem[];
  readonly machine: MachineFacts;
  /** Returns where a stretch of the text stands in the user's files. */
  span(at: Range): Span;
  /** Returns the text of a stretch. */
  text(at: Range): string;
  /** Returns what the user's file holds at a span, which may be written otherwise than the text is read (YAML). */
  written(span: Span): string | undefined;
}

/** The shell script of a packet filter. */
export interface SubjectScript {
  readonly text: string;
  /** It ends at the first command that fails (`set -e`). */
  readonly errexit: boolean;
  /** Follows it again from the beginning. */
  follow(options: FollowOptions): FirewallScript;
}

/** What is known of the machine beside its rules. */
export interface MachineFacts {
  /** The IP version in which the machines of the site speak to each other. */
  readonly family: Family;
  /** It is a node of a Kubernetes cluster. */
  readonly isClusterNode: boolean;
  /** The same rules are set on every node of the cluster. */
  readonly isEveryNode: boolean;
  /** Ports that machines may need. */
  readonly needs: readonly PortNeed[];
  /** Ports of TCP on which sshd is known to listen; absent where that is not known. */
  readonly logins?: readonly number[];
  /** Names of programs that are known to keep rules there. */
  readonly others: readonly string[];
  /** Other packet filters that come onto the same machine. */
  readonly beside: readonly Ruleset[];
  /** Policies isolate every pod, so that what is forwarded to pods is filtered there. */
  readonly arePodsIsolated: boolean;
}
