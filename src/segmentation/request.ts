/** What is known of an HTTP request. An absent field is not known: rules that ask for it may or may not match. */
export interface HttpRequest {
  /** Upper case, e.g. `GET`. */
  readonly method?: string;
  /** Path without query, e.g. `/api/users`. */
  readonly path?: string;
  /** The Host header or :authority, in lower case. */
  readonly host?: string;
  /** By lower-case name. */
  readonly headers?: ReadonlyMap<string, string>;
}
