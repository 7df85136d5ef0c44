import type { AlertOptions } from '../format/alert.ts';
import type { Priority } from '../rule-set.ts';
import type { Place } from './node.ts';

/** One entry of `rules`: switches rules of a name (a glob) or a tag. Later ones win. */
export interface RuleSelection {
  readonly action: 'enable' | 'disable';
  readonly rule?: string;
  readonly tag?: string;
  readonly place: Place;
}

/** One entry of `append_output`. */
export interface OutputAppend {
  /** All that are given must hold; a rule must have all the tags. */
  readonly match: { readonly rule?: string; readonly source?: string; readonly tags: readonly string[] };
  readonly extraOutput?: string;
  /** `format`: an output whose text is the value; without one, the field's own value. */
  readonly extraFields: readonly { readonly name: string; readonly format?: string }[];
  readonly place: Place;
}

export interface HttpSettings {
  readonly url: string;
  readonly userAgent: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly insecure: boolean;
  /** Files and a folder of certificates to trust. */
  readonly caCert?: string;
  readonly caBundle?: string;
  readonly caPath?: string;
  /** Files, with `mtls`. */
  readonly client?: { readonly cert: string; readonly key: string };
  readonly echo: boolean;
  readonly compressUploads: boolean;
  readonly keepAlive: boolean;
}

export type SyslogSettings =
  | { readonly protocol: 'unix'; readonly path?: string }
  | { readonly protocol: 'udp' | 'tcp'; readonly host: string; readonly port: number };

/** Outputs that are enabled. */
export interface OutputSettings {
  readonly stdout: boolean;
  readonly file?: { readonly filename: string; readonly keepAlive: boolean };
  readonly program?: { readonly program: string; readonly keepAlive: boolean };
  readonly syslog?: SyslogSettings;
  readonly http?: HttpSettings;
  /** The removed `outputs`. */
  readonly throttle?: { readonly rate: number; readonly maxBurst: number };
}

/** One entry of `rules_files`: a file, or a folder. */
export interface RulesFile {
  readonly path: string;
  readonly place: Place;
}

/** A configuration as Picket takes it; everything has a value. */
export interface FalcoSettings {
  /** Files and folders in order; of folders, files that end in .yaml or .yml, sorted, one level deep. */
  readonly rulesFiles: readonly RulesFile[];
  readonly selections: readonly RuleSelection[];
  /** Rules of lower priority are not loaded. */
  readonly priority: Priority;
  readonly matching: 'first' | 'all';
  readonly alerts: AlertOptions;
  readonly bufferBase64: boolean;
  readonly appendOutput: readonly OutputAppend[];
  readonly staticFields: ReadonlyMap<string, string>;
  readonly outputs: OutputSettings;
  readonly engine: {
    readonly kind: 'modern_ebpf' | 'kmod' | 'replay' | 'nodriver';
    readonly captureFile?: string;
  };
  readonly baseSyscalls: {
    readonly customSet: readonly string[];
    readonly repair: boolean;
    readonly all: boolean;
  };
  readonly drops: {
    /** Part of all events, 0 to 1, from which on a loss is told. */
    readonly threshold: number;
    readonly actions: readonly string[];
    readonly rate: number;
    readonly maxBurst: number;
  };
  readonly webserver: {
    readonly enabled: boolean;
    readonly address: string;
    readonly port: number;
    readonly healthPath: string;
    readonly metrics: boolean;
    /** Of certificate and key, with `ssl_enabled`. */
    readonly certificate?: string;
  };
  readonly metrics: { readonly enabled: boolean; readonly interval: string; readonly outputRule: boolean };
}
