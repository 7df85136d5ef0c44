import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Falco's own rules, captures and regression cases. */
export const falcoData: string = join(
  process.env.PICKET_SHARED ?? join(import.meta.dirname, '../../../../shared'),
  'data/falco',
);
const folder = join(falcoData, 'regression');

/** What a case expects of the validation of its files. */
export interface ExpectedFinding {
  readonly item_type: string;
  readonly item_name: string;
  readonly code: string;
  readonly message?: string;
  readonly message_contains?: string;
}

/** A case of Falco 0.34.1's regression suite, as far as it is looked at here. */
export interface RegressionCase {
  readonly detect?: boolean;
  readonly detect_level?: string | readonly string[];
  readonly detect_counts?: readonly Readonly<Record<string, number>>[];
  readonly rules_file?: readonly string[] | string;
  readonly rules_warning?: readonly string[];
  readonly trace_file?: string;
  /** In place of it, a log of audit events. */
  readonly input?: string;
  readonly validate_rules_file?: readonly string[] | string;
  readonly validate_errors?: readonly ExpectedFinding[];
  readonly validate_warnings?: readonly ExpectedFinding[];
  readonly validate_ok?: readonly string[];
  readonly exit_status?: number;
  readonly stdout_contains?: string;
  readonly json_output?: boolean;
  readonly json_include_output_property?: boolean;
  readonly time_iso_8601?: boolean;
  readonly output_strictly_contains?: readonly { readonly stdout: string }[];
  readonly run_tags?: readonly string[];
  readonly disable_tags?: readonly string[];
  readonly disabled_rules?: readonly string[];
  readonly priority?: string;
  readonly enable_source?: unknown;
  readonly conf_file?: string;
}

/** Every case by its name; none where the data is not there. */
export const regressionCases: Readonly<Record<string, RegressionCase>> = existsSync(
  join(folder, 'cases.json'),
)
  ? JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8'))
  : {};

export function regressionPath(name: string): string {
  return join(folder, name);
}

export function listed<T>(value: readonly T[] | T | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value as T];
}

/** Rules of Kubernetes audit events that are called otherwise today. */
const renamedRules: Readonly<Record<string, readonly string[]>> = {
  'K8s Role/Clusterrole Created': ['K8s Role Created', 'K8s ClusterRole Created'],
  'K8s Role/Clusterrole Deleted': ['K8s Role Deleted', 'K8s ClusterRole Deleted'],
  'K8s Role/Clusterrolebinding Created': ['K8s RoleBinding Created', 'K8s ClusterRoleBinding Created'],
  'K8s Role/Clusterrolebinding Deleted': ['K8s RoleBinding Deleted', 'K8s ClusterRoleBinding Deleted'],
};

/** What a rule that a case names is called today. */
export function namesToday(rule: string): readonly string[] {
  return renamedRules[rule] ?? [rule];
}
