import { z } from 'zod';
import { checkOne, checkRange, items, rangeEnds } from './cluster-policy-fields.ts';
import { optional, portNumber, protocol } from './fields.ts';

const port = () =>
  z
    .object({
      portNumber: optional(z.object({ protocol: protocol(), port: portNumber() })),
      portRange: optional(z.object({ protocol: protocol(), ...rangeEnds() }).superRefine(checkRange)),
      namedPort: optional(z.string().min(1, { error: 'must not be empty' })),
    })
    .superRefine((value, context) => checkOne(value, context, 'an item of `ports`'));

/** `ports` of a rule of an AdminNetworkPolicy or BaselineAdminNetworkPolicy (v1alpha1, shared_types.go). */
export const adminPorts = () => optional(items(100, port()));
