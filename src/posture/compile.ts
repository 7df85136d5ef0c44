import { declaredHostFirewalls } from '../firewall/host-firewall/declared.ts';
import type { Verdict } from '../flow/verdict.ts';
import type { ManifestSet } from '../manifest/resource.ts';
import { readEntries } from '../segmentation/entry/entries.ts';
import { readInventory } from '../segmentation/inventory.ts';
import { Mesh, type MeshOptions } from '../segmentation/mesh/mesh.ts';
import { cniProfile } from '../segmentation/profile.ts';
import { Segmentation, type SegmentationOptions } from '../segmentation/segmentation.ts';
import { AddressBook } from './address-book.ts';
import { readControls } from './controls/controls.ts';
import { encryptionOf } from './encryption.ts';
import { destinationOf, judge } from './judge.ts';
import type { Connection, Declared, Posture, PostureCounts } from './posture.ts';
import { peerRanges, readTunnels } from './tunnels.ts';
import { VerdictCache } from './verdict-cache.ts';

/** What manifests do not tell: the network plugin's ways, the mesh's configuration. */
export interface PostureOptions extends SegmentationOptions {
  readonly mesh?: MeshOptions;
}

/** Compiles what the manifests declare. Never throws on their content: what is faulty makes verdicts unknown. */
export function compilePosture(manifests: ManifestSet, options: PostureOptions = {}): Posture {
  const inventory = readInventory(manifests.resources);
  const hosts = manifests.site?.hosts ?? [];
  const named = manifests.site?.cni;
  const networkPlugin = options.profile ?? (named && cniProfile(named));
  const segmentation = new Segmentation(inventory, manifests.resources, {
    ...options,
    ...(networkPlugin && { profile: networkPlugin }),
  });
  const mesh = new Mesh(inventory, manifests.resources, options.mesh);
  const controls = readControls(manifests.resources, inventory);
  const addresses = new AddressBook(inventory, hosts, peerRanges(readTunnels(controls)));
  const entries = readEntries(manifests.resources, inventory);
  const declared: Declared = {
    manifests,
    inventory,
    networkPlugin,
    segmentation,
    mesh,
    controls,
    entries,
    hosts,
    hostFirewalls: declaredHostFirewalls(manifests),
    addresses,
  };
  const cache = new VerdictCache();
  const judgeAddresses = (connection: Connection): Verdict =>
    judge(declared, {
      source: addresses.endpoint(connection.source),
      destination: destinationOf(declared, connection),
      protocol: connection.protocol,
      port: connection.port,
    });
  return {
    ...declared,
    counts: countOf(declared),
    get cacheReplaced() {
      return cache.replaced;
    },
    identify: (address) => addresses.identify(address),
    judge: (connection) => cache.get(connection, judgeAddresses),
    encryptionOf: (connection) => encryptionOf(declared, connection),
  };
}

function countOf(declared: Declared): PostureCounts {
  const { manifests, inventory, segmentation, hosts } = declared;
  const having = (severity: string) =>
    manifests.diagnostics.filter((problem) => problem.severity === severity).length;
  return {
    files: manifests.counts.files,
    workloads: inventory.workloads.length,
    policies: segmentation.policies.length,
    hosts: hosts.length,
    errors: having('error'),
    warnings: having('warning'),
  };
}
