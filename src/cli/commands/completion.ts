import { type CommandDefinition, ExitCode, UsageError } from '../command.ts';

/** A command as completion sees it: its name, summary and long options with their choices. */
interface Completable {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly {
    readonly flag: string;
    readonly description: string;
    readonly choices: readonly string[];
  }[];
}

const shells = ['bash', 'zsh', 'fish'] as const;

export const completionCommand: CommandDefinition = {
  name: 'completion',
  arguments: '<shell>',
  summary: 'completion script for bash, zsh or fish',
  description: 'Prints a completion script for your shell.',
  options: [],
  examples: [
    { command: 'source <(picket completion bash)', does: 'this bash session' },
    { command: 'picket completion zsh > ~/.zfunc/_picket', does: 'zsh, with ~/.zfunc in fpath' },
    { command: 'picket completion fish > ~/.config/fish/completions/picket.fish', does: 'fish' },
  ],
  async run({ args, commands, groups }, io) {
    const shell = shells.find((name) => name === args[0]);
    if (!shell) throw new UsageError(`no completion for ${args[0]}`, `there is one for ${shells.join(', ')}`);
    const list = commands.map(
      ({ name, summary, options }): Completable => ({
        name,
        summary,
        options: options.map(({ flags, description, choices }) => ({
          flag: /--[\w-]+/.exec(flags)?.[0] ?? flags,
          description,
          choices: choices ?? [],
        })),
      }),
    );
    const below = groups.map(({ name, summary }): Group => {
      const members = list.filter((one) => one.name.startsWith(`${name} `));
      return { name, summary, members: members.map((one) => ({ ...one, name: secondWord(one) })) };
    });
    io.out({ bash, zsh, fish }[shell](list, below));
    return ExitCode.clean;
  },
};

/** Commands that share a first word; the names of its members are their second words. */
interface Group {
  readonly name: string;
  readonly summary: string;
  readonly members: readonly Completable[];
}

function secondWord({ name }: Completable): string {
  return name.split(' ')[1] as string;
}

/** What may stand first on the line. */
function firstWords(list: readonly Completable[], groups: readonly Group[]) {
  return [...list.filter(({ name }) => !name.includes(' ')), ...groups];
}

function bash(list: readonly Completable[], groups: readonly Group[]): string {
  const cases = list.flatMap(({ name, options }) => [
    ...options
      .filter(({ choices }) => choices.length > 0)
      .map(({ flag, choices }) => `    '${name}:${flag}') words='${choices.join(' ')}' ;;`),
    `    '${name}:'*) words='${['--help', ...options.map(({ flag }) => flag)].join(' ')}' ;;`,
  ]);
  const second = [
    ...groups.map(({ name, members }) => {
      const words = members.map((member) => member.name).join(' ');
      return `    ${name}) if [ "$COMP_CWORD" = 2 ]; then COMPREPLY=($(compgen -W '${words}' -- "$current")); return; fi; command="$command \${COMP_WORDS[2]}" ;;`;
    }),
    '    *) ;;',
  ];
  return `# bash completion for picket
_picket() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words=''
  if [ "$COMP_CWORD" = 1 ]; then
    COMPREPLY=($(compgen -W '${firstWords(list, groups)
      .map(({ name }) => name)
      .join(' ')} --help --version' -- "$current"))
    return
  fi
  local command=\${COMP_WORDS[1]}
  case $command in
${second.join('\n')}
  esac
  case "$command:$previous" in
${cases.join('\n')}
  esac
  case $current in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *) case $previous in -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;; esac ;;
  esac
}
complete -o default -F _picket picket
`;
}

function zsh(list: readonly Completable[], groups: readonly Group[]): string {
  const quote = (text: string) => text.replace(/'/g, "'\\''").replace(/[:[\]]/g, '\\$&');
  const described = (words: readonly { readonly name: string; readonly summary: string }[]) =>
    words.map(({ name, summary }) => `'${name}:${quote(summary)}'`).join(' ');
  const cases = list.map(({ name, options }) => {
    const specs = options.map(({ flag, description, choices }) => {
      const values = choices.length > 0 ? `:value:(${choices.join(' ')})` : '';
      return `'*${flag}[${quote(description)}]${values}'`;
    });
    return `    '${name}') _arguments ${specs.join(' ')} '*:file:_files' ;;`;
  });
  const second = [
    ...groups.map(
      ({ name, members }) =>
        `    ${name}) if (( CURRENT == 2 )); then commands=(${described(members)}); _describe command commands; return; fi; command="$command $words[2]"; shift words; (( CURRENT-- )) ;;`,
    ),
    '    *) ;;',
  ];
  return `#compdef picket
_picket() {
  local -a commands
  commands=(${described(firstWords(list, groups))})
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  local command=$words[2]
  shift words; (( CURRENT-- ))
  case $command in
${second.join('\n')}
  esac
  case $command in
${cases.join('\n')}
  esac
}
if [ "$funcstack[1]" = _picket ]; then _picket "$@"; else compdef _picket picket; fi
`;
}

function fish(list: readonly Completable[], groups: readonly Group[]): string {
  const quote = (text: string) => `'${text.replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'`;
  const seen = (words: string) =>
    words
      .split(' ')
      .map((word) => `__fish_seen_subcommand_from ${word}`)
      .join('; and ');
  const lines = [
    ...firstWords(list, groups).map(
      ({ name, summary }) => `complete -c picket -n __fish_use_subcommand -f -a ${name} -d ${quote(summary)}`,
    ),
    ...groups.flatMap(({ name, members }) =>
      members.map(
        (member) =>
          `complete -c picket -n '${seen(name)}; and not __fish_seen_subcommand_from ${members.map((one) => one.name).join(' ')}' -f -a ${member.name} -d ${quote(member.summary)}`,
      ),
    ),
    ...list.flatMap(({ name, options }) =>
      options.map(
        ({ flag, description, choices }) =>
          `complete -c picket -n '${seen(name)}' -l ${flag.slice(2)} -d ${quote(description)}` +
          (choices.length > 0 ? ` -x -a '${choices.join(' ')}'` : ''),
      ),
    ),
  ];
  return `# fish completion for picket\n${lines.join('\n')}\n`;
}
