// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_SHELL_WORD_H_
#define RECURVE_CLIENT_CLI_SHELL_WORD_H_

#include <string>

namespace recurve {

// `text` as one word of a shell command: in quotes unless it has only letters, digits and marks without a meaning.
std::string ShellWord(const std::string& text);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_SHELL_WORD_H_
