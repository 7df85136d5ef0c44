import type { CodeDefinition, Diagnostic } from '../../diagnostic/diagnostic.ts';
import type { FirewallSubject } from './subject.ts';

/** A check over the packet filter of one machine, whether manifests declare it or files hold it. */
export interface FirewallCheck extends CodeDefinition {
  run(subject: FirewallSubject): readonly Diagnostic[];
}
