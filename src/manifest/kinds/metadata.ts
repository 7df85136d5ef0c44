import { z } from 'zod';
import { missingName } from '../codes.ts';
import {
  annotations,
  breach,
  flag,
  integer,
  labels,
  listOf,
  opaque,
  optional,
  required,
  requireFields,
  text,
  textThat,
  time,
} from './fields.ts';
import { dnsLabelProblem, dnsSubdomainProblem } from './syntax.ts';

/** Fields of ObjectMeta besides the name (Kubernetes API, meta/v1). */
const common = () => ({
  generateName: text(),
  namespace: optional(textThat(dnsLabelProblem)),
  labels: optional(labels()),
  annotations: optional(annotations()),
  uid: text(),
  resourceVersion: text(),
  generation: integer(),
  creationTimestamp: time(),
  deletionTimestamp: time(),
  deletionGracePeriodSeconds: integer(),
  ownerReferences: listOf(
    z
      .object({
        apiVersion: required(z.string()),
        kind: required(z.string()),
        name: z.string(),
        uid: text(),
        controller: flag(),
        blockOwnerDeletion: flag(),
      })
      .superRefine(requireFields('apiVersion', 'kind')),
  ),
  finalizers: listOf(z.string()),
  managedFields: listOf(z.looseObject({})),
  selfLink: text(),
});

/** metadata of an object whose name follows `nameProblem`. */
export const metadata = (nameProblem = dnsSubdomainProblem) =>
  z
    .object({ name: optional(textThat(nameProblem)), ...common() })
    .superRefine(({ name, generateName }, context) => {
      if (!name && !generateName) breach(context, { code: missingName }, [], 'an object needs a `name`');
    });

/** metadata of a template, where the name is of no use. */
export const templateMetadata = () => z.object({ name: text(), ...common() });

/** An object's first fields. */
export const typeMeta = () => ({ apiVersion: z.string(), kind: z.string() });

/** `status`: written by the cluster, not looked into. */
export const status = opaque;
