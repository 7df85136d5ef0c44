import { ingressNginx } from '../../../product/ingress-nginx.ts';
import { type NginxConfig, namesSettings } from '../../controls/nginx.ts';
import type { Declared } from '../../posture.ts';

/** Returns the ConfigMaps that are, or are meant to be, settings of ingress-nginx; one that pods use is neither. */
export function settingsOf(declared: Declared): NginxConfig[] {
  const { nginxConfigs, consumption } = declared.controls;
  return nginxConfigs.filter(
    (config) => isRead(config, declared) || consumption.usesOf(config.object).length === 0,
  );
}

/** Returns the settings that a controller reads, declared or installed as the project's manifests do it. */
export function readSettings(declared: Declared): NginxConfig[] {
  return settingsOf(declared).filter((config) => isRead(config, declared));
}

/**
 * Returns whether a controller reads the ConfigMap: one that names it, or where the set shows no controller, one of the
 * project's own manifests or chart.
 */
export function isRead({ object, isDefault, readBy }: NginxConfig, declared: Declared): boolean {
  if (readBy.length > 0) return true;
  if (declared.controls.consumption.uses.some(namesSettings)) return false;
  return (
    isDefault ||
    object.name.endsWith(`-${ingressNginx.configMapSuffix}`) ||
    object.source.labels['app.kubernetes.io/name'] === 'ingress-nginx'
  );
}

/** Returns what the settings that are read say of a key; the last one when there are several. */
export function settingValue(declared: Declared, name: string): string | undefined {
  const settings = readSettings(declared).flatMap((config) => config.settings);
  return settings.findLast((setting) => setting.name === name)?.value;
}

/** Returns whether Go's `strconv.ParseBool` reads the text as true. */
export function isTrue(text: string | undefined): boolean {
  return text !== undefined && /^(?:1|t|T|TRUE|true|True)$/.test(text);
}

/** Returns whether another program fills in the value before it is applied. */
export function isTemplate(text: string): boolean {
  return /\$\{|\$\(|\{\{/.test(text);
}
