/** An error of nft about the text that it was given. */
export interface NftError {
  /** One clause, without a full stop, e.g. `syntax error, unexpected string`. */
  readonly message: string;
  /** Counted from 1 in the text it was given; absent where nft names no place. */
  readonly at?: { readonly line: number; readonly column: number };
}

/** Returns the first error in what `nft -f -` printed on standard error. */
export function readNftError(said: string): NftError {
  const placed = /^\S*:(\d+):(\d+)-\d+: Error: (.*)$/m.exec(said);
  if (placed !== null)
    return { message: tidy(placed[3]!), at: { line: Number(placed[1]), column: Number(placed[2]) } };
  const bare = /^(?:\S+: )?Error: (.*)$/m.exec(said)?.[1] ?? said.trim().split('\n')[0];
  return { message: tidy(bare ?? '') };
}

function tidy(text: string): string {
  return text.trim().replace(/\.$/, '') || 'nft said nothing of it';
}
