import type { DeclaredHostFirewall } from '../firewall/host-firewall/declared.ts';
import type { Identity } from '../flow/flow.ts';
import type { Reason, Verdict } from '../flow/verdict.ts';
import type { ManifestSet } from '../manifest/resource.ts';
import type { SiteHost } from '../manifest/site.ts';
import type { Address } from '../net/address.ts';
import type { Entry } from '../segmentation/entry/model.ts';
import type { Mesh } from '../segmentation/mesh/mesh.ts';
import type { Inventory } from '../segmentation/model.ts';
import type { CniProfile } from '../segmentation/profile.ts';
import type { Segmentation } from '../segmentation/segmentation.ts';
import type { AddressBook } from './address-book.ts';
import type { Controls } from './controls/controls.ts';

/** One connection as it is seen on the wire or in the kernel. `protocol` is an IP protocol number. */
export interface Connection {
  readonly source: Address;
  readonly destination: Address;
  readonly protocol: number;
  /** Port of the destination. */
  readonly port: number;
}

/** Everything declared in one set of manifests, compiled. Immutable. */
export interface Declared {
  readonly manifests: ManifestSet;
  readonly inventory: Inventory;
  /** The network plugin, when a flag or the site file names it. */
  readonly networkPlugin: CniProfile | undefined;
  readonly segmentation: Segmentation;
  readonly mesh: Mesh;
  readonly controls: Controls;
  /** Every way in from outside the cluster. */
  readonly entries: readonly Entry[];
  readonly hosts: readonly SiteHost[];
  /** Packet filters that are declared as such; what workloads put onto machines is among the controls. */
  readonly hostFirewalls: readonly DeclaredHostFirewall[];
  readonly addresses: AddressBook;
}

/** How much is declared, and how many problems were found reading it: what is wrong there makes verdicts unknown. */
export interface PostureCounts {
  readonly files: number;
  readonly workloads: number;
  readonly policies: number;
  readonly hosts: number;
  readonly errors: number;
  readonly warnings: number;
}

/** What is declared, with the questions that running code asks of it. */
export interface Posture extends Declared {
  readonly counts: PostureCounts;
  /** Connections whose cached verdict another one has pushed out. */
  readonly cacheReplaced: number;
  /** Returns the name of what has this address. */
  identify(address: Address): Identity;
  /** Returns what all declared controls say of the connection, each with its reason. */
  judge(connection: Connection): Verdict;
  /** Returns what declares that the connection must be encrypted; undefined where nothing does for certain. */
  encryptionOf(connection: Connection): Reason | undefined;
}
