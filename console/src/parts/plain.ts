/** Longest text that is shown in one place; names from the network may be of any length. */
const longest = 512;

/** C0 and C1 controls, line separators, zero-width and bidirectional formatting characters, lone surrogates. */
const invisible =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\p{Surrogate}/gu;

/**
 * Returns `text` with every character that shows nothing or reorders its neighbours (Unicode TR36 §2.10,
 * bidirectional spoofing) written as `\u{hex}`, cut to 512 characters with an ellipsis. Names of processes, hosts and
 * policies are chosen by others; what is on the page must be what is in the name.
 */
export function plain(text: string): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return cut.replace(invisible, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
