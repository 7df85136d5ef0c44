import type { ScalarTag, Tags } from 'yaml';

/**
 * How Kubernetes reads plain scalars: sigs.k8s.io/yaml follows go-yaml v2, which keeps YAML 1.1's booleans and octal
 * numbers (`resolve.go`), but neither its base-60 numbers nor its dates. The library's core schema covers the rest.
 */
const BOOLEANS = /^(?:y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/;
const TRUE = /^(?:y|yes|true|on)$/i;
const BASED_INTEGER = /^[-+]?0(?:b[01_]+|o?[0-7_]+|x[0-9a-fA-F_]+)$/;
const UNDERSCORED_INTEGER = /^[-+]?[1-9][0-9]*(?:_[0-9]+)+$/;

const booleans: ScalarTag = {
  tag: 'tag:yaml.org,2002:bool',
  identify: (value) => typeof value === 'boolean',
  default: true,
  test: BOOLEANS,
  resolve: (text) => TRUE.test(text),
};

const basedIntegers: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  identify: () => false,
  default: true,
  format: 'BASED',
  test: BASED_INTEGER,
  resolve: (text) => {
    const digits = text.replaceAll('_', '').replace(/^[-+]/, '');
    const magnitude = Number(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
    return text.startsWith('-') ? -magnitude : magnitude;
  },
};

const underscoredIntegers: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  identify: () => false,
  default: true,
  test: UNDERSCORED_INTEGER,
  resolve: (text) => Number(text.replaceAll('_', '')),
};

/** The library's tags with Kubernetes' booleans and integers tried first. */
export function kubernetesTags(tags: Tags): Tags {
  return [booleans, basedIntegers, underscoredIntegers, ...tags];
}
