// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>
#include <string>

#include "client/cli/commands.h"

namespace recurve {
namespace {

constexpr char kCompletionFooter[] = R"(
Examples:
  source <(recurve completion bash)                                        in ~/.bashrc
  recurve completion zsh > "${fpath[1]}/_recurve"                          once
  recurve completion fish > ~/.config/fish/completions/recurve.fish        once

An installed recurve comes with these files.)";

constexpr char kBashScript[] = R"(# bash completion of recurve; the program itself supplies the completions.
_recurve() {
  local word=${COMP_WORDS[COMP_CWORD]} lines
  COMPREPLY=()
  lines=$("$1" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f 1) || return
  if [[ $lines == :files ]]; then
    compopt -o default 2>/dev/null
  else
    mapfile -t COMPREPLY < <(compgen -W "$lines" -- "$word")
  fi
}
complete -F _recurve recurve
)";

constexpr char kZshScript[] = R"(#compdef recurve
# zsh completion of recurve; the program itself supplies the completions.
_recurve() {
  local -a lines
  lines=("${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ ${lines[1]} == :files ]]; then
    _files
  else
    lines=("${(@)lines//:/\\:}")
    lines=("${(@)lines/$'\t'/:}")
    _describe recurve lines
  fi
}
if [[ ${funcstack[1]} == _recurve ]]; then _recurve "$@"; else compdef _recurve recurve; fi
)";

constexpr char kFishScript[] = R"(# fish completion of recurve; the program itself supplies the completions.
function __recurve_complete
    set -l words (commandline -opc)
    set -l lines ($words[1] __complete $words[2..-1] (commandline -ct) 2>/dev/null)
    if test "$lines[1]" = :files
        __fish_complete_path (commandline -ct)
    else
        printf '%s\n' $lines
    end
end
complete -c recurve -f -a '(__recurve_complete)'
)";

}  // namespace

Command AddCompletionCommand(const Section& section) {
  CLI::App& completion =
      AddCommand(section, "completion", "print a shell's completion script for recurve", kCompletionFooter);
  auto shell = std::make_shared<std::string>();
  AddPositional(completion, "shell", *shell, "the shell", "bash|zsh|fish");
  return {&completion, [shell] {
            const char* script = *shell == "bash"   ? kBashScript
                                 : *shell == "zsh"  ? kZshScript
                                 : *shell == "fish" ? kFishScript
                                                    : nullptr;
            if (script == nullptr) {
              return Fail(ExitStatus::kUsage, "shell: \"" + *shell + "\" is not bash, zsh or fish");
            }
            std::fputs(script, stdout);
            return ExitStatus::kDone;
          }};
}

}  // namespace recurve
