import { type FlowLogFormat, header, type LogReader, type LogResult, problem, skipped } from './flow-log.ts';
import { flowFromConn } from './zeek-conn.ts';

/** Fields without which a record is no connection. */
const needed = ['ts', 'id.orig_h', 'id.resp_h'];
/** Columns of a header that are looked at. */
const maxFields = 256;

class ZeekReader implements LogReader {
  #separator = '\t';
  #unset = '-';
  #empty = '(empty)';
  #path = 'conn';
  #index: ReadonlyMap<string, number> = new Map();
  /** How many fields a whole record has at least. */
  #width = 0;
  #values: string[] = [];

  readonly #field = (name: string): string | undefined => {
    const at = this.#index.get(name);
    if (at === undefined) return undefined;
    const value = this.#values[at];
    if (value === this.#unset) return undefined;
    if (value === this.#empty) return '';
    return value?.includes('\\x') ? unescaped(value) : value;
  };

  read(record: unknown, place: { readonly name: string; readonly number: number }): LogResult {
    const line = record as string;
    if (line.startsWith('#')) return this.#header(line);
    if (this.#path !== 'conn') return skipped('of another log of Zeek');
    if (this.#index.size === 0) return problem('before any #fields');
    this.#values = line.split(this.#separator);
    if (this.#values.length < this.#width) return problem('fewer fields than #fields names');
    return flowFromConn(this.#field, place);
  }

  #header(line: string): LogResult {
    // The line that names the separator has a blank itself; all others are separated by what it names.
    if (line.startsWith('#separator ')) {
      this.#separator = unescaped(line.slice('#separator '.length)) || '\t';
      return header;
    }
    const [name = '', ...values] = line.slice(1).split(this.#separator, maxFields);
    const value = values[0];
    if (name === 'unset_field' && value !== undefined) this.#unset = unescaped(value);
    else if (name === 'empty_field' && value !== undefined) this.#empty = unescaped(value);
    else if (name === 'path' && value !== undefined) this.#path = value;
    else if (name === 'fields') {
      this.#index = new Map(values.map((field, at) => [field, at]));
      this.#width = values.length;
      if (this.#path === 'conn' && needed.some((field) => !this.#index.has(field))) {
        this.#index = new Map();
        return problem('#fields without ts, id.orig_h or id.resp_h');
      }
    }
    return header;
  }
}

/** Takes `\x09` and the like for the bytes they mean, as Zeek's ASCII writer escapes them. */
function unescaped(text: string): string {
  return text.replace(/\\x([0-9a-fA-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** Zeek's conn.log with tabs (or what its header says), fields in any order. */
export const zeekTsv: FlowLogFormat = {
  id: 'zeek',
  title: 'Zeek conn.log',
  form: 'line',
  recognizes: (record) =>
    typeof record === 'string' && /^#(separator|fields|path|set_separator)\b/.test(record),
  open: () => new ZeekReader(),
};
