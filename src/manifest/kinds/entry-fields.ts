import { z } from 'zod';
import type { CodeDefinition } from '../../diagnostic/diagnostic.ts';
import { parseAddress } from '../../net/address.ts';
import { entryHost, tooManyItems } from '../codes.ts';
import { breach, optional, textThat } from './fields.ts';
import { dnsSubdomainProblem } from './syntax.ts';

/** What is wrong with a host name that may have a wildcard as its first label. */
export function hostProblem(host: string): string | undefined {
  if (parseAddress(host)) return 'must be a name, not an address';
  if (/:\d+$/.test(host)) return 'must have no port';
  return dnsSubdomainProblem(host.startsWith('*.') ? host.slice(2) : host);
}

/** A host name, perhaps with a wildcard; an empty one counts as absent. */
export const hostName = () => textThat((host) => (host === '' ? undefined : hostProblem(host)), entryHost);

/** What is wrong with a path in a rule on requests (networking/v1 Ingress and Gateway API validation alike). */
export function pathProblem(path: string): string | undefined {
  if (!path.startsWith('/')) return `\`${path}\` must begin with \`/\``;
  for (const part of ['//', '/./', '/../', '%2f', '%2F']) {
    if (path.includes(part)) return `\`${path}\` must not contain \`${part}\``;
  }
  const end = ['/..', '/.'].find((one) => path.endsWith(one));
  return end === undefined ? undefined : `\`${path}\` must not end with \`${end}\``;
}

/** An optional list of at most `limit` items. */
export function listUpTo<T extends z.ZodType>(limit: number, schema: T) {
  return optional(
    z.array(schema).superRefine((items, context) => {
      if (items.length <= limit) return;
      const rule: { code: CodeDefinition; tolerated: boolean } = { code: tooManyItems, tolerated: true };
      breach(context, rule, [limit], `there are ${items.length} items, the API takes at most ${limit}`);
    }),
  );
}
