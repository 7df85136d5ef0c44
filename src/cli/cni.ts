import { networkPlugins } from '../manifest/site.ts';
import { cniProfile } from '../segmentation/profile.ts';
import type { SegmentationOptions } from '../segmentation/segmentation.ts';
import type { Invocation, OptionDefinition } from './command.ts';

/** The option that names the network plugin of the cluster, for what the API leaves to it. */
export const cniOption: OptionDefinition = {
  flags: '--cni <name>',
  description:
    'network plugin, before `cni` of the site file; kubernetes (else) stands for any: what the API leaves to plugins is then not known (whether ipBlock means pods)',
  choices: networkPlugins,
};

/** Returns what is known of the network plugin that the user named. */
export function cniOf({ cni }: Invocation['options']): SegmentationOptions {
  const name = networkPlugins.find((plugin) => plugin === cni);
  return name === undefined ? {} : { profile: cniProfile(name) };
}
