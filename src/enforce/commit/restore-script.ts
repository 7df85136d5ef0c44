/** What a script that puts back the old state is made for. */
export interface RestoreScript {
  readonly change: number;
  /** Of the state: holds `pending-N`, `ended` and the journal. */
  readonly folder: string;
  /** Path of nft. */
  readonly nft: string;
}

/**
 * Returns a script for sh(1) that puts back the packet filter as it was before a change, unless somebody has ended the change: confirmed it,
 * or rolled it back. Its argument, if any, is how many seconds it waits before. It needs sh, mv, sleep, date and nft, and nothing of Picket.
 *
 * Who renames the folder of the change first has ended it (rename(2) is atomic), so that a confirmation and the timer
 * cannot both win.
 */
export function restoreScript({ change, folder, nft }: RestoreScript): string {
  return `#!/bin/sh
# Puts back the packet filter as it was before change ${change}, unless that was confirmed. Made by Picket, which it does not need.
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
folder=${quoted(folder)}
pending="$folder/pending-${change}"
ended="$folder/ended/${change}"
echo $$ >"$pending/timer" || exit 1
if [ -n "\${1:-}" ]; then sleep "$1"; fi
mv -T "$pending" "$ended" 2>/dev/null || exit 0
event=failed
for pause in 0 1 2 4 8; do
  sleep "$pause"
  if ${quoted(nft)} -f "$ended/before.nft"; then event='rolled back'; break; fi
done
printf '{"schemaVersion":1,"time":"%s","change":${change},"event":"%s","by":"timer"}\\n' \\
  "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$event" >>"$folder/journal.jsonl"
`;
}

/** A word for sh, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
