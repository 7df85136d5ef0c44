import type { Check } from '../definition.ts';
import { allowNothingNamedDeny } from './allow-nothing-named-deny.ts';
import { egressWithoutIstiod } from './egress-without-istiod.ts';
import { meshCoversPart } from './mesh-covers-part.ts';
import { meshNotShown } from './mesh-not-shown.ts';
import { nothingAllowed } from './nothing-allowed.ts';
import { oldApiVersion } from './old-api-version.ts';
import { policyAllowsInVain } from './policy-allows-in-vain.ts';
import { strictRefusesClient } from './strict-refuses-client.ts';

/** Checks over the service mesh, and over what NetworkPolicies and the mesh say of the same pods. */
export const meshChecks: readonly Check[] = [
  nothingAllowed,
  allowNothingNamedDeny,
  strictRefusesClient,
  policyAllowsInVain,
  meshCoversPart,
  oldApiVersion,
  meshNotShown,
  egressWithoutIstiod,
];
