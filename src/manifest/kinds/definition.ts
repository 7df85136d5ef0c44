import type { z } from 'zod';
import type { Resource } from '../resource.ts';

/** What Picket knows of one kind of Kubernetes object. */
export interface KindDefinition<T = unknown> {
  readonly kind: string;
  /** The versions a current cluster serves, the preferred one first. */
  readonly apiVersions: readonly [string, ...string[]];
  /** Versions that were served once, and the Kubernetes release that ended it. */
  readonly removed?: Readonly<Record<string, string>>;
  readonly namespaced: boolean;
  /** Built on first use: most runs need few kinds. */
  readonly schema: () => z.ZodType<T>;
}

/** The type of the values that a kind's schema accepts. */
export type ValueOf<D extends { readonly schema: () => z.ZodType }> = z.infer<ReturnType<D['schema']>>;

/** Whether `resource` is a valid object of this kind, under one of its served versions. */
export function isKind<T>(resource: Resource, definition: KindDefinition<T>): resource is Resource<T> {
  return (
    resource.kind === definition.kind &&
    resource.schema === 'valid' &&
    definition.apiVersions.includes(resource.apiVersion)
  );
}

/** Returns a function that calls `build` once and hands out the same result ever after. */
export function once<T>(build: () => T): () => T {
  let built: { readonly value: T } | undefined;
  return () => {
    built ??= { value: build() };
    return built.value;
  };
}
