/** What a product's setting takes. Lists are comma-separated unless their product says otherwise. */
export type ValueType =
  | 'boolean'
  | 'integer'
  | 'number'
  | 'text'
  | 'list'
  | 'cidr-list'
  /** A size such as `8k` or `1m`. */
  | 'size'
  /** A time such as `10m` or `600s`. */
  | 'duration'
  /** Lines of another program's configuration. */
  | 'snippet';

/** One setting of a product: a key of its configuration or an annotation that it reads. */
export interface Setting {
  readonly name: string;
  readonly type: ValueType;
  /** As it would be written; absent when there is none, or it depends on the machine. */
  readonly default?: string;
  /** The only values that have a meaning. */
  readonly values?: readonly string[];
  /** Another name of the same setting. */
  readonly alias?: string;
  /** Still read, but announced to go. */
  readonly deprecated?: string;
}

/** A setting that current releases do not read any more. */
export interface RemovedSetting {
  readonly name: string;
  /** First release without it; absent when it went before any release that is still in use. */
  readonly release?: string;
  /** What to use instead, as an imperative sentence; absent when there is nothing. */
  readonly instead?: string;
}

/** A row of a table of settings. */
export type SettingRow = readonly [
  name: string,
  type: ValueType,
  more?: string | Omit<Setting, 'name' | 'type'>,
];

/** Returns the settings of a table's rows; a text as third member is the default. */
export function settingsOf(rows: readonly SettingRow[]): Setting[] {
  return rows.map(([name, type, more]) => ({
    name,
    type,
    ...(typeof more === 'string' ? { default: more } : more),
  }));
}

/** Returns the settings of a table by name. */
export function byName<T extends { readonly name: string }>(settings: readonly T[]): ReadonlyMap<string, T> {
  return new Map(settings.map((setting) => [setting.name, setting]));
}

/** Returns whether the text is a value of the type, as Go's `strconv` and nginx read values. Lists are not looked into. */
export function isOfType(type: ValueType, text: string): boolean {
  switch (type) {
    case 'boolean':
      return /^(?:1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(text);
    case 'integer':
      return /^[-+]?\d+$/.test(text);
    case 'number':
      return /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)$/.test(text);
    case 'size':
      return /^\d+[kKmMgG]?$/.test(text);
    case 'duration':
      return text !== '' && /^(?:\d+(?:ms|[smhdwMy]) ?)*\d*$/.test(text);
    default:
      return true;
  }
}
