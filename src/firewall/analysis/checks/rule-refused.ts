import { diagnose } from '../../../diagnostic/diagnostic.ts';
import type { FirewallCheck } from '../definition.ts';

/** A rule that iptables or nft refuses. */
export const ruleRefused: FirewallCheck = {
  code: 'PKT1238',
  title: 'Rule that is refused',
  class: 'schema',
  severity: 'error',
  since: '0.2.0',
  doc: `iptables or nft does not take this: an option that does not exist or lacks its module, a value that is none, a chain that is not
there. The command fails, and its rule is not set. In a file for \`iptables-restore\` or \`nft -f\` nothing of the file is set then; in a
script without \`set -e\` the other commands go on, and what drops comes into force without what accepts.`,
  example: {
    bad: 'iptables -A INPUT --dport 22 -j ACCEPT',
    good: 'iptables -A INPUT -p tcp --dport 22 -j ACCEPT',
  },
  run({ problems, span }) {
    return problems.map(({ at, message, help }) =>
      diagnose(ruleRefused, {
        message: `this is refused: ${message}`,
        span: span(at),
        help:
          help ?? 'mend it; `iptables-restore --test` and `nft -c -f` try a file without setting anything',
      }),
    );
  },
};
