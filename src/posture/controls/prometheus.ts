import type { Span } from '../../diagnostic/diagnostic.ts';
import type { Path } from '../../manifest/resource.ts';
import { type Fields, fieldAt, fieldsOf, listOf, textOf } from '../../segmentation/values.ts';
import { type YamlFile, yamlFiles } from './config-file.ts';
import type { DataObject } from './data-object.ts';
import { type Placed, placed } from './placed.ts';

/** A Prometheus configuration. Whatever has no field here is asked of its document. */
export interface PrometheusConfig extends YamlFile {
  readonly jobs: readonly ScrapeJob[];
  readonly ruleFiles: readonly Placed<string>[];
  /** Whether alerts go anywhere: `alerting.alertmanagers` has items. */
  readonly hasAlertmanagers: boolean;
}

/** One item of `scrape_configs`, with what `global` gives where the job says nothing. */
export interface ScrapeJob {
  readonly name: Placed<string> | undefined;
  readonly targets: readonly Placed<ScrapeTarget>[];
  /** Service discovery: `kubernetes` for `kubernetes_sd_configs`. */
  readonly discovery: readonly Placed<Discovery>[];
  /** `http` when neither the job says otherwise. */
  readonly scheme: Placed<string> | undefined;
  /** `/metrics` when the job does not say. */
  readonly metricsPath: Placed<string> | undefined;
  /** Of the job, else of `global`; 1m when neither says. */
  readonly interval: Placed<string> | undefined;
  readonly hasTls: boolean;
  /** basic_auth, authorization, oauth2 or a bearer token. */
  readonly hasAuthentication: boolean;
  /** In the document. */
  readonly path: Path;
  readonly span: Span;
}

/** A static target as written, and its parts. */
export interface ScrapeTarget {
  readonly text: string;
  readonly host: string;
  /** Undefined when none is written: then 80, or 443 with https. */
  readonly port: number | undefined;
}

export interface Discovery {
  /** The mechanism without `_sd_configs`. */
  readonly kind: string;
  /** Of Kubernetes discovery: node, service, pod, endpoints, endpointslice or ingress. */
  readonly role: string | undefined;
}

const names = new Set(['prometheus.yml', 'prometheus.yaml']);
const HINT = /^scrape_configs:/m;

/** Returns the Prometheus configurations: keys of the usual names, and others with `scrape_configs`. */
export function readPrometheusConfigs(objects: readonly DataObject[]): PrometheusConfig[] {
  return yamlFiles(objects, names, HINT).map((file) => {
    const fields = fieldsOf(file.document.value);
    const rules = listOf(fields.rule_files).flatMap((value, index) =>
      typeof value === 'string' ? [placed(file.document, ['rule_files', index], value)] : [],
    );
    return {
      ...file,
      jobs: listOf(fields.scrape_configs).map((job, index) => jobOf(file, fieldsOf(job), index)),
      ruleFiles: rules,
      hasAlertmanagers: listOf(fieldAt(fields.alerting, 'alertmanagers')).length > 0,
    };
  });
}

function jobOf({ document }: YamlFile, fields: Fields, index: number): ScrapeJob {
  const path: Path = ['scrape_configs', index];
  const text = (key: string): Placed<string> | undefined => {
    const value = textOf(fields[key]);
    return value === undefined ? undefined : placed(document, [...path, key], value);
  };
  const globalInterval = textOf(fieldAt(document.value, 'global', 'scrape_interval'));
  return {
    name: text('job_name'),
    targets: listOf(fields.static_configs).flatMap((config, at) =>
      listOf(fieldsOf(config).targets).flatMap((target, item) =>
        typeof target === 'string'
          ? [placed(document, [...path, 'static_configs', at, 'targets', item], targetOf(target))]
          : [],
      ),
    ),
    discovery: Object.keys(fields).flatMap((key) => {
      if (!key.endsWith('_sd_configs')) return [];
      return listOf(fields[key]).map((config, item) => {
        const found = { kind: key.slice(0, -'_sd_configs'.length), role: textOf(fieldsOf(config).role) };
        return placed<Discovery>(document, [...path, key, item], found);
      });
    }),
    scheme: text('scheme'),
    metricsPath: text('metrics_path'),
    interval:
      text('scrape_interval') ??
      (globalInterval === undefined
        ? undefined
        : placed(document, ['global', 'scrape_interval'], globalInterval)),
    hasTls: Object.hasOwn(fields, 'tls_config'),
    hasAuthentication: [
      'basic_auth',
      'authorization',
      'oauth2',
      'bearer_token',
      'bearer_token_file',
      'sigv4',
    ].some((key) => Object.hasOwn(fields, key)),
    path,
    span: document.at(path),
  };
}

/** `host:port`, `[v6]:port` or `host` (Prometheus, `<static_config>`). */
function targetOf(text: string): ScrapeTarget {
  const colon = text.lastIndexOf(':');
  const digits = colon > text.lastIndexOf(']') ? text.slice(colon + 1) : '';
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : undefined;
  const host = (port === undefined ? text : text.slice(0, colon)).replace(/^\[(.*)\]$/, '$1');
  return { text, host, port };
}
