import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { Check } from '../definition.ts';
import { authorizationsOf } from './declared-mesh.ts';

/** A policy that is called a denial and that any other policy overrides. */
export const allowNothingNamedDeny: Check = {
  code: 'PKT1041',
  title: 'Denial that any ALLOW overrides',
  class: 'product',
  severity: 'note',
  since: '0.2.0',
  doc: `An AuthorizationPolicy with an empty spec is no denial: it is an ALLOW policy without rules. It closes what nothing else
opens, and every further ALLOW policy re-opens what that one matches. As a default that is right, and its usual name is
\`allow-nothing\`.

What must hold whatever else is deployed needs \`action: DENY\`: Istio evaluates DENY before ALLOW, so that no ALLOW can
override it.`,
  example: {
    bad: 'metadata: {name: deny-all}\nspec: {}',
    good: 'metadata: {name: allow-nothing}\nspec: {}',
  },
  run(declared) {
    return authorizationsOf(declared).flatMap(({ action, rules, source }) => {
      if (action !== 'ALLOW' || rules.length > 0 || !/deny|block|forbid/i.test(source.name)) return [];
      return [
        diagnose(allowNothingNamedDeny, {
          message: `\`${source.name}\` denies nothing by itself: it is an ALLOW policy without rules, and any other ALLOW overrides it`,
          span: source.at(['metadata', 'name']),
          help: 'call it `allow-nothing`; for a denial that nothing overrides write `action: DENY` with `rules: [{}]`',
        }),
      ];
    });
  },
};
