import { ingressNginx } from '../../../product/ingress-nginx.ts';
import { type NginxConfig, namesSettings } from '../../controls/nginx.ts';
import type { Declared } from '../../posture.ts';

/** Returns the ConfigMaps that are, or are meant to be, settings of ingress-nginx; one that pods use is neither. */
export function settingsOf(declared: Declared): NginxConfig[] {
  const { nginxConfigs, consumption } = declared.controls;
  const isRead = readTest(declared);
  return nginxConfigs.filter((config) => isRead(config) || consumption.usesOf(config.object).length === 0);
}

/** Returns the settings that a controller reads, declared or installed as the project's manifests do it. */
export function readSettings(declared: Declared): NginxConfig[] {
  return declared.controls.nginxConfigs.filter(readTest(declared));
}

/** Returns the settings that nothing reads. */
export function unreadSettings(declared: Declared): NginxConfig[] {
  const isRead = readTest(declared);
  return settingsOf(declared).filter((config) => !isRead(config));
}

/** A controller reads the ConfigMap that it names; where the set shows none that does, the one of the project's manifests or chart. */
function readTest({ controls }: Declared): (config: NginxConfig) => boolean {
  const isNamed = controls.consumption.uses.some(namesSettings);
  return ({ object, isDefault, readBy }) => {
    if (readBy.length > 0 || isNamed) return readBy.length > 0;
    return (
      isDefault ||
      object.name.endsWith(`-${ingressNginx.configMapSuffix}`) ||
      object.source.labels['app.kubernetes.io/name'] === 'ingress-nginx'
    );
  };
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
